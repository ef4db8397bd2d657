//! Tokens, and what real weights say of sentences.

use std::fs;

use serde::Deserialize;

use super::{Checked, embed, failed, must};
use crate::servers::row::Subject;

const TEXT: &str = "Otters sleep afloat, été comme hiver. \u{1f9a6}";

/// A text becomes tokens, and those the text again.
pub(super) async fn there_and_back(subject: &Subject) -> Checked {
    use trunkline_core::{Call, DetokenizeRequest, Op, TokenizeRequest};
    let backend = subject.backend().map_err(failed)?;
    let model = subject.row.models.chat;
    let request = TokenizeRequest::new(TEXT).model(model).special(false);
    let call = Call::new(Op::Tokenize(request.into()));
    let reply = backend.call(call).await.map_err(failed)?;
    let tokens = reply.into_tokenize().map_err(failed)?.ids();
    must(tokens.len() > 3, format_args!("its tokens are {tokens:?}"))?;
    let request = DetokenizeRequest::new(tokens.clone()).model(model);
    let call = Call::new(Op::Detokenize(request.into()));
    let reply = backend.call(call).await.map_err(failed)?;
    let text = reply.into_detokenize().map_err(failed)?.text;
    // Some tokenizers begin a text with a space of their own.
    must(
        text.trim_start() == TEXT,
        format_args!("{tokens:?} are {text:?}"),
    )
}

/// What the model's own package says.
#[derive(Debug, Deserialize)]
struct Pair {
    one: String,
    other: String,
    cosine: f64,
}

pub(super) async fn similar(subject: &Subject) -> Checked {
    let path = subject.row.reference.as_ref();
    let path = path.ok_or("the row has no reference")?;
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let pairs: Vec<Pair> = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    must(pairs.len() >= 10, format_args!("{} pairs", pairs.len()))?;
    for pair in pairs {
        let vectors = embed::embed(subject, &[&pair.one, &pair.other]).await?;
        let [one, other] = vectors.as_slice() else {
            return Err(format!("{} vectors", vectors.len()));
        };
        let cosine = embed::cosine(one, other);
        must(
            (cosine - pair.cosine).abs() <= subject.row.tolerance,
            format_args!(
                "{:?} and {:?}: {cosine} and not {}",
                pair.one, pair.other, pair.cosine
            ),
        )?;
    }
    Ok(())
}
