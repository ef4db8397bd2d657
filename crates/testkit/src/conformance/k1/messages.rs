//! Messages of every role, and what they are made of.

use trunkline_core::{ChatRequest, ErrorKind, Message, Op, Part, Role};

use super::super::{
    Subject,
    carried::{carries, carries_in_order},
    list::{List, Outcome, ensure},
    probe::{Probe, baseline, send, shown, told},
};

pub(super) fn add(list: &mut List, talks: &Outcome) {
    list.add_if(talks, "words_of_every_role_arrive", |subject| async move {
        every_role(&subject).await
    });
    list.add_if(talks, "roles_are_told_apart", |subject| async move {
        roles(&subject).await
    });
    list.add_if(talks, "turns_arrive_in_their_order", |subject| async move {
        let request = baseline(&subject)?
            .message(Message::assistant_text("turn-two"))
            .user("turn-three")
            .message(Message::assistant_text("turn-four"))
            .user("turn-five");
        let turns = [
            "Say one word.",
            "turn-two",
            "turn-three",
            "turn-four",
            "turn-five",
        ];
        in_order(&subject, request, &turns).await
    });
    list.add_if(
        talks,
        "two_turns_of_one_role_both_arrive",
        |subject| async move {
            let request = baseline(&subject)?.user("and-another").user("and-a-third");
            in_order(
                &subject,
                request,
                &["Say one word.", "and-another", "and-a-third"],
            )
            .await
        },
    );
    list.add_if(
        talks,
        "several_texts_of_one_message_arrive",
        |subject| async move {
            let parts = [Part::text("part-one "), Part::text("part-two")];
            let mut request = baseline(&subject)?;
            request.messages = vec![Message::new(Role::User, parts)];
            in_order(&subject, request, &["part-one ", "part-two"]).await
        },
    );
    list.add_if(
        talks,
        "words_arrive_with_every_character",
        |subject| async move { characters(&subject).await },
    );
    list.add_if(
        talks,
        "an_empty_text_is_sent_or_refused",
        |subject| async move { empty(&subject).await },
    );
    list.add_if(
        talks,
        "a_request_without_messages_is_refused",
        |subject| async move {
            let mut request = baseline(&subject)?;
            request.messages.clear();
            invalid(&subject, subject.op(request), "has no messages").await
        },
    );
    list.add_if(
        talks,
        "a_request_without_a_model_is_refused",
        |subject| async move {
            let request = baseline(&subject)?.model("");
            invalid(&subject, subject.op(request), "names no model").await
        },
    );
    list.add_if(
        talks,
        "a_number_that_is_none_is_refused",
        |subject| async move {
            let request = baseline(&subject)?.temperature(f64::NAN);
            let refused = invalid(
                &subject,
                subject.op(request.clone()),
                "has the temperature NaN",
            )
            .await;
            if refused.is_ok() || subject.can("temperature") {
                return refused;
            }
            // Where it is left out, it must not become a `null` on the way.
            in_order(&subject, request, &["Say one word."]).await
        },
    );
    list.add_if(talks, "the_model_s_name_arrives", |subject| async move {
        let sent = send(&subject, baseline(&subject)?.model("conformance-model-1")).await?;
        ensure(carries(&sent.request, "conformance-model-1"), || {
            format!(
                "the request names another model. Sent: {}",
                shown(&sent.request)
            )
        })
    });
    list.add_if(
        talks,
        "a_speaker_s_name_arrives_or_is_warned_of",
        |subject| async move {
            let base = baseline(&subject)?;
            let mut with = base.clone();
            with.messages = vec![Message::user("Say one word.").named("Ada")];
            carried_or_warned(&subject, base, with, "the name of a message").await
        },
    );
    list.add_if(talks, "the_limit_on_output_arrives", |subject| async move {
        let sent = send(&subject, baseline(&subject)?.max_output_tokens(4_321)).await?;
        ensure(
            sent.request.text().contains("4321") && sent.warnings.is_empty(),
            || {
                format!(
                    "`max_output_tokens` is a setting that every provider takes; encode it. \
                     Warnings: {:?}. Sent: {}",
                    sent.warnings,
                    shown(&sent.request)
                )
            },
        )
    });
}

async fn every_role(subject: &Subject) -> Outcome {
    let mut request = baseline(subject)?;
    request.messages = vec![
        Message::system("words-of-system"),
        Message::new(Role::Developer, [Part::text("words-of-developer")]),
        Message::user("words-of-user"),
        Message::assistant_text("words-of-assistant"),
        Message::user("more-of-user"),
    ];
    let sent = send(subject, request).await?;
    for words in [
        "words-of-system",
        "words-of-developer",
        "words-of-user",
        "words-of-assistant",
        "more-of-user",
    ] {
        ensure(carries(&sent.request, words), || {
            format!("`{words}` do not arrive. Sent: {}", shown(&sent.request))
        })?;
    }
    Ok(())
}

/// Who speaks makes a difference, and instructions are no words of the user.
async fn roles(subject: &Subject) -> Outcome {
    let of = |role: Role| {
        let mut request = baseline(subject)?;
        request.messages = vec![
            Message::new(role, [Part::text("some-words")]),
            Message::user("Go on."),
        ];
        Ok::<_, String>(request)
    };
    let user = send(subject, of(Role::User)?).await?;
    for role in [Role::System, Role::Developer, Role::Assistant] {
        let sent = send(subject, of(role)?).await?;
        ensure(sent.body() != user.body(), || {
            format!(
                "words of the role {role:?} are sent as the user's. Sent: {}",
                shown(&sent.request)
            )
        })?;
    }
    Ok(())
}

async fn in_order(subject: &Subject, request: ChatRequest, words: &[&str]) -> Outcome {
    let sent = send(subject, request).await?;
    ensure(carries_in_order(&sent.request, words), || {
        format!(
            "{words:?} are to arrive, in this order. Sent: {}",
            shown(&sent.request)
        )
    })
}

async fn characters(subject: &Subject) -> Outcome {
    const WORDS: &str = "quote \" backslash \\ slash / newline \n tab \t nul \u{0} é ñ e\u{301} 漢字 👩‍👩‍👧 \u{2028} \u{feff}end ";
    let mut request = baseline(subject)?;
    request.messages = vec![Message::user(WORDS)];
    let sent = send(subject, request).await?;
    ensure(carries(&sent.request, WORDS), || {
        format!(
            "a text does not arrive character for character (quotes, control characters, letters \
             beyond ASCII, a space at its end). Sent: {}",
            shown(&sent.request)
        )
    })
}

async fn empty(subject: &Subject) -> Outcome {
    let probe = Probe::of(subject, subject.spoken()?.reply()).await?;
    let mut request = baseline(subject)?;
    request.messages = vec![Message::user("")];
    match probe.chat(subject.op(request)).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::InvalidRequest => Ok(()),
        Err(error) => Err(format!(
            "a message without words is to be sent, or refused as InvalidRequest, and fails as {}",
            told(&error)
        )),
    }
}

async fn invalid(subject: &Subject, op: Op, what: &str) -> Outcome {
    let error = super::super::probe::refused(subject, op).await?;
    ensure(error.kind() == ErrorKind::InvalidRequest, || {
        format!(
            "a request that {what} is to fail as InvalidRequest, and fails as {}",
            told(&error)
        )
    })
}

/// Nothing is lost without a word: what `with` has and `base` has not changes the request, or is
/// warned of.
pub(in super::super) async fn carried_or_warned(
    subject: &Subject,
    base: ChatRequest,
    with: ChatRequest,
    what: &str,
) -> Outcome {
    let base = send(subject, base).await?;
    let with = send(subject, with).await?;
    let kept = with.body() != base.body() || with.is_warned_of(&base);
    ensure(kept, || {
        format!(
            "{what} is lost without a word: send it, or push a warning that names it. Sent: {}",
            shown(&with.request)
        )
    })
}
