//! Rankings: what is asked, and what is made of the answer.

use std::sync::Arc;

use trunkline_core::{
    Call, Error, ErrorKind, Json, Op, RerankRequest, RerankResponse, chat::Completeness,
    rerank::RerankDocument,
};

use super::super::{
    Subject,
    carried::{carries, carries_in_order},
    list::{List, Outcome, ensure},
    probe::{Probe, refused, shown, told},
    role::{expected, role},
};
use crate::peer::Received;

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let rerank = subject.needs("rerank");
    list.add_if(
        &rerank,
        "query_and_documents_arrive_in_their_order",
        |subject| async move { arrive(&subject).await },
    );
    list.add_if(
        &rerank,
        "a_ranking_is_in_the_order_of_its_scores",
        |subject| async move { ordered(&subject).await },
    );
    list.add_if(
        &rerank,
        "a_ranking_costs_what_its_fixture_tells",
        |subject| async move { cost(&subject).await },
    );
    list.add_if(
        &rerank,
        "how_many_documents_shall_come_back_is_sent_or_warned_of",
        |subject| async move { top_n(&subject).await },
    );
    list.add_if(
        &rerank,
        "documents_of_fields_arrive_or_are_warned_of",
        |subject| async move { fields(&subject).await },
    );
    list.add_if(
        &rerank,
        "options_of_this_provider_reach_rankings",
        |subject| async move { options(&subject).await },
    );
    list.add_if(
        &rerank,
        "a_ranking_of_nothing_is_refused",
        |subject| async move { nothing(&subject).await },
    );
    list.add_if(
        &rerank,
        "a_wrong_key_fails_a_ranking_as_it_fails_a_call",
        |subject| async move { super::wrong_key(&subject, op(question(&subject)?)).await },
    );
    let bound = rerank
        .clone()
        .and_then(|()| match subject.can.max_documents {
            Some(_) => Ok(()),
            None => Err("no `max_documents` is declared".to_owned()),
        });
    list.add_if(
        &bound,
        "more_documents_than_one_request_takes_are_not_sent_in_one",
        |subject| async move { bulk(&subject).await },
    );
    list.add_if(
        &rerank,
        "no_body_makes_a_ranking_panic",
        |subject| async move { super::hostile(&subject, "rerank").await },
    );
}

fn op(request: RerankRequest) -> Op {
    Op::Rerank(Arc::new(request))
}

/// The question of the fixture.
fn question(subject: &Subject) -> Outcome<RerankRequest> {
    match role(subject, "rerank")?.op {
        Op::Rerank(request) => Ok((*request).clone()),
        _ => Err(
            "the fixture `rerank` is to have `\"type\": \"rerank\"` in its call.json".to_owned(),
        ),
    }
}

/// The same question of other documents, as many.
fn of<D: Into<RerankDocument>>(
    subject: &Subject,
    query: &str,
    documents: impl IntoIterator<Item = D>,
) -> Outcome<RerankRequest> {
    Ok(RerankRequest::new(query, documents).model(question(subject)?.model))
}

type Asked = (Result<RerankResponse, Error>, Option<Received>);

/// The answer, which may be for another number of documents, and the request if one was sent.
async fn asked(subject: &Subject, request: RerankRequest) -> Outcome<Asked> {
    let probe = Probe::of(subject, role(subject, "rerank")?.reply()).await?;
    let answer = probe.call(Call::new(op(request))).await;
    let answer = answer.and_then(trunkline_core::Reply::into_rerank);
    Ok((answer, probe.peer.requests().pop()))
}

async fn sent_only(subject: &Subject, request: RerankRequest) -> Outcome<Received> {
    let (answer, sent) = asked(subject, request).await?;
    let why = answer.err().map(|error| told(&error)).unwrap_or_default();
    sent.ok_or_else(|| format!("nothing was sent: {why}"))
}

async fn answered(
    subject: &Subject,
    request: RerankRequest,
) -> Outcome<(RerankResponse, Received)> {
    let (answer, sent) = asked(subject, request).await?;
    let answer = answer.map_err(|error| told(&error))?;
    Ok((answer, sent.ok_or("nothing was sent")?))
}

async fn arrive(subject: &Subject) -> Outcome {
    let documents = ["document-one", "é 漢字 \" \n", "document-three"];
    let request = of(subject, "what is looked for", documents)?;
    let sent = sent_only(subject, request).await?;
    ensure(
        carries(&sent, "what is looked for") && carries_in_order(&sent, &documents),
        || {
            format!(
                "the query and all documents are to arrive, these in their order. Sent: {}",
                shown(&sent)
            )
        },
    )?;
    let model = "conformance-model-1";
    let sent = sent_only(subject, question(subject)?.model(model)).await?;
    ensure(carries(&sent, model), || {
        format!("the request names another model. Sent: {}", shown(&sent))
    })
}

async fn ordered(subject: &Subject) -> Outcome {
    let request = question(subject)?;
    let documents = request.documents.len();
    let (answer, _) = answered(subject, request).await?;
    let places = &answer.results;
    ensure(places.len() > 1, || {
        format!(
            "the fixture `rerank` is to rank two documents at least, and {} are read",
            places.len()
        )
    })?;
    let order: Vec<usize> = places.iter().map(|place| place.index).collect();
    ensure(!order.is_sorted(), || {
        "let the fixture `rerank` rank its documents in another order than the request's, or their \
         numbers cannot be tested"
            .to_owned()
    })?;
    let scores: Vec<f64> = places.iter().map(|place| place.score).collect();
    ensure(scores.is_sorted_by(|one, next| one >= next), || {
        format!("the best document comes first, and the scores are {scores:?}")
    })?;
    ensure(scores.first() != scores.last(), || {
        format!("the scores of the fixture `rerank` are to differ, and are {scores:?}")
    })?;
    let mut seen = order.clone();
    seen.sort_unstable();
    seen.dedup();
    ensure(
        seen.len() == order.len() && order.iter().all(|index| *index < documents),
        || format!("of {documents} documents, from 0, these are ranked: {order:?}"),
    )
}

/// The documents' scores are in the body, and so is what was billed.
async fn cost(subject: &Subject) -> Outcome {
    let (answer, _) = answered(subject, question(subject)?).await?;
    let usage = &answer.usage;
    let told = usage.input.total.is_some() || usage.billed.is_some();
    ensure(
        (usage.completeness == Completeness::Missing) != told && told == usage.raw.is_some(),
        || {
            format!(
                "what a ranking costs is in `usage.input` or `usage.billed`, with the provider's own \
                 words in `raw`; or all of it is missing, as where the provider does not tell. \
                 Read was {usage:?}"
            )
        },
    )?;
    if !told {
        return Ok(());
    }
    let expected = expected(subject, "rerank")?;
    let usage = serde_json::to_value(usage).map_err(|error| error.to_string())?;
    ensure(expected.get("usage") == Some(&usage), || {
        format!("the usage is {usage}, and the fixture `rerank` expects another")
    })
}

async fn top_n(subject: &Subject) -> Outcome {
    let mut base = question(subject)?;
    base.top_n = None;
    let (_, without) = answered(subject, base.clone()).await?;
    let (answer, with) = answered(subject, base.clone().top_n(2)).await?;
    let sent = with.body != without.body || with.path != without.path;
    let warned = format!("{:?}", answer.warnings).contains("top_n");
    ensure(sent != warned, || {
        format!(
            "`top_n` is to be sent, or warned of by `Warning::unsupported(\"top_n\")`, and not both. \
             Warnings: {:?}. Sent: {}",
            answer.warnings,
            shown(&with)
        )
    })?;
    if warned {
        let error = refused(subject, op(base.clone().top_n(2).strict())).await?;
        ensure(error.kind() == ErrorKind::Unsupported, || told(&error))?;
    } else {
        let (_, other) = answered(subject, base.clone().top_n(1)).await?;
        ensure(other.body != with.body || other.path != with.path, || {
            format!("`top_n` 1 and 2 are sent alike. Sent: {}", shown(&with))
        })?;
    }
    let error = refused(subject, op(base.top_n(0))).await?;
    ensure(error.kind() == ErrorKind::InvalidRequest, || told(&error))
}

async fn fields(subject: &Subject) -> Outcome {
    const FIELDS: &str = r#"{"zebra":"stripes-of-it","apple":12345678901234567890}"#;
    let documents = |count: usize| -> Outcome<Vec<RerankDocument>> {
        let fields = Json::parse(FIELDS).map_err(|error| error.to_string())?;
        Ok(vec![fields.into(); count])
    };
    let mut request = question(subject)?;
    request.documents = documents(request.documents.len())?;
    let (answer, sent) = match asked(subject, request.clone()).await? {
        (Err(error), None) if error.kind() == ErrorKind::Unsupported => return Ok(()),
        (answer, Some(sent)) => (answer.map_err(|error| told(&error))?, sent),
        (_, None) => return Err("nothing was sent".to_owned()),
    };
    let whole = sent.text().contains(FIELDS);
    let words = carries(&sent, "stripes-of-it");
    ensure(words && (whole || !answer.warnings.is_empty()), || {
        format!(
            "documents of fields are to arrive as they are, or as text with a warning, or to be \
             refused as Unsupported. Warnings: {:?}. Sent: {}",
            answer.warnings,
            shown(&sent)
        )
    })?;
    if answer.warnings.is_empty() {
        return Ok(());
    }
    let error = refused(subject, op(request.strict())).await?;
    ensure(error.kind() == ErrorKind::Unsupported, || told(&error))
}

async fn options(subject: &Subject) -> Outcome {
    let mut request = question(subject)?;
    let json = |text: &str| Json::parse(text).map_err(|error| error.to_string());
    let ours = json(r#"{"x_conformance":1}"#)?;
    request.options.insert(subject.def.id.to_owned(), ours);
    let theirs = json(r#"{"x_elsewhere":1}"#)?;
    request.options.insert("elsewhere".to_owned(), theirs);
    let request = request.body_patch(json(r#"{"x_patched":2}"#)?);
    let sent = sent_only(subject, request).await?;
    let arrive = carries(&sent, "x_conformance") && carries(&sent, "x_patched");
    ensure(arrive && !carries(&sent, "x_elsewhere"), || {
        format!(
            "options reach their own provider only, and a patch of the body is the last word. Sent: {}",
            shown(&sent)
        )
    })
}

async fn nothing(subject: &Subject) -> Outcome {
    let whole = question(subject)?;
    let mut no_query = whole.clone();
    no_query.query.clear();
    let mut no_documents = whole.clone();
    no_documents.documents.clear();
    for (what, request) in [
        ("query", no_query),
        ("documents", no_documents),
        ("model", whole.model("")),
    ] {
        let refusal = refused(subject, op(request)).await;
        let error = refusal.map_err(|why| format!("a ranking without {what}: {why}"))?;
        ensure(error.kind() == ErrorKind::InvalidRequest, || {
            format!(
                "a ranking without {what} is to be refused as InvalidRequest, and fails as {}",
                told(&error)
            )
        })?;
    }
    Ok(())
}

async fn bulk(subject: &Subject) -> Outcome {
    let most = subject.can.max_documents.unwrap_or_default();
    let documents = |count: usize| of(subject, "q", std::iter::repeat_n("a", count));
    sent_only(subject, documents(most)?)
        .await
        .map_err(|what| format!("{most} documents are what one request takes: {what}"))?;
    let error = refused(subject, op(documents(most + 1)?)).await?;
    ensure(error.kind() == ErrorKind::InvalidRequest, || told(&error))?;
    let text = error.to_string();
    ensure(text.contains(&most.to_string()), || {
        format!("the error is to say that one request takes {most} documents, and says: {text}")
    })
}
