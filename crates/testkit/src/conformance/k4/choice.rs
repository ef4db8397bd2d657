//! Which tools there are, and which of them must be called.

use trunkline_core::{
    ChatRequest, ErrorKind, Json, Tool, Warning,
    chat::{Format, ToolChoice},
};

use super::super::{
    Subject,
    carried::{carries, carries_in_order},
    list::{List, Outcome, ensure},
    probe::{Probe, Sent, baseline, send, shown, told},
};

pub(super) fn add(list: &mut List, subject: &Subject, tools: &Outcome) {
    list.add_if(
        tools,
        "every_tool_arrives_with_what_it_is_for",
        |subject| async move {
            let request = with_tools(&subject)?;
            let sent = send(&subject, request).await?;
            let words = [
                "look_up",
                "Looks up in a book.",
                "look_around",
                "Looks around.",
            ];
            let all = words.iter().all(|word| carries(&sent.request, word));
            ensure(
                all && carries_in_order(&sent.request, &["look_up", "look_around"]),
                || {
                    format!(
                        "names and descriptions of tools are to arrive, in their order. Sent: {}",
                        shown(&sent.request)
                    )
                },
            )
        },
    );
    let choice = tools.clone().and_then(|()| subject.needs("tool_choice"));
    list.add_if(
        &choice,
        "every_choice_is_told_apart",
        |subject| async move { choices(&subject).await },
    );
    list.add_if(tools, "a_choice_among_no_tools_is_not_sent", |subject| async move {
        let base = send(&subject, baseline(&subject)?).await?;
        let request = baseline(&subject)?.tool_choice(ToolChoice::Auto);
        let sent = send(&subject, request).await?;
        ensure(sent.body() == base.body(), || {
            format!(
                "without tools there is no choice among them, and some providers refuse one. Sent: {}",
                shown(&sent.request)
            )
        })
    });
    list.add_if(
        tools,
        "schemas_of_every_kind_arrive",
        |subject| async move { schemas(&subject).await },
    );
    list.add_if(tools, "numbers_of_a_schema_keep_their_digits", |subject| async move {
        const SCHEMA: &str = r#"{"type":"object","properties":{"id":{"type":"integer","maximum":9223372036854775807}},"required":["id"],"additionalProperties":false}"#;
        let request = baseline(&subject)?.tool(tool("count", SCHEMA)?);
        let sent = send(&subject, request).await?;
        ensure(sent.request.text().contains("9223372036854775807"), || {
            format!("a 64-bit number loses digits. Sent: {}", shown(&sent.request))
        })
    });
    list.add_if(
        tools,
        "a_format_and_tools_go_together",
        |subject| async move { together(&subject).await },
    );
}

const EMPTY: &str = r#"{"type":"object","properties":{}}"#;

fn tool(name: &str, schema: &str) -> Outcome<Tool> {
    let schema = Json::parse(schema).map_err(|error| error.to_string())?;
    Ok(Tool::new(name, "Does something.", schema))
}

fn with_tools(subject: &Subject) -> Outcome<ChatRequest> {
    let schema = || Json::parse(EMPTY).map_err(|error| error.to_string());
    Ok(baseline(subject)?
        .tool(Tool::new("look_up", "Looks up in a book.", schema()?))
        .tool(Tool::new("look_around", "Looks around.", schema()?)))
}

async fn choices(subject: &Subject) -> Outcome {
    let base = send(subject, with_tools(subject)?).await?;
    let named = |name: &str| ToolChoice::Named(name.to_owned());
    let allowed = ToolChoice::Allowed(vec!["look_around".to_owned()]);
    let mut sent: Vec<(String, Sent)> = Vec::new();
    for choice in [
        ToolChoice::Auto,
        ToolChoice::None,
        ToolChoice::Required,
        named("look_up"),
        named("look_around"),
        allowed,
    ] {
        let told = format!("{choice:?}");
        let one = send(subject, with_tools(subject)?.tool_choice(choice)).await?;
        let warnings = one.new_warnings(&base);
        let about = |warning: &Warning| format!("{warning:?}").contains("tool_choice");
        ensure(warnings.iter().all(about), || {
            format!("{told}: the warnings are to name `tool_choice`: {warnings:?}")
        })?;
        // What is warned of may be sent as something near to it, as long as it is told.
        if !warnings.is_empty() && one.body() == base.body() {
            continue;
        }
        if let Some((other, _)) = sent.iter().find(|(_, other)| other.body() == one.body()) {
            return Err(format!(
                "the choices {other} and {told} are sent alike, without a warning. Sent: {}",
                shown(&one.request)
            ));
        }
        sent.push((told, one));
    }
    Ok(())
}

/// What people and libraries write. None is refused for its form, unless it is strict.
async fn schemas(subject: &Subject) -> Outcome {
    for (what, schema, word) in [
        ("no properties", EMPTY, "probe"),
        ("nothing but its type", r#"{"type":"object"}"#, "probe"),
        (
            "`$schema` and `$id`",
            r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","type":"object","properties":{"word_one":{"type":"string"}}}"#,
            "word_one",
        ),
        (
            "an optional, a nested and an array property",
            r#"{"type":"object","properties":{"word_two":{"type":"object","properties":{"inner":{"type":"array","items":{"type":"integer"}}}},"maybe":{"type":["string","null"]}},"required":["word_two"]}"#,
            "word_two",
        ),
        (
            "an `enum`, also an empty one",
            r#"{"type":"object","properties":{"word_three":{"type":"string","enum":["a","b"]},"none":{"enum":[]}}}"#,
            "word_three",
        ),
        (
            "`$defs` and `$ref`",
            r##"{"type":"object","properties":{"word_four":{"$ref":"#/$defs/Four"}},"$defs":{"Four":{"type":"string"}}}"##,
            "word_four",
        ),
        (
            "letters beyond ASCII",
            r#"{"type":"object","properties":{"größe_漢字":{"type":"string"}}}"#,
            "größe_漢字",
        ),
    ] {
        let probe = Probe::of(subject, subject.spoken()?.reply()).await?;
        let request = baseline(subject)?.tool(tool("probe", schema)?);
        let outcome = probe.chat(subject.op(request)).await;
        outcome.map_err(|error| format!("a schema with {what} fails: {}", told(&error)))?;
        let request = probe.request()?;
        ensure(carries(&request, word), || {
            format!(
                "of a schema with {what}, `{word}` does not arrive. Sent: {}",
                shown(&request)
            )
        })?;
    }
    // It may have no form here, but it is no reason to overflow.
    const ENDLESS: &str = r##"{"type":"object","properties":{"next":{"$ref":"#"}}}"##;
    let probe = Probe::of(subject, subject.spoken()?.reply()).await?;
    let request = baseline(subject)?.tool(tool("probe", ENDLESS)?);
    match probe.chat(subject.op(request)).await {
        Err(error) if error.kind() != ErrorKind::InvalidRequest => Err(format!(
            "a schema that refers to itself is sent, or refused as InvalidRequest; it fails as {}",
            told(&error)
        )),
        _ => Ok(()),
    }
}

async fn together(subject: &Subject) -> Outcome {
    let flag = if subject.can("schema") {
        "schema"
    } else {
        "json"
    };
    let model = subject.model_for(flag)?;
    let format = || {
        let schema = r#"{"type":"object","properties":{"in_words":{"type":"string"}},"required":["in_words"],"additionalProperties":false}"#;
        Ok::<_, String>(Format::Schema {
            name: "answer".to_owned(),
            schema: Json::parse(schema).map_err(|error| error.to_string())?,
            strict: true,
        })
    };
    let base = send(subject, with_tools(subject)?.model(model.as_str())).await?;
    let request = with_tools(subject)?.model(model.as_str()).format(format()?);
    let sent = send(subject, request).await?;
    ensure(carries(&sent.request, "look_up"), || {
        format!(
            "a format takes the tools away. Sent: {}",
            shown(&sent.request)
        )
    })?;
    ensure(
        sent.body() != base.body() || sent.is_warned_of(&base),
        || {
            format!(
                "tools take the format away without a word. Sent: {}",
                shown(&sent.request)
            )
        },
    )
}
