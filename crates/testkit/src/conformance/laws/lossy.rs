//! Whatever a request can say is carried, or the answer says that it was not, and a strict caller
//! is refused in the words of the warning.

use std::sync::Arc;

use trunkline_core::{
    ChatRequest, Content, ErrorKind, Json, Message, Part, Role, Tool, ToolCall, Warning,
    chat::{
        Approval, ApprovalRequest, ApprovalResponse, CachePoint, Effort, Origin, ReasoningSetting,
        Refusal, ToolChoice, ToolInput, Ttl,
    },
};

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, Sent, baseline, refused, shown, told},
};

type Change = fn(&Subject, ChatRequest) -> ChatRequest;

/// What a request can say beside the settings that have a capability of their own, the capability
/// that it is nothing without, and how it is said.
const FEATURES: &[(&str, &str, Change)] = &[
    ("a_cache_point", "", |_, request| {
        of_user(request, Part::cache_point())
    }),
    ("a_cache_point_s_time", "", |_, request| {
        let mut point = CachePoint::default();
        point.ttl = Some(Ttl::OneHour);
        of_user(request, Part::new(Content::CachePoint(point)))
    }),
    ("a_refusal_in_the_past", "", |subject, request| {
        of_assistant(
            subject,
            request,
            Content::Refusal(Refusal::new("I will not.")),
        )
    }),
    ("a_question_for_leave", "", |subject, request| {
        let call = ToolCall::new("call-9", "look_up", ToolInput::from_text("{}"));
        let asked = Approval::Request(ApprovalRequest::new("leave-1", call));
        of_assistant(subject, request, Content::Approval(asked))
    }),
    ("leave_that_is_given", "", |_, request| {
        let given = Approval::Response(ApprovalResponse::new("leave-1", true));
        of_user(request, Part::new(Content::Approval(given)))
    }),
    ("a_budget_of_thoughts", "", |_, mut request| {
        request.reasoning = Some(ReasoningSetting::Budget(4_321));
        request.max_output_tokens(9_000)
    }),
    ("no_thoughts_at_all", "", |_, request| {
        request.effort(Effort::None)
    }),
    ("many_stops", "", |_, request| {
        (0..9).fold(request, |request, at| request.stop(format!("<halt-{at}>")))
    }),
    (
        "a_tool_of_the_provider_s_that_it_has_not",
        "tools",
        |_, request| request.tool(Tool::hosted("elsewhere.search")),
    ),
    ("a_strict_tool", "tools", |_, request| {
        request.tool(tool("look_up").strict(true))
    }),
    ("some_of_the_tools", "tools", |_, request| {
        let tools = request.tool(tool("look_up")).tool(tool("look_down"));
        tools.tool_choice(ToolChoice::Allowed(vec!["look_up".to_owned()]))
    }),
];

fn tool(name: &str) -> Tool {
    let schema = serde_json::json!({
        "type": "object", "properties": {}, "required": [], "additionalProperties": false,
    });
    Tool::new(name, "Looks something up.", Json::from(schema))
}

/// The same request without the feature.
fn plain(name: &str, request: ChatRequest) -> ChatRequest {
    match name {
        "a_budget_of_thoughts" => request.max_output_tokens(9_000),
        "a_strict_tool" => request.tool(tool("look_up")),
        "some_of_the_tools" => request.tool(tool("look_up")).tool(tool("look_down")),
        "a_cache_point_s_time" => of_user(request, Part::cache_point()),
        _ => request,
    }
}

fn of_user(mut request: ChatRequest, part: Part) -> ChatRequest {
    if let Some(message) = request.messages.last_mut() {
        message.parts.push(part);
    }
    request
}

fn of_assistant(subject: &Subject, mut request: ChatRequest, content: Content) -> ChatRequest {
    let part = Part::new(content).origin(Origin::new(subject.def.id, request.model.as_str()));
    if let Some(message) = request
        .messages
        .iter_mut()
        .find(|it| it.role == Role::Assistant)
    {
        message.parts.push(part);
    }
    request
}

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    for (name, of, change) in FEATURES {
        let applies = talks.clone().and_then(|()| match of.is_empty() {
            true => Ok(()),
            false => subject.needs(of),
        });
        list.add_if(
            &applies,
            &format!("{name}_is_carried_or_warned_of"),
            move |subject| async move { feature(&subject, name, *change).await },
        );
    }
}

/// What was sent; an error where the provider refused by itself.
async fn sent(subject: &Subject, request: ChatRequest) -> Outcome<Result<Sent, ErrorKind>> {
    let probe = Probe::of(subject, subject.spoken()?.reply()).await?;
    match probe.chat(subject.op(request)).await {
        Ok(answer) => Ok(Ok(Sent {
            request: probe.request()?,
            warnings: answer.warnings,
        })),
        Err(error) if probe.peer.seen().received == 0 => Ok(Err(error.kind())),
        Err(error) => Err(format!("the call fails: {}", told(&error))),
    }
}

async fn feature(subject: &Subject, name: &str, change: Change) -> Outcome {
    let base = baseline(subject)?
        .model(subject.model_for(if name.contains("thought") {
            "reasoning"
        } else {
            "chat"
        })?)
        .message(Message::assistant_text("An answer."))
        .user("Go on.");
    let with = change(subject, base.clone());
    let base = sent(subject, plain(name, base)).await?;
    let base = base.map_err(|kind| format!("the request without it is refused as {kind:?}"))?;
    let is_refusal = |kind| matches!(kind, ErrorKind::Unsupported | ErrorKind::InvalidRequest);
    let got = match sent(subject, with.clone()).await? {
        Ok(got) => got,
        Err(kind) if is_refusal(kind) => return Ok(()),
        Err(kind) => return Err(format!("it is refused as {kind:?}")),
    };
    let new = got.new_warnings(&base);
    let is_known = got.body() != base.body() || !new.is_empty();
    // What is warned of as a whole is not warned of again for its parts.
    ensure(is_known || !base.warnings.is_empty(), || {
        format!(
            "it is lost without a word: send it, or push a warning that names it. Sent: {}",
            shown(&got.request)
        )
    })?;
    let Some(warning) = new.first() else {
        return Ok(());
    };
    let named = match warning {
        Warning::Unsupported { feature } | Warning::Coerced { feature, .. } => feature,
        Warning::StateDropped { kind } => kind,
        other => return Err(format!("the warning names nothing: {other:?}")),
    };
    ensure(!named.is_empty(), || {
        format!("the warning names nothing: {warning:?}")
    })?;
    let error = refused(subject, subject.op(with.strict())).await?;
    let says = error.to_string();
    let all = got.warnings.iter().any(|warning| match warning {
        Warning::Unsupported { feature } | Warning::Coerced { feature, .. } => {
            says.contains(&**feature)
        }
        Warning::StateDropped { kind } => says.contains(&**kind),
        _ => false,
    });
    ensure(error.kind() == ErrorKind::Unsupported && all, || {
        format!(
            "a strict caller is to be refused as Unsupported by that name, and it is {}",
            told(&error)
        )
    })
}
