//! Accounts that are built by hand, and of a configuration.

use std::sync::Arc;

use trunkline_core::{AccountConfig, Call};

use super::{
    super::{
        Subject,
        list::{List, Outcome, ensure},
        probe::{Probe, baseline, shown, told},
        subject::KEY,
    },
    nowhere, refusal,
};
use crate::peer::{Received, Script};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    list.add_if(
        &talks,
        "a_slash_at_the_end_of_the_base_url_changes_nothing",
        |subject| async move { slash(&subject).await },
    );
    list.add_if(
        &talks,
        "a_key_of_the_call_stands_in_for_the_account_s",
        |subject| async move { own_key(&subject).await },
    );
    list.add_if(
        &talks,
        "a_configuration_makes_an_account",
        |subject| async move { configured(&subject).await },
    );
    list.add(
        "the_configuration_of_another_provider_is_refused",
        |subject| async move {
            let mut setup = nowhere(&subject);
            setup.config = Some(config(r#"{"provider":"elsewhere"}"#)?);
            refusal(
                subject.build(setup),
                "of another's configuration",
                &["elsewhere"],
            )
            .map(|_| ())
        },
    );
    list.add(
        "a_setting_that_nobody_knows_is_refused",
        |subject| async move {
            let mut setup = nowhere(&subject);
            let unknown = ("x_conformance".to_owned(), "a-hidden-value".to_owned());
            setup.settings.push(unknown);
            let error = refusal(
                subject.build(setup),
                "of an unknown setting",
                &["x_conformance"],
            )?;
            ensure(
                !format!("{error} {error:?}").contains("a-hidden-value"),
                || "the error shows the value of the setting".to_owned(),
            )
        },
    );
    list.add("a_base_url_that_is_none_is_refused", |subject| async move {
        for url in [
            "api.example.com",
            "https://",
            "https://u:hidden@example.com/",
        ] {
            let mut setup = nowhere(&subject);
            setup.endpoints = vec![url.to_owned()];
            let error = refusal(subject.build(setup), &format!("at {url:?}"), &[])?;
            ensure(!format!("{error} {error:?}").contains("hidden"), || {
                "the error shows the password of the base URL".to_owned()
            })?;
        }
        Ok(())
    });
    list.add("a_key_is_not_sent_in_clear_text", |subject| async move {
        let mut setup = nowhere(&subject);
        setup.endpoints = vec![format!("http://api.example.com{}", subject.base_path)];
        refusal(subject.build(setup), "in clear text", &["https"]).map(|_| ())
    });
    list.add(
        "a_key_that_no_header_carries_is_refused",
        |subject| async move {
            for key in ["", "hidden\u{7}key", "hidden-schlüssel"] {
                let mut setup = nowhere(&subject);
                setup.keys = vec![key.into()];
                let error = refusal(
                    subject.build(setup),
                    "of a key that cannot be sent",
                    &["key"],
                )?;
                ensure(!format!("{error} {error:?}").contains("hidden"), || {
                    "the error shows the key".to_owned()
                })?;
            }
            Ok(())
        },
    );
}

async fn slash(subject: &Subject) -> Outcome {
    let mut paths = Vec::new();
    for end in ["", "/"] {
        let probe = Probe::with(subject, subject.spoken()?.reply(), |setup| {
            setup.endpoints.iter_mut().for_each(|url| url.push_str(end));
        })
        .await?;
        let outcome = probe.call(Call::new(subject.op(baseline(subject)?))).await;
        outcome.map_err(|error| told(&error))?;
        paths.push(probe.request()?.path);
    }
    ensure(paths.first() == paths.get(1), || {
        format!("a slash at the end of the base URL makes another path: {paths:?}")
    })
}

/// The header that holds a key, by its name.
fn holder(request: &Received, key: &str) -> Option<String> {
    let mut headers = request.headers.iter();
    let found = headers.find(|(_, value)| value.contains(key));
    found.map(|(name, _)| name.to_ascii_lowercase())
}

async fn own_key(subject: &Subject) -> Outcome {
    let case = subject.spoken()?;
    let script = Script::new([case.reply()]).repeat_last();
    let probe = Probe::of(subject, script).await?;
    for key in [None, Some("another-key")] {
        let mut call = Call::new(subject.op(baseline(subject)?));
        call.key = key.map(Into::into);
        probe.call(call).await.map_err(|error| told(&error))?;
    }
    let requests = probe.peer.requests();
    let (Some(first), Some(second)) = (requests.first(), requests.get(1)) else {
        return Err("two requests are to be sent".to_owned());
    };
    let place = holder(first, KEY);
    ensure(place.is_some(), || {
        "the account's key is in no header of the request".to_owned()
    })?;
    ensure(holder(second, "another-key") == place, || {
        format!("the key of a call is to be in the header {place:?}, as the account's is")
    })?;
    ensure(holder(second, KEY).is_none(), || {
        "a call with a key of its own sends the account's key too".to_owned()
    })
}

fn config(json: &str) -> Outcome<AccountConfig> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

async fn configured(subject: &Subject) -> Outcome {
    let id = subject.def.id;
    let case = subject.spoken()?;
    let mut wrong = None;
    let probe = Probe::with(subject, case.reply(), |setup| {
        let url = setup.endpoints.pop().unwrap_or_default();
        setup.keys.clear();
        let json = serde_json::json!({
            "provider": id,
            "name": "mine",
            "keys": [KEY],
            "base_urls": [url],
            "model": "conformance-model-1",
            "headers": { "x-account": "configured" },
        });
        match config(&json.to_string()) {
            Ok(read) => setup.config = Some(read),
            Err(error) => wrong = Some(error),
        }
    })
    .await?;
    wrong.map_or(Ok(()), Err)?;
    let backend = &probe.built.backend;
    ensure(&*backend.info().name == "mine", || {
        format!(
            "the account is called `{}`, not `mine`",
            backend.info().name
        )
    })?;
    let model = backend.default_model().unwrap_or_default().to_owned();
    let outcome = probe
        .call(Call::new(subject.op(baseline(subject)?.model(model))))
        .await;
    outcome.map_err(|error| told(&error))?;
    let request = probe.request()?;
    ensure(
        request.header("x-account") == Some("configured")
            && holder(&request, KEY).is_some()
            && super::super::carried::carries(&request, "conformance-model-1"),
        || {
            format!(
                "key, model and headers of the configuration are to arrive. Sent: {}",
                shown(&request)
            )
        },
    )
}
