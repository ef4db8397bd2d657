//! Groq's wire, case by case: `fixtures/`.

use trunkline_core::HttpClient;
use trunkline_groq::Groq;
use trunkline_testkit::fixture;

#[tokio::test]
async fn groq_speaks_as_its_fixtures_say() {
    fixture::check_all(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"), |url| {
        let groq = Groq::with("test-key", format!("{url}/openai/v1"), HttpClient::shared())?;
        Ok(groq.bare())
    })
    .await;
}
