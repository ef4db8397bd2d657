//! The answer that called tools goes back, and the results after it.

use trunkline_core::{
    ChatRequest, Content, Message, Part, Role, ToolCall,
    chat::{ToolInput, ToolResult, ToolStatus},
};

use super::{
    super::{
        Subject,
        carried::{carries, carries_in_order, carries_json, count},
        k1::carried_or_warned,
        list::{List, Outcome, ensure},
        probe::{baseline, send, shown},
        role::{question, role},
    },
    answered, case_of,
};

pub(super) fn add(list: &mut List, tools: &Outcome) {
    list.add_if(tools, "calls_and_results_go_round", |subject| async move {
        round(&subject).await
    });
    list.add_if(
        tools,
        "the_arguments_of_a_call_go_back_as_they_came",
        |subject| async move { arguments(&subject).await },
    );
    list.add_if(
        tools,
        "a_result_of_several_texts_arrives",
        |subject| async move {
            let output = vec![Part::text("first-of-it"), Part::text("second-of-it")];
            let request = with_result(&subject, |result| result.output = output)?;
            let sent = send(&subject, request).await?;
            ensure(
                carries_in_order(&sent.request, &["first-of-it", "second-of-it"]),
                || format!("both texts are to arrive. Sent: {}", shown(&sent.request)),
            )
        },
    );
    list.add_if(tools, "a_result_in_json_arrives", |subject| async move {
        const RESULT: &str = r#"{"b":1.0,"a":12345678901234567890}"#;
        let json = trunkline_core::Json::parse(RESULT).map_err(|error| error.to_string())?;
        let request = with_result(&subject, |result| {
            result.output.clear();
            result.json = Some(json);
        })?;
        let sent = send(&subject, request).await?;
        ensure(carries_json(&sent.request, RESULT), || {
            format!(
                "a result as JSON is to arrive byte for byte. Sent: {}",
                shown(&sent.request)
            )
        })
    });
    list.add_if(tools, "an_empty_result_arrives", |subject| async move {
        let request = with_result(&subject, |result| result.output.clear())?;
        let sent = send(&subject, request).await?;
        let named = count(&sent.request, "call-1") > 1 || count(&sent.request, "probe") > 2;
        // A provider may have another id for the call: it is there if the request differs then.
        let mut without = with_result(&subject, |_| {})?;
        without.messages.pop();
        let renamed = count(&sent.request, "call-1") == 0
            && send(&subject, without).await?.body() != sent.body();
        ensure(named || renamed, || {
            format!(
                "a result without words is lost. Sent: {}",
                shown(&sent.request)
            )
        })
    });
    for (name, status) in [
        ("a_failed", ToolStatus::Error),
        ("a_denied", ToolStatus::Denied),
        ("an_incomplete", ToolStatus::Incomplete),
    ] {
        list.add_if(
            tools,
            &format!("{name}_run_is_told_or_warned_of"),
            move |subject| async move {
                let well = with_result(&subject, |_| {})?;
                let otherwise = with_result(&subject, |result| result.status = status)?;
                let what = format!("the status {status:?} of a tool's result");
                carried_or_warned(&subject, well, otherwise, &what).await
            },
        );
    }
    list.add_if(
        tools,
        "an_image_in_a_result_arrives_or_is_warned_of",
        |subject| async move {
            let base = with_result(&subject, |_| {})?;
            let image = Part::image("image/png", "the image");
            let with = with_result(&subject, |result| result.output.push(image))?;
            carried_or_warned(&subject, base, with, "an image in a tool's result").await
        },
    );
}

/// The turns of the fixture, gone on with: the answer as it was read, and a result for each call.
async fn round(subject: &Subject) -> Outcome {
    let name = case_of(subject);
    let (mut request, answer) = answered(subject, name).await?;
    let base = send(subject, question(&role(subject, name)?)?).await?;
    request = request.message(Message::assistant(&answer));
    let calls: Vec<&ToolCall> = answer.tool_calls().collect();
    let mut results = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let words = format!("result-number-{at}");
        request = request.message(Message::tool_result(call, words.as_str()));
        results.push(words);
    }
    let sent = send(subject, request).await?;
    ensure(sent.new_warnings(&base).is_empty(), || {
        format!(
            "calls and their results go back with warnings: {:?}",
            sent.warnings
        )
    })?;
    for call in &calls {
        ensure(carries(&sent.request, &call.name), || {
            format!(
                "the call of `{}` is lost. Sent: {}",
                call.name,
                shown(&sent.request)
            )
        })?;
        ensure(carries_json(&sent.request, call.arguments()), || {
            format!(
                "the arguments {} do not go back as they came. Sent: {}",
                call.arguments(),
                shown(&sent.request)
            )
        })?;
        let id = call.id.as_str();
        ensure(call.synthetic_id || count(&sent.request, id) > 1, || {
            format!(
                "the id `{id}` is to stand at the call and at its result. Sent: {}",
                shown(&sent.request)
            )
        })?;
    }
    let results: Vec<&str> = results.iter().map(String::as_str).collect();
    ensure(carries_in_order(&sent.request, &results), || {
        format!("{results:?} are to arrive. Sent: {}", shown(&sent.request))
    })
}

fn call(input: ToolInput) -> ToolCall {
    ToolCall::new("call-1", "probe", input)
}

/// A conversation in which a tool was called with `input`, and answered.
fn with_call(subject: &Subject, input: ToolInput) -> Outcome<ChatRequest> {
    let call = call(input);
    let schema = trunkline_core::Json::parse(r#"{"type":"object","properties":{}}"#);
    let schema = schema.map_err(|error| error.to_string())?;
    let result = Message::tool_result(&call, "a-result");
    let answer = Message::new(Role::Assistant, [Part::new(Content::ToolCall(call))]);
    Ok(baseline(subject)?
        .tool(trunkline_core::Tool::new("probe", "Probes.", schema))
        .message(answer)
        .message(result))
}

fn with_result(subject: &Subject, change: impl FnOnce(&mut ToolResult)) -> Outcome<ChatRequest> {
    let mut request = with_call(subject, ToolInput::from_text("{}"))?;
    if let Some(message) = request.messages.last_mut()
        && let Some(part) = message.parts.last_mut()
        && let Content::ToolResult(result) = &mut part.content
    {
        change(result);
    }
    Ok(request)
}

async fn arguments(subject: &Subject) -> Outcome {
    for text in [
        "{}",
        r#"{"zebra":1.0,"apple":9223372036854775807,"more":12345678901234567890}"#,
        r#"{"text":"caf\u00e9 \"quoted\" 漢字","list":[1, 2],"deep":{"b":null,"a":true}}"#,
    ] {
        let sent = send(subject, with_call(subject, ToolInput::from_text(text))?).await?;
        ensure(carries_json(&sent.request, text), || {
            format!(
                "the arguments {text} do not go back byte for byte: keep the order of keys and the \
                 digits, do not read them. Sent: {}",
                shown(&sent.request)
            )
        })?;
    }
    Ok(())
}
