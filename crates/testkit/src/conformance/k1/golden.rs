//! The same request is the same bytes, and says no more than was asked.

use serde_json::Value;
use trunkline_core::{ChatRequest, Json, Message, Tool};

use super::super::{
    Subject,
    carried::fields,
    list::{List, Outcome, ensure},
    probe::{baseline, send, shown},
    subject::KEY,
};

pub(super) fn add(list: &mut List, talks: &Outcome) {
    list.add_if(
        talks,
        "a_request_is_the_same_bytes_each_time",
        |subject| async move { same_bytes(&subject).await },
    );
    list.add_if(talks, "what_is_not_set_is_not_sent", |subject| async move {
        unset(&subject).await
    });
    list.add_if(
        talks,
        "the_request_says_what_it_is_and_who_asks",
        |subject| async move { headers(&subject).await },
    );
}

/// All that many providers take. What this one does not take changes nothing here.
fn rich(subject: &Subject) -> Outcome<ChatRequest> {
    let schema = r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"integer"}}}"#;
    let schema = Json::parse(schema).map_err(|error| error.to_string())?;
    let mut request = baseline(subject)?
        .system("Be brief.")
        .message(Message::assistant_text("Yes?"))
        .user("Again.")
        .tool(Tool::new("first", "The first.", schema.clone()))
        .tool(Tool::new("second", "The second.", schema))
        .max_output_tokens(100)
        .temperature(0.5)
        .seed(7)
        .stop(".");
    for label in ["m", "c", "x", "b", "k", "a"] {
        request = request.metadata(label, label);
    }
    Ok(request)
}

async fn same_bytes(subject: &Subject) -> Outcome {
    let first = send(subject, rich(subject)?).await?;
    // A map of random order gives itself away in one of a few runs.
    for _ in 0..4 {
        let again = send(subject, rich(subject)?).await?;
        ensure(again.body() == first.body(), || {
            format!(
                "one request is sent in different bytes, so no provider can cache its beginning: \
                 keep keys in order, and nothing random in the body. {} {}",
                shown(&first.request),
                shown(&again.request)
            )
        })?;
    }
    Ok(())
}

/// `null`, `[]` and `{}` are settings too, and some providers refuse them.
async fn unset(subject: &Subject) -> Outcome {
    let sent = send(subject, baseline(subject)?).await?;
    for (name, value) in fields(&sent.request) {
        let empty = match &value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            _ => false,
        };
        ensure(!empty, || {
            format!(
                "`{name}` was not set, and is sent as {value}; leave it out. Sent: {}",
                shown(&sent.request)
            )
        })?;
    }
    Ok(())
}

async fn headers(subject: &Subject) -> Outcome {
    let sent = send(subject, baseline(subject)?).await?;
    let header = |name| sent.request.header(name).unwrap_or_default();
    if serde_json::from_slice::<Value>(&sent.request.body).is_ok() {
        ensure(
            header("content-type").starts_with("application/json"),
            || {
                format!(
                    "the body is JSON, and the request calls it `{}`",
                    header("content-type")
                )
            },
        )?;
    }
    ensure(header("user-agent").contains("trunkline/"), || {
        format!("the user agent is `{}`", header("user-agent"))
    })?;
    ensure(sent.request.path.starts_with(&subject.base_path), || {
        format!(
            "the path {} is not below that of the base URL, {}",
            sent.request.path, subject.base_path
        )
    })?;
    ensure(!sent.request.path.contains(KEY), || {
        "the key is in the URL, which is logged everywhere; send it in a header".to_owned()
    })
}
