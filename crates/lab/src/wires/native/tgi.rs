//! Text Generation Inference's `/generate`, which is an operation of its crate: its answers are read
//! by that, and compared with what stands in them.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use serde_json::Value;
use trunkline_core::Operation;
use trunkline_tgi::{Generate, Token};

use crate::wires::{corpus::Exchange, naive::list};

/// What of a recorded answer is lost.
pub(crate) fn faults(exchange: &Exchange) -> Vec<String> {
    let (mut head, ()) = http::Response::new(()).into_parts();
    head.headers.clone_from(&exchange.headers);
    let got = match Generate::new("as recorded").decode(&head, exchange.body.clone()) {
        Ok(got) => got,
        Err(error) => return vec![format!("not read: {error}")],
    };
    let said: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    let details = &said["details"];
    let mut lost = Vec::new();
    let mut compare = |what: &str, same: bool| {
        if !same {
            lost.push(format!("lost: {what}"));
        }
    };
    compare("the text", said["generated_text"] == *got.text);
    compare("the details", details.is_object() == got.details.is_some());
    let Some(read) = got.details else {
        return lost;
    };
    let word = read.finish.raw.as_deref();
    compare("the end", details["finish_reason"].as_str() == word);
    compare("the seed", details["seed"].as_u64() == read.seed);
    let tokens = details["generated_tokens"].as_u64();
    compare("how many tokens", tokens == got.usage.output.total);
    compare("the tokens", same(&details["tokens"], &read.tokens));
    let others = list(&details["top_tokens"]).zip(&read.top_tokens);
    let others = others.filter(|(said, read)| same(said, read)).count();
    let all = list(&details["top_tokens"]).count();
    compare(
        "the likeliest",
        others == all && all == read.top_tokens.len(),
    );
    let prompt = list(&details["prefill"]).map(|token| token["id"].as_u64());
    let ids = read.prefill.iter().map(|token| Some(u64::from(token.id)));
    compare("the prompt's tokens", prompt.eq(ids));
    let sequences = list(&details["best_of_sequences"]).count();
    compare("the others", sequences == read.best_of_sequences.len());
    lost
}

fn same(said: &Value, read: &[Token]) -> bool {
    let said = list(said).map(|token| {
        let (id, text) = (token["id"].as_u64(), token["text"].as_str());
        (
            id,
            text,
            token["logprob"].as_f64(),
            token["special"].as_bool(),
        )
    });
    let read = read.iter().map(|token| {
        let (id, text) = (Some(u64::from(token.id)), Some(&*token.text));
        (id, text, token.logprob, Some(token.special))
    });
    said.eq(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wires::exceptions::tests::exchange;

    fn of(body: &str) -> Vec<String> {
        let mut exchange = exchange();
        exchange.body = body.to_owned().into();
        faults(&exchange)
    }

    #[test]
    fn an_answer_that_is_read_loses_nothing() {
        let token = r#"{"id":7,"text":"a","logprob":-0.5,"special":false}"#;
        let answer = |token: &str| {
            format!(
                r#"{{"generated_text":"a","details":{{"finish_reason":"length","generated_tokens":1,"seed":null,"prefill":[],"tokens":[{token}],"top_tokens":[[{token}]]}}}}"#
            )
        };
        assert_eq!(of(&answer(token)), [""; 0]);
        assert_eq!(of("{}").len(), 1);
        // The reader here takes nothing for granted: a token without a text is none.
        let odd = of(&answer(r#"{"id":7,"logprob":-0.5,"special":false}"#));
        assert_eq!(odd, ["lost: the tokens", "lost: the likeliest"]);
    }
}
