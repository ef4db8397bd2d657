//! What only a part's maker understands: this provider gets its own back, byte for byte, and nobody
//! else's.

use std::{fs, sync::Arc};

use trunkline_core::{
    ChatRequest, ChatResponse, Content, ErrorKind, Json, Message, Part, Role, Warning,
    chat::{Opaque, OpaqueState, Origin, Replay},
};

use super::super::{
    Subject,
    carried::{carries, carries_json},
    list::{List, Outcome, ensure},
    probe::{baseline, refused, send, shown, told},
};
use crate::fixture;

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    list.add_if(
        &talks,
        "an_item_of_this_provider_goes_back_as_it_came",
        |subject| async move { own(&subject).await },
    );
    list.add_if(
        &talks,
        "an_item_of_another_provider_is_dropped",
        |subject| async move { foreign(&subject).await },
    );
    list.add_if(
        &talks,
        "state_of_another_provider_is_dropped",
        |subject| async move { foreign_state(&subject).await },
    );
    list.add_if(
        &talks,
        "an_item_that_never_goes_back_does_not",
        |subject| async move {
            let kind = format!("{}.conformance", subject.def.id);
            let item = item(&kind)?.replay(Replay::Never);
            absent(
                &subject,
                after(&subject, Part::new(Content::Opaque(item)))?,
                None,
            )
            .await
        },
    );
    let has_some = talks.and_then(|()| match kept(subject).is_empty() {
        true if is_unwritten(subject) => Err(
            "the answers of the fixtures are not written yet; run with UPDATE_FIXTURES=1 first"
                .to_owned(),
        ),
        true => Err("no answer of a fixture holds an opaque item or state".to_owned()),
        false => Ok(()),
    });
    list.add_if(
        &has_some,
        "what_the_answers_of_fixtures_hold_goes_back",
        |subject| async move {
            for (name, answer) in kept(&subject) {
                replayed(&subject, &answer)
                    .await
                    .map_err(|what| format!("the answer of `{name}`: {what}"))?;
            }
            Ok(())
        },
    );
}

const PAYLOAD: &str =
    r#"{"zebra":1.0,"apple":12345678901234567890,"text":"caf\u00e9 \"x\"","list":[ ]}"#;

fn item(kind: &str) -> Outcome<Opaque> {
    let payload = Json::parse(PAYLOAD).map_err(|error| error.to_string())?;
    Ok(Opaque::new(kind, payload))
}

/// A conversation whose answer, already given, has this part.
fn after(subject: &Subject, part: Part) -> Outcome<ChatRequest> {
    let answer = Message::new(Role::Assistant, [Part::text("An answer."), part]);
    Ok(baseline(subject)?.message(answer).user("Go on."))
}

async fn own(subject: &Subject) -> Outcome {
    let kind = format!("{}.conformance", subject.def.id);
    let model = baseline(subject)?.model;
    let part = Part::new(Content::Opaque(item(&kind)?));
    let part = part.origin(Origin::new(subject.def.id, model));
    let sent = send(subject, after(subject, part)?).await?;
    let dropped = sent.warnings.iter().any(|warning| drops(warning, &kind));
    ensure(dropped || carries_json(&sent.request, PAYLOAD), || {
        format!(
            "an item that this provider sent goes back byte for byte, or is warned of as dropped. \
             Sent: {}",
            shown(&sent.request)
        )
    })
}

async fn foreign(subject: &Subject) -> Outcome {
    let part = Part::new(Content::Opaque(item("elsewhere.item")?));
    let part = part.origin(Origin::new("elsewhere", "their-model"));
    absent(subject, after(subject, part)?, Some("elsewhere.item")).await
}

async fn foreign_state(subject: &Subject) -> Outcome {
    let state = OpaqueState::new("elsewhere.signature", PAYLOAD);
    let part = Part::text("Words.").state(state);
    let part = part.origin(Origin::new("elsewhere", "their-model"));
    absent(subject, after(subject, part)?, Some("elsewhere.signature")).await
}

/// The payload does not arrive; of another's, the answer says so, and a strict caller is refused.
async fn absent(subject: &Subject, request: ChatRequest, kind: Option<&str>) -> Outcome {
    let sent = send(subject, request.clone()).await?;
    let leaked = ["zebra", "12345678901234567890"];
    ensure(
        !leaked.iter().any(|leak| carries(&sent.request, leak)),
        || {
            format!(
                "what is not this provider's, or never goes back, is sent. Sent: {}",
                shown(&sent.request)
            )
        },
    )?;
    let Some(kind) = kind else { return Ok(()) };
    ensure(
        sent.warnings.iter().any(|warning| drops(warning, kind)),
        || {
            format!(
                "`{kind}` is dropped without a word; push `Warning::StateDropped`. Warnings: {:?}",
                sent.warnings
            )
        },
    )?;
    let error = refused(subject, subject.op(request.strict())).await?;
    ensure(error.kind() == ErrorKind::Unsupported, || told(&error))
}

fn drops(warning: &Warning, dropped: &str) -> bool {
    matches!(warning, Warning::StateDropped { kind } if **kind == *dropped)
}

/// The answers of fixtures that hold something to be replayed.
fn kept(subject: &Subject) -> Vec<(String, ChatResponse)> {
    let mut found = Vec::new();
    for dir in fixture::folders(&subject.fixtures).unwrap_or_default() {
        let text = fs::read_to_string(dir.join("expect.json")).unwrap_or_default();
        if let Ok(answer) = serde_json::from_str::<ChatResponse>(&text)
            && answer
                .message
                .parts
                .iter()
                .any(|part| !replays(part).is_empty())
        {
            let name = dir.file_name().unwrap_or_default().display().to_string();
            found.push((name, answer));
        }
    }
    found
}

/// Whether some case has no answer to look at yet.
fn is_unwritten(subject: &Subject) -> bool {
    let cases = fixture::folders(&subject.fixtures).unwrap_or_default();
    cases.iter().any(|dir| !dir.join("expect.json").is_file())
}

/// The texts of a part that go back.
fn replays(part: &Part) -> Vec<&str> {
    let state = part
        .state
        .iter()
        .filter(|state| state.replay != Replay::Never);
    let item = match &part.content {
        Content::Opaque(item) if item.replay != Replay::Never => Some(item.payload.get()),
        _ => None,
    };
    state.map(|state| state.data.as_str()).chain(item).collect()
}

async fn replayed(subject: &Subject, answer: &ChatResponse) -> Outcome {
    let request = baseline(subject)?
        .model(answer.model.as_str())
        .message(Message::assistant(answer))
        .user("Go on.");
    let sent = send(subject, request).await?;
    for part in &answer.message.parts {
        for text in replays(part) {
            ensure(carries_json(&sent.request, text), || {
                format!(
                    "its state {text:.60} does not go back byte for byte. Sent: {}",
                    shown(&sent.request)
                )
            })?;
        }
    }
    Ok(())
}
