//! OpenAI's wire, case by case: `fixtures/`.

use trunkline_core::HttpClient;
use trunkline_openai::OpenAi;
use trunkline_testkit::fixture;

#[tokio::test]
async fn openai_speaks_as_its_fixtures_say() {
    fixture::check_all(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"), |url| {
        let openai = OpenAi::with("test-key", format!("{url}/v1"), HttpClient::shared())?;
        Ok(openai.bare())
    })
    .await;
}
