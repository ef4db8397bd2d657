//! Counts of tokens: the whole request is counted, and nothing else happens.

use std::sync::Arc;

use trunkline_core::{
    Call, ChatRequest, Error, ErrorKind, Json, Message, Op, TokenCount, Tool, chat::ToolInput,
};

use super::super::{
    Subject,
    carried::carries,
    list::{List, Outcome, ensure},
    probe::{Probe, refused, shown, told},
    role::{expected, role},
    tree::Tree,
};
use crate::peer::Received;

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let count = subject.needs("count_tokens");
    list.add_if(
        &count,
        "a_count_is_what_its_fixture_tells",
        |subject| async move { counted(&subject).await },
    );
    list.add_if(
        &count,
        "all_that_is_counted_arrives_or_is_warned_of",
        |subject| async move { arrives(&subject).await },
    );
    list.add_if(&count, "a_count_asks_for_no_answer", |subject| async move {
        elsewhere(&subject).await
    });
    list.add_if(
        &count,
        "a_count_of_nothing_is_refused",
        |subject| async move { nothing(&subject).await },
    );
    list.add_if(
        &count,
        "a_wrong_key_fails_a_count_as_it_fails_a_call",
        |subject| async move { super::wrong_key(&subject, op(question(&subject)?)).await },
    );
    list.add_if(
        &count,
        "no_body_makes_a_count_panic",
        |subject| async move { super::hostile(&subject, "count_tokens").await },
    );
    list.add_if(
        &count,
        "a_count_that_is_not_told_is_an_error",
        |subject| async move { untold(&subject).await },
    );
}

fn op(request: ChatRequest) -> Op {
    Op::CountTokens(Arc::new(request))
}

/// The question of the fixture.
fn question(subject: &Subject) -> Outcome<ChatRequest> {
    match role(subject, "count_tokens")?.op {
        Op::CountTokens(request) => Ok((*request).clone()),
        _ => Err(
            "the fixture `count_tokens` is to have `\"type\": \"count_tokens\"` in its call.json"
                .to_owned(),
        ),
    }
}

type Asked = (Result<TokenCount, Error>, Option<Received>);

async fn asked(subject: &Subject, request: ChatRequest) -> Outcome<Asked> {
    let probe = Probe::of(subject, role(subject, "count_tokens")?.reply()).await?;
    let answer = probe.call(Call::new(op(request))).await;
    let answer = answer.and_then(trunkline_core::Reply::into_count_tokens);
    Ok((answer, probe.peer.requests().pop()))
}

async fn answered(subject: &Subject, request: ChatRequest) -> Outcome<(TokenCount, Received)> {
    let (answer, sent) = asked(subject, request).await?;
    let answer = answer.map_err(|error| told(&error))?;
    Ok((answer, sent.ok_or("nothing was sent")?))
}

async fn counted(subject: &Subject) -> Outcome {
    let case = role(subject, "count_tokens")?;
    let (count, _) = answered(subject, question(subject)?).await?;
    ensure(count.input > 0, || {
        "the fixture `count_tokens` is to count some tokens".to_owned()
    })?;
    let body = String::from_utf8_lossy(&case.body).into_owned();
    // Some wires give the tokens themselves, to be counted.
    let is_told = body.contains(&count.input.to_string());
    let mut is_list = false;
    Tree::parse(&body)?.each_mut(&mut |tree| {
        is_list |= matches!(tree, Tree::List(list) if list.len() as u64 == count.input);
    });
    ensure(is_told || is_list, || {
        format!(
            "{} tokens are read, and the answer does not say so",
            count.input
        )
    })?;
    ensure(
        count.cached.is_none_or(|cached| cached <= count.input),
        || format!("of {} tokens {:?} are cached", count.input, count.cached),
    )?;
    let read = serde_json::to_value(&count).map_err(|error| error.to_string())?;
    ensure(expected(subject, "count_tokens")? == read, || {
        format!("the count is {read}, and the fixture expects another")
    })
}

/// What a chat would be sent with is counted with it.
async fn arrives(subject: &Subject) -> Outcome {
    let model = question(subject)?.model;
    let talk = || ChatRequest::from("words-of-user").model(model.as_str());
    let (_, base) = answered(subject, talk()).await?;
    let schema = r#"{"type":"object","properties":{"conformance_argument":{"type":"string"}}}"#;
    let schema = Json::parse(schema).map_err(|error| error.to_string())?;
    let tool = Tool::new("look_up", "Looks something up.", schema);
    let call = trunkline_core::ToolCall::new("call-1", "look_up", ToolInput::from_text("{}"));
    let changes = [
        (
            "the system's words",
            "words-of-system",
            talk().system("words-of-system"),
        ),
        (
            "an earlier answer",
            "words-of-assistant",
            talk()
                .message(Message::assistant_text("words-of-assistant"))
                .user("more-of-user"),
        ),
        ("a tool", "conformance_argument", talk().tool(tool.clone())),
        (
            "a tool's result",
            "a-result-of-it",
            talk()
                .tool(tool)
                .message(Message::new(
                    trunkline_core::Role::Assistant,
                    [trunkline_core::Part::new(
                        trunkline_core::Content::ToolCall(call.clone()),
                    )],
                ))
                .message(Message::tool_result(&call, "a-result-of-it")),
        ),
    ];
    ensure(carries(&base, "words-of-user"), || {
        format!("the user's words are not counted. Sent: {}", shown(&base))
    })?;
    for (what, trace, request) in changes {
        let (answer, sent) = answered(subject, request.clone()).await?;
        let arrives = carries(&sent, trace);
        ensure(arrives || !answer.warnings.is_empty(), || {
            format!(
                "{what} is to be counted, or warned of. Warnings: {:?}. Sent: {}",
                answer.warnings,
                shown(&sent)
            )
        })?;
        if !arrives {
            let error = refused(subject, op(request.strict())).await?;
            ensure(error.kind() == ErrorKind::Unsupported, || told(&error))?;
        }
    }
    let model = "conformance-model-1";
    let (_, sent) = answered(subject, talk().model(model)).await?;
    ensure(carries(&sent, model), || {
        format!("the request names another model. Sent: {}", shown(&sent))
    })
}

/// A counter that is a chat in disguise would cost what it shall only foretell.
async fn elsewhere(subject: &Subject) -> Outcome {
    let request = question(subject)?;
    let (_, counted) = answered(subject, request.clone()).await?;
    for op in [
        Op::Chat(Arc::new(request.clone())),
        Op::ChatStream(Arc::new(request)),
    ] {
        let probe = Probe::of(subject, crate::peer::Reply::status(500)).await?;
        let _ = probe.call(Call::new(op)).await;
        let Some(chat) = probe.peer.requests().pop() else {
            continue;
        };
        ensure(
            chat.path != counted.path || chat.body != counted.body,
            || format!("a count is asked for as an answer is, at {}", counted.path),
        )?;
    }
    Ok(())
}

async fn nothing(subject: &Subject) -> Outcome {
    let mut request = question(subject)?;
    request.messages.clear();
    let error = refused(subject, op(request)).await?;
    ensure(error.kind() == ErrorKind::InvalidRequest, || told(&error))?;
    let error = refused(subject, op(question(subject)?.model(""))).await?;
    ensure(error.kind() == ErrorKind::InvalidRequest, || told(&error))
}

/// Zero would be believed.
async fn untold(subject: &Subject) -> Outcome {
    let case = role(subject, "count_tokens")?;
    let probe = Probe::of(subject, case.reply_of("{}")).await?;
    let answer = probe.call(Call::new(case.op.clone())).await;
    match answer.and_then(trunkline_core::Reply::into_count_tokens) {
        Err(error) if error.kind() == ErrorKind::Decode => Ok(()),
        Err(error) => Err(format!(
            "an answer without a count is to fail as Decode, and fails as {}",
            told(&error)
        )),
        Ok(count) => Err(format!(
            "an answer without a count is read as {} tokens",
            count.input
        )),
    }
}
