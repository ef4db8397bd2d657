//! Accounts of environment variables.

use std::{collections::BTreeMap, sync::Arc};

use trunkline_core::Call;

use super::{
    super::{
        Subject,
        carried::carries,
        list::{List, Outcome, ensure},
        probe::{Probe, baseline, shown, told},
        subject::{KEY, Setup},
    },
    refusal,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    list.add_if(&talks, "variables_make_an_account", |subject| async move {
        works(&subject, "API_KEY", "BASE_URL").await
    });
    list.add_if(
        &talks,
        "variables_in_the_plural_make_an_account",
        |subject| async move { works(&subject, "API_KEYS", "BASE_URLS").await },
    );
    list.add("a_variable_that_is_empty_is_named", |subject| async move {
        for name in ["API_KEY", "BASE_URL", "MODEL"] {
            let setup = of_vars(&subject, &[(name, " ")]);
            let name = format!("{}_{name}", subject.def.env);
            refusal(subject.build(setup), "of an empty variable", &[&name])?;
        }
        Ok(())
    });
    list.add(
        "a_variable_that_is_set_twice_over_is_named",
        |subject| async move {
            let setup = of_vars(&subject, &[("API_KEY", "a"), ("API_KEYS", "b,c")]);
            let env = subject.def.env;
            let names = [format!("{env}_API_KEY"), format!("{env}_API_KEYS")];
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            refusal(subject.build(setup), "of both variables", &names).map(|_| ())
        },
    );
    let keyed = ensure(!subject.def.key_optional, || {
        "the provider serves without a key".to_owned()
    });
    list.add_if(
        &keyed,
        "a_key_that_is_missing_names_its_variable",
        |subject| async move {
            let name = format!("{}_API_KEY", subject.def.env);
            let setup = of_vars(&subject, &[]);
            refusal(subject.build(setup), "without a key", &[&name]).map(|_| ())
        },
    );
    let keyless = ensure(subject.def.key_optional, || {
        "the provider asks for a key".to_owned()
    });
    list.add_if(&keyless, "no_key_is_needed", |subject| async move {
        let setup = of_vars(&subject, &[]);
        let built = subject.build(setup);
        built.map(|_| ()).map_err(|error| told(&error))
    });
    let homeless = ensure(subject.def.base_url.is_none(), || {
        "the provider has a base URL of its own".to_owned()
    });
    list.add_if(
        &homeless,
        "a_base_url_that_is_missing_names_its_variable",
        |subject| async move {
            let name = format!("{}_BASE_URL", subject.def.env);
            let mut setup = of_vars(&subject, &[("API_KEY", KEY)]);
            setup.endpoints.clear();
            refusal(subject.build(setup), "without a base URL", &[&name]).map(|_| ())
        },
    );
    let settled = ensure(!subject.settings.is_empty(), || {
        "no setting of the provider's own was given to `Subject::setting`".to_owned()
    });
    list.add_if(
        &settled,
        "settings_of_its_own_are_read_of_variables",
        |subject| async move {
            let mut setup = of_vars(&subject, &[("API_KEY", KEY)]);
            setup.settings.clear();
            let vars = setup.vars.get_or_insert_default();
            for (name, value) in &subject.settings {
                let name = format!("{}_{}", subject.def.env, name.to_ascii_uppercase());
                vars.insert(name, value.clone());
            }
            let built = subject.build(setup);
            built.map(|_| ()).map_err(|error| told(&error))
        },
    );
}

/// An account of these variables, named without their prefix, and nothing else but its settings.
fn of_vars(subject: &Subject, vars: &[(&str, &str)]) -> Setup {
    let mut setup = subject.at("http://127.0.0.1:9");
    setup.keys.clear();
    let prefix = subject.def.env;
    let vars = vars
        .iter()
        .map(|(name, value)| (format!("{prefix}_{name}"), (*value).to_owned()));
    setup.vars = Some(vars.collect::<BTreeMap<_, _>>());
    setup
}

async fn works(subject: &Subject, key: &str, base_url: &str) -> Outcome {
    let case = subject.spoken()?;
    let probe = Probe::with(subject, case.reply(), |setup| {
        let url = setup.endpoints.pop().unwrap_or_default();
        let model = ("MODEL", "conformance-model-1");
        let vars = of_vars(subject, &[(key, KEY), (base_url, &url), model]);
        setup.keys.clear();
        setup.vars = vars.vars;
    })
    .await?;
    let model = probe.built.backend.default_model().map(str::to_owned);
    ensure(model.as_deref() == Some("conformance-model-1"), || {
        format!("the default model is {model:?}, not that of the variable")
    })?;
    let request = baseline(subject)?.model(model.unwrap_or_default());
    let outcome = probe.call(Call::new(subject.op(request))).await;
    outcome.map_err(|error| told(&error))?;
    let request = probe.request()?;
    ensure(carries(&request, "conformance-model-1"), || {
        format!(
            "the model of the variable is not asked. Sent: {}",
            shown(&request)
        )
    })?;
    let has_key = request.headers.iter().any(|(_, value)| value.contains(KEY));
    ensure(has_key, || "the key of the variable is not sent".to_owned())
}
