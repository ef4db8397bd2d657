//! Building an account: every mistake is told, what to do about it is told, the key is not.

use std::time::Duration;

use trunkline_core::{
    Account, AccountConfig, Error, ErrorKind, Registry, Result,
    middleware::{Breaker, Deadline, Gate, RateLimit, Retry, Stack},
    protocol::{AuthScheme, Limits, Timers},
};

use crate::support::{Answer, Wire, builder, parrot::KEY};

type Builder = trunkline_core::account::Builder;

fn wire() -> Wire {
    Wire::new([Answer::json(r#"{"say":"hi"}"#)])
}

fn refused(built: Result<Account>) -> Error {
    let error = built.unwrap_err();
    assert_eq!(
        (error.kind(), error.provider()),
        (ErrorKind::Config, "parrot")
    );
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary") && !all.contains("hunter2"), "{all}");
    error
}

fn with(change: impl FnOnce(Builder) -> Builder) -> Result<Account> {
    change(builder().client(wire().client()).key(KEY)).build()
}

fn keyed(key: &str) -> Result<Account> {
    builder().client(wire().client()).key(key).build()
}

fn from_vars(vars: &[(&str, &str)]) -> Result<Account> {
    let find = |name: &str| {
        vars.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    builder().client(wire().client()).vars(&find)?.build()
}

#[test]
fn f120_a_key_goes_in_clear_text_to_this_machine_only() {
    for url in [
        "http://api.example.com/v1",
        "http://10.0.0.1:8000",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
    ] {
        let error = refused(with(|builder| builder.endpoint(url)));
        assert!(
            error.message().contains("https") && error.message().contains("allow_plain_http"),
            "{error}"
        );
        assert!(with(|builder| builder.endpoint(url).allow_plain_http()).is_ok());
    }
    for url in [
        "http://localhost:8080/v1",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "https://api.example.com",
    ] {
        assert!(with(|builder| builder.endpoint(url)).is_ok(), "{url}");
    }
}

#[test]
fn f121_a_base_url_is_scheme_host_and_path() {
    for url in [
        "https://u:hunter2@h.example/",
        "https://h.example/?k=hunter2",
        "https://h.example/#hunter2",
        "h.example",
        "ftp://h.example",
        "https://",
        "https:///v1",
        "https://a b",
    ] {
        refused(with(|builder| builder.endpoint(url)));
    }
    let twice = refused(with(|builder| {
        builder
            .endpoint("https://a.example")
            .endpoint("https://a.example/")
    }));
    assert!(twice.message().contains("a.example was given twice"));
}

#[tokio::test]
async fn f122_a_key_that_no_header_carries_is_refused_and_its_last_newline_is_not_part_of_it() {
    for key in [
        "canary\r\nx-evil: 1",
        "canary\n\n",
        "can\0ary",
        "canäry",
        "",
        "\n",
        "canary\x7f",
    ] {
        refused(keyed(key));
    }
    for key in ["sk-1\n", "sk-1\r\n"] {
        let wire = wire();
        let account = builder().client(wire.client()).key(key).build().unwrap();
        account.model("ara").chat("hi").await.unwrap();
        assert_eq!(wire.sent()[0].headers["authorization"], "Bearer sk-1");
    }
}

#[test]
fn f122_headers_of_an_account_are_checked_as_it_is_built() {
    for (name, value) in [
        ("x y", "v"),
        ("x-a", "canary\r\nx-b: 1"),
        ("authorization", "canary"),
        ("host", "evil.example"),
        ("content-length", "0"),
    ] {
        refused(with(|builder| builder.header(name, value)));
    }
}

#[test]
fn f123_a_number_that_cannot_be_meant_is_refused() {
    let timers = Timers::default();
    for timers in [
        timers.head(Duration::ZERO),
        timers.byte_idle(Duration::ZERO),
        timers.progress_idle(Duration::ZERO),
        timers.first_content(Duration::ZERO),
    ] {
        assert!(
            refused(with(|builder| builder.timers(timers)))
                .message()
                .contains("zero")
        );
    }
    let limits = Limits::default();
    for limits in [
        limits.body(0),
        limits.event(0),
        limits.stream_bytes(0),
        limits.stream_events(0),
    ] {
        assert!(
            refused(with(|builder| builder.limits(limits)))
                .message()
                .contains("zero")
        );
    }
    let stack = Stack::default();
    for stack in [
        stack.clone().retry(Retry::default().attempts(0)),
        stack
            .clone()
            .deadline(Deadline::default().total(Duration::ZERO)),
        stack
            .clone()
            .deadline(Deadline::default().max_stream(Duration::ZERO)),
        stack
            .clone()
            .retry(Retry::default().backoff(Duration::from_secs(2), Duration::from_secs(1))),
        stack
            .clone()
            .breaker(Breaker::default().failure_rate(f64::NAN)),
        stack.clone().breaker(Breaker::default().failure_rate(-0.5)),
        stack
            .clone()
            .breaker(Breaker::default().longest_rest(Duration::from_secs(1))),
        stack.clone().endpoint_limits(Gate::new(0, 1)),
        stack.clone().key_concurrency(0),
        stack
            .clone()
            .key_limits(RateLimit::new().requests_per_minute(0)),
        stack.key_limits(RateLimit::new().requests_per_minute(10).request_burst(11)),
    ] {
        refused(with(|builder| builder.stack(stack)));
    }
    let weightless = |builder: Builder| builder.weighted_endpoint("https://a.example", 0);
    refused(with(weightless));
    let no_bounds = Timers::default()
        .head(None)
        .byte_idle(None)
        .progress_idle(None);
    assert!(with(|builder| builder.timers(no_bounds)).is_ok());
    let far = Timers::default().byte_idle(Duration::MAX);
    assert!(
        with(|builder| builder
            .timers(far)
            .stack(Stack::default().deadline(Deadline::default().total(Duration::MAX))))
        .is_ok()
    );
}

#[test]
fn f124_what_is_missing_is_named() {
    assert!(refused(from_vars(&[])).message().contains("PARROT_API_KEY"));
    for name in [
        "PARROT_API_KEY",
        "PARROT_API_KEYS",
        "PARROT_BASE_URL",
        "PARROT_MODEL",
    ] {
        for empty in ["", "  "] {
            assert!(
                refused(from_vars(&[(name, empty)]))
                    .message()
                    .contains(name)
            );
        }
    }
    let error = refused(builder().key(KEY).build());
    assert!(error.message().contains(".client("), "{error}");
}

#[test]
fn singular_and_plural_together_are_a_mistake() {
    for what in ["API_KEY", "BASE_URL"] {
        let (singular, plural) = (format!("PARROT_{what}"), format!("PARROT_{what}S"));
        let error = refused(from_vars(&[
            (&singular, "hunter2"),
            (&plural, "hunter2,canary"),
        ]));
        assert!(
            error.message().contains(&singular) && error.message().contains(&plural),
            "{error}"
        );
    }
    assert!(
        refused(from_vars(&[("PARROT_API_KEYS", "a,,b")]))
            .message()
            .contains("PARROT_API_KEYS")
    );
}

#[test]
fn several_keys_and_endpoints_make_a_pool() {
    let account = from_vars(&[
        ("PARROT_API_KEYS", "sk-1,sk-2,sk-3"),
        ("PARROT_BASE_URLS", "https://a.example,https://b.example"),
    ]);
    let stats = account.unwrap().backend().stats();
    assert_eq!((stats.keys.len(), stats.endpoints.len()), (3, 2));
}

#[test]
fn the_environment_says_where_with_which_key_and_for_which_model() {
    let account = from_vars(&[
        ("PARROT_API_KEYS", " sk-1 "),
        ("PARROT_BASE_URL", "https://other.example/v1/"),
        ("PARROT_MODEL", "ara-2"),
    ])
    .unwrap();
    assert_eq!(account.default_model().unwrap().name(), "ara-2");
    assert_eq!(
        account.backend().stats().endpoints[0].endpoint,
        "other.example"
    );
}

#[test]
fn a_configuration_says_the_same_and_nothing_else() {
    let read = |text: &str| serde_json::from_str::<AccountConfig>(text);
    let config = read(r#"{"provider":"parrot","name":"polly","keys":["sk-canary"],"model":"ara-3","headers":{"x-org":"canary"},"base_urls":["https://canary.example"]}"#).unwrap();
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");

    let account = builder()
        .client(wire().client())
        .config(config)
        .build()
        .unwrap();
    assert_eq!(
        (
            &*account.backend().info().name,
            account.default_model().unwrap().name()
        ),
        ("polly", "ara-3")
    );

    let error = read(r#"{"provider":"parrot","modle":"ara"}"#).unwrap_err();
    assert!(error.to_string().contains("modle"), "{error}");

    let other = read(r#"{"provider":"groq","keys":["sk-canary"]}"#).unwrap();
    assert!(
        refused(builder().client(wire().client()).config(other).build())
            .message()
            .contains("groq")
    );
}

#[test]
fn a_registry_routes_nothing_by_a_silent_default() {
    let registry = Registry::new()
        .with(with(|builder| builder.name("a")).unwrap().backend().clone())
        .with(with(|builder| builder.name("b")).unwrap().backend().clone())
        .alias("fast", "b/ara/2");
    assert_eq!(registry.model("fast").unwrap().name(), "ara/2");
    assert_eq!(&*registry.model("a/x").unwrap().backend().info().name, "a");
    for path in ["ara", "c/ara", "a/", "/x", ""] {
        let error = registry.model(path).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Config && error.message().contains("a, b"),
            "{path}: {error}"
        );
    }
}

/// A provider that wants to know more than a key.
mod own_settings {
    use trunkline_core::{ProviderDef, account::Provider, account::Settings};

    use super::*;
    use crate::support::parrot::{PARROT, Parrot};

    enum Particular {}

    const PARTICULAR: ProviderDef = ProviderDef::of::<Particular>("parrot", "PARROT")
        .base_url("https://api.parrot.example/v1")
        .settings(&["api_version", "region"]);

    impl Provider for Particular {
        type Protocol = Parrot;
        const DEF: &'static ProviderDef = &PARTICULAR;

        fn protocol(settings: &Settings) -> Result<Parrot> {
            match settings.get("api_version") {
                Some("2") => Ok(Parrot),
                other => Err(Error::config(format!("api_version is {other:?}"))),
            }
        }
    }

    fn builder() -> trunkline_core::account::Builder<Particular> {
        Account::builder().client(wire().client()).key(KEY)
    }

    fn config(extra: &str) -> AccountConfig {
        serde_json::from_str(&format!(r#"{{"provider":"parrot","extra":{extra}}}"#)).unwrap()
    }

    fn message(built: Result<Account<Particular>>) -> String {
        let error = built.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.message().to_owned()
    }

    #[test]
    fn a_setting_comes_by_name_from_a_configuration_and_from_the_environment() {
        assert!(builder().setting("api_version", "2").build().is_ok());
        assert!(
            builder()
                .config(config(r#"{"api_version":"2"}"#))
                .build()
                .is_ok()
        );
        let vars = |name: &str| (name == "PARROT_API_VERSION").then(|| "2".to_owned());
        assert!(builder().vars(&vars).unwrap().build().is_ok());
        assert_eq!(message(builder().build()), "api_version is None");
    }

    #[test]
    fn what_is_set_by_hand_goes_before_a_configuration() {
        let built = builder()
            .setting("api_version", "2")
            .config(config(r#"{"api_version":"1"}"#))
            .build();
        assert!(built.is_ok());
    }

    #[test]
    fn a_setting_that_the_provider_does_not_know_is_told_with_those_that_it_knows() {
        let told = message(builder().setting("version", "2").build());
        assert_eq!(
            told,
            "there is no setting `version`; there are: api_version, region"
        );
        let told = message(builder().config(config(r#"{"Sk-canary":"2"}"#)).build());
        assert!(!told.contains("canary"), "{told}");
        let told = message(builder().config(config("[1]")).build());
        assert_eq!(told, "`extra` has to be an object of strings and numbers");
        let none = trunkline_core::account::Builder::of(&PARROT, Parrot)
            .client(wire().client())
            .key(KEY)
            .config(config(r#"{"region":"eu"}"#));
        let error = none.build().unwrap_err();
        assert!(
            error.message().contains("`region`: this provider has none"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_account_may_take_its_key_otherwise_than_its_provider_does() {
    let wire = wire();
    let account = builder()
        .client(wire.client())
        .key("of-a-gateway")
        .auth(AuthScheme::Header("api-key"))
        .build()
        .unwrap();
    account.model("ara").chat("hi").await.unwrap();
    let sent = &wire.sent()[0];
    assert_eq!(sent.headers["api-key"], "of-a-gateway");
    assert!(!sent.headers.contains_key("authorization"));
}
