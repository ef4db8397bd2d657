//! Which operation an exchange is replayed as, if it can be replayed yet.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::sync::Arc;

use serde_json::Value;
use trunkline_core::{
    ChatRequest, EmbedRequest, Message, Op, embed::EmbedInput, models::ModelsRequest,
};

use super::{corpus::Exchange, format::Format, native::tgi};

/// What is done with an exchange.
pub(crate) enum Plan {
    /// It is replayed as this operation.
    Replay(&'static Format, Op),
    /// It is an answer to what only its provider has, and is read by itself: what was lost, in words.
    Read(fn(&Exchange) -> Vec<String>),
    /// It waits for something, and is counted.
    NotYet(&'static str),
}

const NO_OPERATION: &str = "no crate or operation for it yet";
const NATIVE: &str = "in the provider's own format, and no crate for it yet";

/// What to do with `exchange`.
///
/// Requests are not under test: an operation has of the recorded one only what the reading of an
/// answer may depend on.
pub(crate) fn of(exchange: &Exchange) -> Plan {
    match (Format::of(exchange), exchange.api.as_str()) {
        (Some((format, op)), _) => Plan::Replay(format, op),
        (None, "generate") if exchange.provider == "hf-tgi" => Plan::Read(tgi::faults),
        (None, "embeddings" | "models") => Plan::NotYet(NATIVE),
        (None, _) => Plan::NotYet(NO_OPERATION),
    }
}

/// The operation of an exchange in the format that OpenAI began.
pub(crate) fn common(exchange: &Exchange) -> Option<Op> {
    match exchange.api.as_str() {
        "chat-completions" => Some(chat(exchange)),
        "embeddings" if is_common(exchange, "/embeddings", "embedding") => Some(embed(exchange)),
        "models" if is_common(exchange, "/models", "id") => {
            Some(Op::Models(Arc::new(ModelsRequest::default())))
        }
        _ => None,
    }
}

/// A chat, streamed if that was recorded, or asked for.
pub(crate) fn chat(exchange: &Exchange) -> Op {
    let request = ChatRequest::new([Message::user("as recorded")]).model(model(exchange));
    if exchange.streamed || exchange.request["stream"] == true {
        Op::ChatStream(Arc::new(request))
    } else {
        Op::Chat(Arc::new(request))
    }
}

fn embed(exchange: &Exchange) -> Op {
    let inputs = inputs(&exchange.request["input"]).unwrap_or_else(|| {
        // The recorder kept no request: as many as were answered.
        let answer: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        let count = answer["data"].as_array().map_or(1, Vec::len);
        vec![EmbedInput::from("as recorded"); count]
    });
    Op::Embed(Arc::new(EmbedRequest::new(inputs).model(model(exchange))))
}

/// The inputs of a request for embeddings.
pub(crate) fn inputs(recorded: &Value) -> Option<Vec<EmbedInput>> {
    match recorded {
        Value::String(text) => Some(vec![text.as_str().into()]),
        Value::Array(tokens) if !tokens.is_empty() && tokens.iter().all(Value::is_u64) => {
            Some(vec!["tokens".into()])
        }
        Value::Array(inputs) if !inputs.is_empty() => Some(
            inputs
                .iter()
                .map(|input| input.as_str().unwrap_or("tokens").into())
                .collect(),
        ),
        _ => None,
    }
}

/// The model that was asked, if the recorder kept it.
pub(crate) fn model(exchange: &Exchange) -> &str {
    exchange.request["model"].as_str().unwrap_or("as-recorded")
}

/// Whether this is the format that OpenAI began and many follow: by its path, and if it is an
/// answer, by its shape. Providers put other things under the same paths.
fn is_common(exchange: &Exchange, path: &str, field: &str) -> bool {
    if !exchange.bare_path().ends_with(path) {
        return false;
    }
    let answer: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    if exchange.status.is_success() {
        return answer["data"]
            .as_array()
            .is_some_and(|data| data.iter().all(|entry| entry.get(field).is_some()));
    }
    // Anthropic's mark. Everybody else's errors are told apart by the path alone.
    answer["type"] != "error"
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::wires::exceptions::tests::exchange;

    fn planned(
        api: &str,
        path: &str,
        status: u16,
        request: Value,
        body: &Value,
    ) -> Result<Op, &'static str> {
        let mut exchange = exchange();
        exchange.api = api.to_owned();
        exchange.path = path.to_owned();
        exchange.status = StatusCode::from_u16(status).unwrap();
        exchange.request = request;
        exchange.body = body.to_string().into();
        match of(&exchange) {
            Plan::Replay(_, op) => Ok(op),
            Plan::Read(_) => Err("read by itself"),
            Plan::NotYet(why) => Err(why),
        }
    }

    #[test]
    fn a_stream_is_known_by_what_came_or_by_what_was_asked() {
        let path = "/v1/chat/completions";
        let plain = planned(
            "chat-completions",
            path,
            200,
            json!({"model": "m"}),
            &json!({}),
        );
        assert!(matches!(plain, Ok(Op::Chat(request)) if request.model == "m"));
        let stream = planned(
            "chat-completions",
            path,
            200,
            json!({"stream": true}),
            &json!({}),
        );
        assert!(matches!(stream, Ok(Op::ChatStream(_))));
    }

    #[test]
    fn embeddings_have_as_many_inputs_as_were_sent() {
        for (input, expected) in [
            (json!("a"), 1),
            (json!(["a", "b"]), 2),
            (json!([1, 2, 3]), 1),
            (json!([[1, 2], [3]]), 2),
            (Value::Null, 3),
        ] {
            let body = json!({"data": [{"embedding": []}, {"embedding": []}, {"embedding": []}]});
            let plan = planned(
                "embeddings",
                "/v1/embeddings?v=1",
                200,
                json!({"input": input}),
                &body,
            );
            let Ok(Op::Embed(request)) = plan else {
                panic!("{plan:?}")
            };
            assert_eq!(request.inputs.len(), expected, "{input}");
        }
    }

    #[test]
    fn formats_of_a_providers_own_wait_for_its_crate() {
        for (path, status, body) in [
            ("/v1/models", 200, json!({"stt": [], "tts": []})),
            (
                "/v1/models",
                401,
                json!({"type": "error", "error": {"message": "no"}}),
            ),
            ("/v1beta/models", 200, json!({"models": []})),
            ("/v1/models/a/b/predictions", 201, json!({"id": "x"})),
        ] {
            assert_eq!(
                planned("models", path, status, Value::Null, &body),
                Err(NATIVE),
                "{path}"
            );
        }
        let native = planned(
            "embeddings",
            "/v2/embed",
            200,
            Value::Null,
            &json!({"data": []}),
        );
        assert_eq!(native, Err(NATIVE));
        assert_eq!(
            planned("responses", "/v1/responses", 200, Value::Null, &json!({})),
            Err(NO_OPERATION)
        );
    }

    #[test]
    fn what_only_a_provider_has_is_read_by_itself() {
        let mut exchange = exchange();
        exchange.api = "generate".to_owned();
        assert!(matches!(of(&exchange), Plan::NotYet(NO_OPERATION)));
        exchange.provider = "hf-tgi".to_owned();
        assert!(matches!(of(&exchange), Plan::Read(_)));
    }

    #[test]
    fn models_in_the_common_format_are_replayed() {
        let body = json!({"object": "list", "data": [{"id": "a"}]});
        for (status, body) in [(200, body), (401, json!({"detail": "no"}))] {
            let plan = planned("models", "/openai/v1/models", status, Value::Null, &body);
            assert!(matches!(plan, Ok(Op::Models(_))), "{status}");
        }
    }
}
