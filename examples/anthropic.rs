//! Anthropic: Claude thinks, searches the web, and says where its words come from.
//!
//! `ANTHROPIC_API_KEY=… cargo run --example anthropic`

use trunkline_anthropic::{Anthropic, Options, Thinking, WebSearch};
use trunkline_core::{
    Content, Part,
    chat::{Effort, FinishKind},
    prelude::*,
};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Anthropic::from_env()?.default_model()?;
    let mut chat = ChatRequest::from("What was the last stable release of Rust, and what is new?")
        .effort(Effort::Low)
        .option(Options::new().thinking(Thinking::new().display("summarized")))
        .tool(WebSearch::new().max_uses(3_u32).into());

    for _ in 0..5 {
        let answer = model.chat(chat.clone()).await?;
        answer.message.parts.iter().for_each(show);
        // A turn that the provider paused is gone on with by sending it back.
        if answer.finish.kind != FinishKind::Paused {
            println!("\n{:?}", answer.usage.server_tools);
            break;
        }
        chat = chat.message(Message::assistant(&answer));
    }
    Ok(())
}

fn show(part: &Part) {
    match &part.content {
        Content::Reasoning(thoughts) => {
            println!("({})", thoughts.text.as_deref().unwrap_or("hidden"));
        }
        Content::ToolCall(call) => println!("[{} {}]", call.name, call.arguments()),
        Content::Text(text) => {
            print!("{}", text.text);
            for cited in &text.annotations {
                print!(" <{}>", cited.source.url.as_deref().unwrap_or_default());
            }
        }
        _ => {}
    }
}
