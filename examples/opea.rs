//! OPEA: gives ChatQnA a document, and asks it what stands there.
//!
//! `cargo run --example opea`, with ChatQnA on this machine; `OPEA_BASE_URL` names another, and
//! `OPEA_DATAPREP_URL` where its documents go.

use trunkline_opea::{DeleteFiles, File, Files, Ingest, Opea, Options, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let gateway = Opea::from_env()?;
    for service in Backend::from(gateway.clone()).models().await? {
        println!("{} can {:?}", service.id, service.capabilities);
    }

    // Each service has a port of its own, unless a proxy has them all.
    let url = std::env::var("OPEA_DATAPREP_URL");
    let url = url.unwrap_or_else(|_| "http://127.0.0.1:6007".to_owned());
    let dataprep = Opea::builder().client(HttpClient::shared()).endpoint(url);
    let dataprep = Backend::from(dataprep.build()?);
    let tides = "On the north cape high water is at six, and at half past six at night.";
    let file = File::new("tides.txt", "text/plain", tides);
    dataprep.ask(Ingest::file(file)).await?;

    let request = ChatRequest::from("When is high water on the north cape?")
        .option(Options::new().k(8_u32).top_n(3_u32));
    let model = gateway.default_model()?;
    let mut words = model.chat(request).stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();

    for file in dataprep.ask(Files::new()).await? {
        println!("takes out {}", file.name);
        dataprep.ask(DeleteFiles::new(file.id)).await?;
    }
    Ok(())
}
