//! A conversation that another provider had: its words are told, and what only it understands is as
//! if it had never been there.

use std::sync::Arc;

use trunkline_core::{
    ChatRequest, Content, ErrorKind, Json, Message, Part, Role, ToolCall, Warning,
    chat::{Opaque, OpaqueState, Origin, Reasoning, Replay, ToolInput},
};

use super::super::{
    Subject,
    carried::carries,
    list::{List, Outcome, ensure},
    probe::{baseline, refused, send, shown, told},
    stage::cut,
};

const SIGNATURE: &str = "elsewhere.signature";
const ITEM: &str = "elsewhere.item";
const SECRET: &str = "zebra-of-elsewhere";

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    list.add_if(
        &talks,
        "a_conversation_of_another_provider_is_told_without_what_is_its_own",
        |subject| async move { elsewhere(&subject).await },
    );
    list.add_if(
        &talks,
        "state_that_never_goes_back_does_not",
        |subject| async move {
            let kind = format!("{}.conformance", subject.def.id);
            let state = OpaqueState::new(kind, SECRET).replay(Replay::Never);
            let part = |state: Option<OpaqueState>| {
                let mut part = Part::text("An answer.").origin(Origin::new(subject.def.id, "m"));
                part.state = state;
                part
            };
            let with = |part| -> Outcome<ChatRequest> {
                let answer = Message::new(Role::Assistant, [part]);
                Ok(baseline(&subject)?.message(answer).user("Go on."))
            };
            let base = send(&subject, with(part(None))?).await?;
            let sent = send(&subject, with(part(Some(state)))?).await?;
            ensure(sent.body() == base.body(), || {
                format!(
                    "state that never goes back changes the request. Sent: {}",
                    shown(&sent.request)
                )
            })
        },
    );
}

fn signed(part: Part, is_signed: bool) -> Part {
    let mut part = part.origin(Origin::new("elsewhere", "their-model"));
    part.state = is_signed.then(|| OpaqueState::new(SIGNATURE, SECRET));
    part
}

/// The conversation, with all that is the other's own or without any of it.
fn conversation(subject: &Subject, with: bool) -> Outcome<ChatRequest> {
    let item = || -> Outcome<Part> {
        let payload = Json::parse(format!(r#"{{"secret":"{SECRET}"}}"#));
        let payload = payload.map_err(|error| error.to_string())?;
        Ok(signed(
            Part::new(Content::Opaque(Opaque::new(ITEM, payload))),
            false,
        ))
    };
    let redacted = || {
        let mut hidden = Reasoning::default();
        hidden.redacted = true;
        signed(Part::new(Content::Reasoning(hidden)), true)
    };
    let mut said = vec![signed(Part::new(Reasoning::new("their-thoughts")), with)];
    if with {
        said.extend([redacted(), item()?, item()?]);
    }
    said.push(signed(Part::text("their-words"), with));
    let mut request = baseline(subject)?.message(Message::new(Role::Assistant, said));
    request = request.user("And then?");
    if with {
        // Nothing of it is left.
        request = request.message(Message::new(Role::Assistant, [redacted(), item()?]));
        request = request.user("I am listening.");
    } else {
        request = request.user("I am listening.");
    }
    if subject.can("tools") {
        let schema = Json::parse(r#"{"type":"object","properties":{}}"#);
        let schema = schema.map_err(|error| error.to_string())?;
        let input = ToolInput::from_text(r#"{"b":9223372036854775807,"a":1.0}"#);
        let call = ToolCall::new("call-of-elsewhere", "look_up", input);
        let calls = Part::new(Content::ToolCall(call.clone()));
        let mut parts = vec![signed(calls, with)];
        if with {
            parts.insert(0, redacted());
        }
        request = request
            .tool(trunkline_core::Tool::new(
                "look_up",
                "Looks something up.",
                schema,
            ))
            .message(Message::new(Role::Assistant, parts))
            .message(Message::tool_result(&call, "what-was-found"));
    }
    Ok(request.user("Go on."))
}

async fn elsewhere(subject: &Subject) -> Outcome {
    let base = send(subject, conversation(subject, false)?).await?;
    let request = conversation(subject, true)?;
    let sent = send(subject, request.clone()).await?;
    ensure(!carries(&sent.request, SECRET), || {
        format!(
            "another provider's own is sent. Sent: {}",
            shown(&sent.request)
        )
    })?;
    ensure(sent.body() == base.body(), || {
        let (now, then) = (sent.request.text(), base.request.text());
        let common = now.bytes().zip(then.bytes());
        let at = common.take_while(|(one, other)| one == other).count();
        let from = |text: &str| {
            let bytes = text.as_bytes().get(at.saturating_sub(40)..);
            cut(String::from_utf8_lossy(bytes.unwrap_or_default()))
                .chars()
                .take(140)
                .collect::<String>()
        };
        format!(
            "what is another provider's own is to leave no trace, a message of which nothing is left \
             included; sent is …{} and without it …{}",
            from(&now),
            from(&then)
        )
    })?;
    for kind in [SIGNATURE, ITEM] {
        let is_it = |warning: &&Warning| matches!(warning, Warning::StateDropped { kind: own } if **own == *kind);
        let count = sent.warnings.iter().filter(is_it).count();
        ensure(count == 1, || {
            format!(
                "`{kind}` stays behind, and {count} warnings say so; one `StateDropped` for each kind. \
                 Warnings: {:?}",
                sent.warnings
            )
        })?;
    }
    let words = ["their-words", "And then?", "Go on."];
    ensure(
        words.iter().all(|words| carries(&sent.request, words)),
        || {
            format!(
                "the words of {words:?} are lost. Sent: {}",
                shown(&sent.request)
            )
        },
    )?;
    let error = refused(subject, subject.op(request.strict())).await?;
    ensure(error.kind() == ErrorKind::Unsupported, || told(&error))
}
