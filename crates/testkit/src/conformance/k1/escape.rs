//! Ways around the vocabulary: options, patches, headers, paths of one's own.

use http::{HeaderName, HeaderValue};
use trunkline_core::{Call, ChatRequest, ErrorKind, Json};

use super::super::{
    Subject,
    carried::carries,
    list::{List, Outcome, ensure},
    probe::{Probe, baseline, refused, send, shown, told},
    subject::KEY,
};
use crate::peer::{Received, Reply};

pub(super) fn add(list: &mut List, talks: &Outcome) {
    list.add_if(
        talks,
        "options_of_this_provider_arrive",
        |subject| async move {
            let id = subject.def.id;
            let request = option(
                baseline(&subject)?,
                id,
                r#"{"x_conformance":{"deep":[1,"x"]}}"#,
            )?;
            let sent = send(&subject, request).await?;
            ensure(carries(&sent.request, "x_conformance"), || {
                format!(
                    "`request.options[{id:?}]` is to be merged into the body. Sent: {}",
                    shown(&sent.request)
                )
            })
        },
    );
    list.add_if(
        talks,
        "options_win_over_what_all_share",
        |subject| async move { wins(&subject).await },
    );
    list.add_if(talks, "options_of_another_provider_do_not_arrive", |subject| async move {
        let base = send(&subject, baseline(&subject)?).await?;
        let request = option(baseline(&subject)?, "elsewhere", r#"{"x_conformance":1}"#)?;
        let sent = send(&subject, request).await?;
        ensure(
            sent.body() == base.body() && sent.new_warnings(&base).is_empty(),
            || {
                format!(
                    "options of another provider are none of this one's: they are not sent, and \
                     not warned of. Sent: {}",
                    shown(&sent.request)
                )
            },
        )
    });
    list.add_if(
        talks,
        "a_patch_of_the_body_has_the_last_word",
        |subject| async move { patch(&subject).await },
    );
    list.add_if(talks, "headers_of_a_call_arrive", |subject| async move {
        headers(&subject).await
    });
    list.add_if(
        talks,
        "headers_that_are_ours_are_refused",
        |subject| async move { own_headers(&subject).await },
    );
    list.add("a_path_of_one_s_own_is_asked", |subject| async move {
        raw(&subject).await
    });
}

fn json(text: &str) -> Outcome<Json> {
    Json::parse(text).map_err(|error| error.to_string())
}

fn option(mut request: ChatRequest, provider: &str, text: &str) -> Outcome<ChatRequest> {
    request.options.insert(provider.to_owned(), json(text)?);
    Ok(request)
}

/// The field in which the limit on output stands is learnt from the wire itself.
async fn wins(subject: &Subject) -> Outcome {
    let neutral = send(subject, baseline(subject)?.max_output_tokens(4_321)).await?;
    let named = neutral.request.json();
    let Some(path) = path_of(&named, &4_321.into()) else {
        return Err(format!(
            "`max_output_tokens` is to be a number in a JSON body. Sent: {}",
            shown(&neutral.request)
        ));
    };
    let nested = path.iter().rev().fold(
        serde_json::json!(1_234),
        |value, name| serde_json::json!({ name: value }),
    );
    let request = baseline(subject)?.max_output_tokens(4_321);
    let request = option(request, subject.def.id, &nested.to_string())?;
    let sent = send(subject, request).await?;
    let text = sent.request.text();
    ensure(text.contains("1234") && !text.contains("4321"), || {
        format!(
            "what `options` says is to stand over `max_output_tokens`: merge it last. Sent: {}",
            shown(&sent.request)
        )
    })
}

/// The names that lead to a value, through objects only.
fn path_of(value: &serde_json::Value, wanted: &serde_json::Value) -> Option<Vec<String>> {
    if value == wanted {
        return Some(Vec::new());
    }
    value.as_object()?.iter().find_map(|(name, value)| {
        let mut path = path_of(value, wanted)?;
        path.insert(0, name.clone());
        Some(path)
    })
}

async fn patch(subject: &Subject) -> Outcome {
    let base = send(subject, baseline(subject)?).await?;
    let request = option(
        baseline(subject)?,
        subject.def.id,
        r#"{"x_conformance":1,"x_gone":2}"#,
    )?;
    let request = request.body_patch(json(r#"{"x_conformance":"patched","x_gone":null}"#)?);
    let sent = send(subject, request).await?;
    ensure(
        carries(&sent.request, "patched") && !carries(&sent.request, "x_gone"),
        || {
            format!(
                "`body_patch` is to be merged into the body after the options, and `null` takes a \
                 field away. Sent: {}",
                shown(&sent.request)
            )
        },
    )?;
    ensure(base.request.path == sent.request.path, || {
        "a patch of the body changes the path".to_owned()
    })
}

async fn headers(subject: &Subject) -> Outcome {
    let probe = Probe::with(subject, subject.spoken()?.reply(), |setup| {
        setup
            .headers
            .push(("x-both".to_owned(), "account".to_owned()));
        setup
            .headers
            .push(("x-account".to_owned(), "account".to_owned()));
    })
    .await?;
    let mut call = Call::new(subject.op(baseline(subject)?));
    for name in ["x-both", "x-call"] {
        let name = HeaderName::from_static(name);
        call.headers.insert(name, HeaderValue::from_static("call"));
    }
    probe.call(call).await.map_err(|error| told(&error))?;
    let request = probe.request()?;
    for (name, value) in [
        ("x-account", "account"),
        ("x-call", "call"),
        ("x-both", "call"),
    ] {
        ensure(request.header(name) == Some(value), || {
            format!(
                "the header `{name}` is to be `{value}` (those of the call stand over those of the \
                 account), and is {:?}",
                request.header(name)
            )
        })?;
    }
    Ok(())
}

async fn own_headers(subject: &Subject) -> Outcome {
    let model = subject.spoken()?.op.model().to_owned();
    for name in ["authorization", "host", "content-length"] {
        let probe = Probe::of(subject, Reply::status(500)).await?;
        let call = probe.built.backend.model(model.as_str()).chat("Hello");
        let outcome = call.header(name, "other").await;
        let is_refused = outcome.is_err_and(|error| error.kind() == ErrorKind::Config);
        ensure(is_refused && probe.peer.seen().received == 0, || {
            format!("the header `{name}` is not the caller's to set, and is not refused")
        })?;
    }
    let error = refused_header(subject).await?;
    ensure(!error.contains("hidden-value"), || {
        format!("the error shows the value of a header: {error}")
    })
}

async fn refused_header(subject: &Subject) -> Outcome<String> {
    let mut setup = subject.at("http://127.0.0.1:9");
    let header = ("x-broken".to_owned(), "hidden-value\n".to_owned());
    setup.headers.push(header);
    match subject.build(setup) {
        Ok(_) => Err("a header with a line break in its value is accepted".to_owned()),
        Err(error) => Ok(format!("{error} {error:?}")),
    }
}

async fn raw(subject: &Subject) -> Outcome {
    const BODY: &str = r#"{"b":1.0,"a":12345678901234567890}"#;
    const ANSWER: &str = r#"{"z":1.0,"a":[12345678901234567890]}"#;
    let probe = Probe::of(subject, Reply::status(200).json(ANSWER)).await?;
    let endpoint = probe.built.backend.endpoint("/x-conformance?a=b");
    let answer = endpoint
        .post(&json(BODY)?)
        .await
        .map_err(|error| told(&error))?;
    ensure(answer.get() == ANSWER, || {
        format!("the answer became {answer}")
    })?;
    let request = probe.request()?;
    let path = format!("{}/x-conformance?a=b", subject.base_path);
    ensure(request.path == path && request.text() == BODY, || {
        format!(
            "{path} is asked as {}, with {}",
            request.path,
            shown(&request)
        )
    })?;
    ensure(has_key(&request), || {
        "a path of one's own is asked without the account's key".to_owned()
    })?;

    let elsewhere = refused_path(subject).await?;
    ensure(elsewhere, || "a path leads to another host".to_owned())
}

/// Whether some header holds the key.
fn has_key(request: &Received) -> bool {
    request.headers.iter().any(|(_, value)| value.contains(KEY))
}

async fn refused_path(subject: &Subject) -> Outcome<bool> {
    let request = trunkline_core::raw::RawRequest::get("@elsewhere.example/steal");
    refused(subject, request.into()).await.map(|_| true)
}
