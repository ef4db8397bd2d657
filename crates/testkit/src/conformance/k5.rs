//! K5: an answer in the form that was asked for.

use std::sync::Arc;

use trunkline_core::{ChatRequest, Json, chat::Format};

use super::{
    Subject,
    carried::carries,
    k1::carried_or_warned,
    list::{List, Outcome, ensure},
    probe::{Probe, baseline, send, shown, told},
    role::{question, role},
    suite::Test,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k5");
    let talks = subject.talks();
    let schema = talks.clone().and_then(|()| subject.needs("schema"));
    let both = schema.clone().and_then(|()| subject.needs("stream"));
    list.add_if(
        &talks,
        "text_is_what_is_asked_for_anyway",
        |subject| async move {
            let base = send(&subject, baseline(&subject)?).await?;
            let sent = send(&subject, baseline(&subject)?.format(Format::Text)).await?;
            let same = sent.warnings.is_empty() && !sent.request.text().contains("\"tools\"");
            ensure(
                same && (sent.body() == base.body() || sent.request.text().contains("text")),
                || {
                    format!(
                        "the format Text changes the request. Sent: {}",
                        shown(&sent.request)
                    )
                },
            )
        },
    );
    list.add_if(
        &schema,
        "schemas_of_every_kind_arrive",
        |subject| async move { kinds(&subject).await },
    );
    list.add_if(
        &schema,
        "a_schema_s_name_and_strictness_are_told",
        |subject| async move {
            let base = asked(&subject, OBJECT, true)?;
            let loose = asked(&subject, OBJECT, false)?;
            carried_or_warned(&subject, base, loose, "`strict: false` of a schema").await
        },
    );
    list.add_if(
        &both,
        "a_schema_is_sent_with_a_stream_too",
        |subject| async move {
            let case = role(&subject, "stream")?;
            let probe = Probe::of(&subject, case.reply()).await?;
            let request = asked(&subject, OBJECT, true)?;
            let op = trunkline_core::Op::ChatStream(Arc::new(request));
            let answer = probe.chat(op).await.map_err(|error| told(&error))?;
            let request = probe.request()?;
            ensure(
                answer.warnings.is_empty() && carries(&request, "a_field_of_it"),
                || format!("a stream loses the schema. Sent: {}", shown(&request)),
            )
        },
    );
    let shown_by = schema.and_then(|()| {
        ensure(
            subject.can("chat") && subject.fixtures.join("structured").is_dir(),
            || {
                "there is no fixture `structured`, which shows an answer held to a schema"
                    .to_owned()
            },
        )
    });
    list.add_if(
        &shown_by,
        "an_answer_held_to_a_schema_is_json",
        |subject| async move { structured(&subject).await },
    );
    list.done()
}

const OBJECT: &str = r#"{"type":"object","properties":{"a_field_of_it":{"type":"string"}},"required":["a_field_of_it"],"additionalProperties":false}"#;

fn asked(subject: &Subject, schema: &str, strict: bool) -> Outcome<ChatRequest> {
    let request = baseline(subject)?.model(subject.model_for("schema")?);
    Ok(request.format(Format::Schema {
        name: "answer".to_owned(),
        schema: Json::parse(schema).map_err(|error| error.to_string())?,
        strict,
    }))
}

async fn kinds(subject: &Subject) -> Outcome {
    for (kind, property) in [
        ("a text", r#"{"type":"string"}"#),
        ("a whole number", r#"{"type":"integer"}"#),
        ("a number", r#"{"type":"number"}"#),
        ("a truth", r#"{"type":"boolean"}"#),
        ("a choice", r#"{"type":"string","enum":["a","b"]}"#),
        ("a list", r#"{"type":"array","items":{"type":"string"}}"#),
        (
            "an object",
            r#"{"type":"object","properties":{"x":{"type":"string"}},"required":["x"],"additionalProperties":false}"#,
        ),
        ("what may be null", r#"{"type":["string","null"]}"#),
    ] {
        let schema = OBJECT.replacen(r#"{"type":"string"}"#, property, 1);
        let sent = send(subject, asked(subject, &schema, true)?)
            .await
            .map_err(|error| format!("a schema with {kind}: {error}"))?;
        ensure(carries(&sent.request, "a_field_of_it"), || {
            format!(
                "a schema with {kind} does not arrive. Sent: {}",
                shown(&sent.request)
            )
        })?;
    }
    Ok(())
}

async fn structured(subject: &Subject) -> Outcome {
    let case = role(subject, "structured")?;
    let asks = matches!(question(&case)?.format, Some(Format::Schema { .. }));
    ensure(asks, || {
        "the fixture `structured` is to ask for a format with a schema".to_owned()
    })?;
    let probe = Probe::of(subject, case.reply()).await?;
    let answer = probe
        .chat(case.op.clone())
        .await
        .map_err(|error| told(&error))?;
    let read = answer.parse::<serde_json::Map<String, serde_json::Value>>();
    read.map(|_| ()).map_err(|error| {
        format!(
            "the answer's words are to be the JSON that was asked for: {}",
            told(&error)
        )
    })
}
