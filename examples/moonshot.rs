//! Moonshot AI: an answer that goes on with the beginning that it is given, without thinking.
//!
//! `MOONSHOT_API_KEY=… cargo run --example moonshot`

use trunkline_moonshot::{Moonshot, Options, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Moonshot::from_env()?.model("kimi-k2.6");

    let begin = "Down from the mountains";
    let request = ChatRequest::new([
        Message::user("A poem of four lines about a river."),
        Message::new(Role::Assistant, [Part::text(begin)]),
    ])
    .effort(Effort::None)
    .option(Options::new().prompt_cache_key("poems"));

    let mut words = model.chat(request).stream().await?.text();
    print!("{begin}");
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    Ok(())
}
