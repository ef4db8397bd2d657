//! Requests for embeddings.

use std::sync::Arc;

use trunkline_core::{
    Call, EmbedRequest, EmbedResponse, Error, ErrorKind, Json, Op, Warning, embed::Precision,
};

use super::super::{
    Subject,
    carried::{carries, carries_in_order},
    list::{List, Outcome, ensure},
    probe::{Probe, Sent, refused, shown, told},
    role::role,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let embed = subject.needs("embed");
    list.add_if(
        &embed,
        "inputs_arrive_in_their_order",
        |subject| async move {
            let request = of(&subject, ["input-one", "é 漢字 \" \n", "input-three"])?;
            let request = sent_only(&subject, request).await?;
            let order = ["input-one", "é 漢字 \" \n", "input-three"];
            ensure(carries_in_order(&request, &order), || {
                format!(
                    "all inputs are to arrive, in their order. Sent: {}",
                    shown(&request)
                )
            })
        },
    );
    list.add_if(&embed, "no_inputs_are_refused", |subject| async move {
        let error = refused(&subject, op(of(&subject, Vec::<&str>::new())?)).await?;
        ensure(error.kind() == ErrorKind::InvalidRequest, || told(&error))
    });
    list.add_if(&embed, "tokens_arrive_or_are_refused", |subject| async move {
        let request = of(&subject, [vec![4_711_u32, 4_712], vec![4_713]])?;
        match asked(&subject, request).await? {
            (Err(error), None) if error.kind() == ErrorKind::Unsupported => Ok(()),
            (_, Some(sent)) if carries(&sent, "4711") && carries(&sent, "4713") => Ok(()),
            (_, sent) => Err(format!(
                "inputs that are tokens are to arrive, or to be refused as Unsupported. Sent: {}",
                sent.as_ref().map(shown).unwrap_or_default()
            )),
        }
    });
    list.add_if(
        &embed,
        "options_of_this_provider_reach_embeddings",
        |subject| async move {
            let mut request = question(&subject)?;
            let json = |text: &str| Json::parse(text).map_err(|error| error.to_string());
            let ours = json(r#"{"x_conformance":1}"#)?;
            request.options.insert(subject.def.id.to_owned(), ours);
            let theirs = json(r#"{"x_elsewhere":1}"#)?;
            request.options.insert("elsewhere".to_owned(), theirs);
            let sent = sent_only(&subject, request).await?;
            ensure(
                carries(&sent, "x_conformance") && !carries(&sent, "x_elsewhere"),
                || {
                    format!(
                        "options reach their own provider only. Sent: {}",
                        shown(&sent)
                    )
                },
            )
        },
    );
    let dimensions = embed.clone().and_then(|()| subject.needs("dimensions"));
    list.add_if(
        &dimensions,
        "the_length_of_vectors_is_sent",
        |subject| async move {
            let mut shorter = question(&subject)?;
            shorter.dimensions = Some(4_321);
            let sent = send(&subject, shorter).await?;
            ensure(
                sent.request.text().contains("4321") && sent.warnings.is_empty(),
                || {
                    format!(
                        "`dimensions` is declared; encode it. Warnings: {:?}. Sent: {}",
                        sent.warnings,
                        shown(&sent.request)
                    )
                },
            )
        },
    );
    let plain = embed.clone().and_then(|()| {
        ensure(!subject.can("dimensions"), || {
            "the provider declares `dimensions`".to_owned()
        })
    });
    list.add_if(
        &plain,
        "the_length_of_vectors_is_left_out_and_warned_of",
        |subject| async move {
            left_out(&subject, "dimensions", |request| {
                request.dimensions = Some(4_321);
            })
            .await
        },
    );
    let precise = embed.clone().and_then(|()| subject.needs("precision"));
    list.add_if(
        &precise,
        "the_numbers_of_vectors_are_sent",
        |subject| async move {
            // Answers have the numbers that were asked for, and the fixture's are floats.
            let of = |precision| {
                let mut request = question(&subject)?;
                request.precision = Some(precision);
                Ok::<_, String>(request)
            };
            let bytes = sent_only(&subject, of(Precision::Int8)?).await?;
            let bits = sent_only(&subject, of(Precision::Ubinary)?).await?;
            let plain = sent_only(&subject, question(&subject)?).await?;
            ensure(
                bytes.body != bits.body && bytes.body != plain.body && bits.body != plain.body,
                || {
                    format!(
                        "`precision` is declared; encode it. Sent: {}",
                        shown(&bytes)
                    )
                },
            )
        },
    );
    let coarse = embed.clone().and_then(|()| {
        ensure(!subject.can("precision"), || {
            "the provider declares `precision`".to_owned()
        })
    });
    list.add_if(
        &coarse,
        "the_numbers_of_vectors_are_left_out_and_warned_of",
        |subject| async move {
            left_out(&subject, "precision", |request| {
                request.precision = Some(Precision::Int8);
            })
            .await
        },
    );
    let anonymous = embed.clone().and_then(|()| {
        ensure(!subject.can("user"), || {
            "the provider declares `user`".to_owned()
        })
    });
    list.add_if(
        &anonymous,
        "the_end_user_is_left_out_and_warned_of",
        |subject| async move {
            left_out(&subject, "user", |request| {
                request.user = Some("pseudonym-1".to_owned());
            })
            .await
        },
    );
    let bound = embed.and_then(|()| match subject.can.max_inputs {
        Some(_) => Ok(()),
        None => Err("no `max_inputs` is declared".to_owned()),
    });
    list.add_if(
        &bound,
        "more_inputs_than_one_request_takes_are_not_sent_in_one",
        |subject| async move { bulk(&subject).await },
    );
}

pub(super) fn op(request: EmbedRequest) -> Op {
    Op::Embed(Arc::new(request))
}

/// The question of the fixture.
pub(super) fn question(subject: &Subject) -> Outcome<EmbedRequest> {
    match role(subject, "embed")?.op {
        Op::Embed(request) => Ok((*request).clone()),
        _ => {
            Err("the fixture `embed` is to have `\"type\": \"embed\"` in its call.json".to_owned())
        }
    }
}

fn of<I: Into<trunkline_core::embed::EmbedInput>>(
    subject: &Subject,
    inputs: impl IntoIterator<Item = I>,
) -> Outcome<EmbedRequest> {
    Ok(EmbedRequest::new(inputs).model(question(subject)?.model))
}

type Asked = (Result<EmbedResponse, Error>, Option<crate::peer::Received>);

/// The answer, which may be for another number of inputs, and the request if one was sent.
async fn asked(subject: &Subject, request: EmbedRequest) -> Outcome<Asked> {
    let probe = Probe::of(subject, role(subject, "embed")?.reply()).await?;
    let answer = probe.call(Call::new(op(request))).await;
    let answer = answer.and_then(trunkline_core::Reply::into_embed);
    Ok((answer, probe.peer.requests().pop()))
}

async fn sent_only(subject: &Subject, request: EmbedRequest) -> Outcome<crate::peer::Received> {
    let (answer, sent) = asked(subject, request).await?;
    let why = answer.err().map(|error| told(&error)).unwrap_or_default();
    sent.ok_or_else(|| format!("nothing was sent: {why}"))
}

/// Sends the question of the fixture, changed in what does not touch the number of inputs.
async fn send(subject: &Subject, request: EmbedRequest) -> Outcome<Sent> {
    let (answer, sent) = asked(subject, request).await?;
    let answer = answer.map_err(|error| told(&error))?;
    Ok(Sent {
        request: sent.ok_or("nothing was sent")?,
        warnings: answer.warnings,
    })
}

async fn left_out(subject: &Subject, flag: &str, change: fn(&mut EmbedRequest)) -> Outcome {
    let mut base = question(subject)?;
    (base.dimensions, base.precision, base.user) = (None, None, None);
    let mut with = base.clone();
    change(&mut with);
    let without = send(subject, base).await?;
    let sent = send(subject, with.clone()).await?;
    let warned = sent
        .warnings
        .iter()
        .any(|warning| matches!(warning, Warning::Unsupported { feature } if &**feature == flag));
    ensure(sent.body() == without.body() && warned, || {
        format!(
            "`{flag}` is not declared: leave it out, and push `Warning::unsupported({flag:?})`. \
             Warnings: {:?}. Sent: {}",
            sent.warnings,
            shown(&sent.request)
        )
    })?;
    with.strict = true;
    let error = refused(subject, op(with)).await?;
    ensure(error.kind() == ErrorKind::Unsupported, || told(&error))
}

async fn bulk(subject: &Subject) -> Outcome {
    let most = subject.can.max_inputs.unwrap_or_default();
    let inputs = |count: usize| of(subject, std::iter::repeat_n("a", count));
    sent_only(subject, inputs(most)?)
        .await
        .map_err(|what| format!("{most} inputs are what one request takes: {what}"))?;
    let error = refused(subject, op(inputs(most + 1)?)).await?;
    ensure(error.kind() == ErrorKind::InvalidRequest, || told(&error))?;
    let text = error.to_string();
    ensure(text.contains(&most.to_string()), || {
        format!("the error is to say that one request takes {most} inputs, and says: {text}")
    })
}
