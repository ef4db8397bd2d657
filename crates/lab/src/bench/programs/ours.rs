//! A small program with one provider: what it costs to build.

#[tokio::main(flavor = "current_thread")]
async fn main() -> trunkline_groq::prelude::Result<()> {
    let model = trunkline_groq::Groq::from_env()?.default_model()?;
    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    Ok(())
}
