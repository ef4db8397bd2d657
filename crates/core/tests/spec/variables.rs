//! Further names of variables: those of a provider's own documentation.

use trunkline_core::{
    Account, ErrorKind, HttpClient, ProviderDef, Registry, Result, account::Builder,
};

use crate::support::{Answer, Wire, parrot::Parrot};

static HEN: ProviderDef = ProviderDef::new("hen", "HEN", |config, client| {
    let built = Builder::of(&HEN, Parrot).config(config).client(client);
    Ok(built.build()?.backend().clone())
})
.settings(&["api_version"])
.variables(&[
    ("API_KEY", "HEN_TOKEN"),
    ("API_KEY", "HEN_SECRET"),
    ("BASE_URL", "HEN_ENDPOINT"),
    ("MODEL", "HEN_DEPLOYMENT"),
    ("API_VERSION", "HEN_VERSION"),
]);

fn find<'a>(vars: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| {
        let found = vars.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn account(wire: &Wire, vars: &[(&str, &str)]) -> Result<Account> {
    let builder = Builder::of(&HEN, Parrot).client(wire.client());
    builder.vars(&find(vars))?.build()
}

fn wire() -> Wire {
    Wire::new([Answer::json(r#"{"say":"hi"}"#)])
}

const ENDPOINT: (&str, &str) = ("HEN_ENDPOINT", "https://hen.example/v1");

#[tokio::test]
async fn names_of_the_provider_s_own_are_read_where_ours_are_not_set() {
    for (vars, key) in [
        (vec![("HEN_TOKEN", "theirs")], "theirs"),
        (vec![("HEN_SECRET", "second")], "second"),
        (
            vec![("HEN_SECRET", "second"), ("HEN_TOKEN", "theirs")],
            "theirs",
        ),
        (
            vec![("HEN_TOKEN", "theirs"), ("HEN_API_KEY", "ours")],
            "ours",
        ),
        // Not even looked at, so that it may be empty.
        (vec![("HEN_TOKEN", ""), ("HEN_API_KEYS", "ours")], "ours"),
    ] {
        let wire = wire();
        let vars = [&vars[..], &[ENDPOINT, ("HEN_DEPLOYMENT", "fox")]].concat();
        let account = account(&wire, &vars).unwrap();
        let model = account.default_model().unwrap();
        model.chat("hi").await.unwrap();
        let sent = &wire.sent()[0];
        assert_eq!(sent.headers["authorization"], format!("Bearer {key}"));
        assert_eq!(sent.uri.host(), Some("hen.example"));
        assert_eq!(model.name(), "fox");
    }
}

#[test]
fn a_setting_has_further_names_too() {
    let vars = [ENDPOINT, ("HEN_TOKEN", "k"), ("HEN_VERSION", "7")];
    assert!(account(&wire(), &vars).is_ok());
    let empty = [ENDPOINT, ("HEN_TOKEN", "k"), ("HEN_VERSION", " ")];
    let error = account(&wire(), &empty).unwrap_err();
    assert!(error.message().contains("HEN_VERSION"), "{error}");
}

#[test]
fn what_is_missing_is_told_by_all_its_names() {
    let error = account(&wire(), &[ENDPOINT]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.message(),
        "no key; set HEN_API_KEY, HEN_TOKEN or HEN_SECRET, or call `.key(…)`"
    );
    let error = account(&wire(), &[("HEN_TOKEN", "k")]).unwrap_err();
    assert_eq!(
        error.message(),
        "no base URL; set HEN_BASE_URL or HEN_ENDPOINT, or call `.endpoint(…)`"
    );
}

#[test]
fn a_registry_reads_them_too() {
    let vars = [ENDPOINT, ("HEN_TOKEN", "k")];
    let client: HttpClient = wire().client();
    let registry = Registry::from_env(std::slice::from_ref(&HEN), &find(&vars), client).unwrap();
    assert!(registry.backend("hen").is_some());
}
