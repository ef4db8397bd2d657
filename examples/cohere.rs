//! Cohere: the best of some notes for a question, and an answer that cites them.
//!
//! `COHERE_API_KEY=… cargo run --example cohere`

use trunkline_cohere::{CitationMode, Cohere, Document, Options, prelude::*};
use trunkline_core::Content;

const NOTES: [&str; 4] = [
    "The harbour of Brest falls dry at low water.",
    "High water at Brest is at 18:40 today, 6.9 metres.",
    "The lighthouse shows two flashes every ten seconds.",
    "Boats with a keel enter Brest three hours around high water.",
];

#[tokio::main]
async fn main() -> Result<()> {
    let cohere = Cohere::from_env()?;
    let question = "Between which times can a boat with a keel enter Brest today?";

    // Most of what one knows says nothing about a question.
    let ranking = cohere.model("rerank-v3.5").rerank(question, NOTES);
    let ranking = ranking.top_n(2).await?;
    let mut documents = Vec::new();
    for place in &ranking.results {
        let note = NOTES.get(place.index).copied().unwrap_or_default();
        println!("{:.2}  {note}", place.score);
        documents.push(Document::text(note).id(format!("note-{}", place.index)));
    }

    let options = Options::new()
        .documents(documents)
        .citation_options(CitationMode::Accurate);
    let request = ChatRequest::from(question).option(options);
    let answer = cohere.default_model()?.chat(request).await?;
    println!("\n{}\n", answer.text());
    for part in &answer.message.parts {
        let Content::Text(text) = &part.content else {
            continue;
        };
        for citation in &text.annotations {
            let span = citation.span_in_output.clone().unwrap_or_default();
            let source = citation.source.id.as_deref().unwrap_or("?");
            println!("characters {}–{}: {source}", span.start, span.end);
        }
    }
    Ok(())
}
