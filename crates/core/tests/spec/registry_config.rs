//! Registries from files and variables: what is wrong is told with its place, and no key is.

use std::{env::temp_dir, fs};

use trunkline_core::{AccountConfig, Error, ErrorKind, ProviderDef, Registry, Result};

use crate::support::{Answer, Wire, builder, parrot::PARROT};

/// No message may hold it, wherever it stands in a configuration.
const CANARY: &str = "sk-canary-4711";

/// Another provider, with other variables, of the same build.
const MACAW: ProviderDef = ProviderDef::new("macaw", "MACAW", |mut config, client| {
    config.provider = "parrot".to_owned();
    Ok(builder()
        .config(config)
        .client(client)
        .build()?
        .backend()
        .clone())
});

fn wire() -> Wire {
    Wire::new([Answer::json(r#"{"say":"hi"}"#)])
}

fn vars(name: &str) -> Option<String> {
    match name {
        "PARROT_KEY_OF_MINE" => Some(CANARY.to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        _ => None,
    }
}

fn read(json: &str) -> Result<Registry> {
    Registry::from_config(json, &[PARROT, MACAW], &vars, wire().client())
}

fn refused(built: Result<Registry>) -> String {
    let error = built.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    shown(&error)
}

/// All that an error shows, which is never the key.
fn shown(error: &Error) -> String {
    let everything = format!("{error} {error:?} {:?}", std::error::Error::source(error));
    assert!(!everything.contains("canary"), "{everything}");
    error.message().to_owned()
}

#[tokio::test]
async fn a_file_says_everything_and_its_keys_may_be_named() {
    let wire = wire();
    let json = r#"[
        {"provider": "parrot", "keys": [{"env": "PARROT_KEY_OF_MINE"}]},
        {"provider": "parrot", "name": "polly", "keys": ["sk-2"], "model": "ara-2",
         "base_urls": ["https://polly.example/v2"], "headers": {"x-org": "birds"}, "extra": {}}
    ]"#;
    let registry = Registry::from_config(json, &[PARROT], &vars, wire.client()).unwrap();

    registry
        .model("parrot/ara")
        .unwrap()
        .chat("hi")
        .await
        .unwrap();
    registry
        .model("polly/ara")
        .unwrap()
        .chat("hi")
        .await
        .unwrap();

    let [first, second] = &wire.sent()[..] else {
        panic!("two requests")
    };
    assert_eq!(first.headers["authorization"], format!("Bearer {CANARY}"));
    assert_eq!(second.headers["authorization"], "Bearer sk-2");
    assert_eq!(second.headers["x-org"], "birds");
    assert_eq!(second.uri, "https://polly.example/v2/chat");
    let polly = registry.backend("polly").unwrap();
    assert_eq!(
        (&*polly.info().name, polly.default_model()),
        ("polly", Some("ara-2"))
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_there_is() {
    let good = r#"{"provider": "parrot", "keys": ["sk-canary-4711"]}"#;
    for (second, says) in [
        (
            r#"{"provider": "parot", "keys": ["sk-canary-4711"]}"#,
            "entry 2 `parot`, line 2: there is no provider `parot`; there are: parrot, macaw",
        ),
        (
            r#"{"keys": ["sk-canary-4711"]}"#,
            "entry 2, line 2: `provider` is not set; there are: parrot, macaw",
        ),
        (
            r#"{"name": "b", "provider": "parrot", "modle": "ara"}"#,
            "entry 2 `b`, line 2: `modle` is no setting; there are: provider, name, keys, base_urls, model, headers, extra",
        ),
        (
            good,
            "entry 2 `parrot`, line 2: there is a backend `parrot` already; give one of them another `name`",
        ),
        (
            r#"{"name": "a/b", "provider": "parrot"}"#,
            "entry 2 `a/b`, line 2: `name` is empty or has a slash; models are called `name/model`",
        ),
        (
            r#"{"name": "b", "provider": "parrot", "extra": {"region": "eu"}}"#,
            "entry 2 `b`, line 2: there is no setting `region`: this provider has none of its own; remove it",
        ),
        (
            r#"{"name": "b", "provider": "parrot", "model": "a", "model": "b"}"#,
            "entry 2 `b`, line 2: `model` is set twice",
        ),
        (
            r#"{"name": "b", "provider": "parrot"}"#,
            "entry 2 `b`, line 2: no key; set PARROT_API_KEY, or call `.key(…)`",
        ),
    ] {
        assert_eq!(refused(read(&format!("[{good},\n{second}]"))), says);
    }
}

#[test]
fn a_value_of_the_wrong_form_is_not_quoted() {
    let keys = r#"`keys` has to be a list of keys, each a string or {"env": "NAME"}"#;
    for (field, says) in [
        (r#""keys": "sk-canary-4711""#, keys),
        (r#""keys": {"sk-canary-4711": 1}"#, keys),
        (r#""keys": [["sk-canary-4711"]]"#, keys),
        (r#""keys": [{"sk-canary-4711": 1}]"#, keys),
        (r#""keys": [{"env": "A", "sk-canary-4711": 1}]"#, keys),
        (
            r#""base_urls": "https://sk-canary-4711""#,
            "`base_urls` has to be a list of strings",
        ),
        (
            r#""headers": ["sk-canary-4711"]"#,
            "`headers` has to be an object of strings",
        ),
        (
            r#""headers": {"x": {"sk-canary-4711": 1}}"#,
            "`headers` has to be an object of strings",
        ),
        (
            r#""model": ["sk-canary-4711"]"#,
            "`model` has to be a string",
        ),
    ] {
        let message = refused(read(&format!(r#"[{{"provider": "parrot", {field}}}]"#)));
        assert_eq!(message, format!("entry 1 `parrot`, line 1: {says}"));

        // And by serde alone.
        let json = format!(r#"{{"provider": "parrot", {field}}}"#);
        let error = serde_json::from_str::<AccountConfig>(&json).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    for url in ["https://sk-canary-4711@h.example", "sk-canary-4711"] {
        refused(read(&format!(
            r#"[{{"provider": "parrot", "keys": ["k"], "base_urls": ["{url}"]}}]"#
        )));
    }
}

#[test]
fn a_variable_that_is_not_there_is_named_unless_it_looks_like_a_key() {
    let keyed = |name: &str| {
        refused(read(&format!(
            r#"[{{"provider": "parrot", "keys": [{{"env": "{name}"}}]}}]"#
        )))
    };
    assert!(
        keyed("NOT_SET").ends_with("`keys` names the variable NOT_SET, which is not set; set it")
    );
    assert!(keyed("EMPTY").ends_with("EMPTY, which is set and empty; give it a value"));
    assert!(keyed(CANARY).contains("not shown"));

    // Read by serde alone, nothing looks a variable up.
    let named = r#"{"provider": "parrot", "keys": [{"env": "PARROT_KEY_OF_MINE"}]}"#;
    let error = serde_json::from_str::<AccountConfig>(named).unwrap_err();
    assert!(
        error.to_string().contains("Registry::from_config"),
        "{error}"
    );
}

#[test]
fn what_is_no_list_of_accounts_is_told_by_line_and_column() {
    let broken = "[\n  {\"provider\": \"parrot\",\n   \"keys\": [\"sk-canary-4711\" \"x\"]}\n]";
    let message = refused(read(broken));
    assert!(message.contains("line 3, column 30"), "{message}");
    assert!(refused(read("[")).contains("line 1, column 1"));
    for no_list in [
        r#"{"provider": "sk-canary-4711"}"#,
        r#""sk-canary-4711""#,
        "7",
    ] {
        assert!(refused(read(no_list)).contains("list of accounts"));
    }
    for no_account in [r#"["sk-canary-4711"]"#, r#"[["sk-canary-4711"]]"#] {
        assert!(refused(read(no_account)).contains("entry 1, line 1: an account has to be"));
    }
    assert_eq!(read("[]").unwrap().backends().count(), 0);
}

#[test]
fn a_file_is_named_in_what_is_wrong_with_it() {
    let path = temp_dir().join(format!("trunkline-registry-{}.json", std::process::id()));
    let from_file = || Registry::from_file(&path, &[PARROT], &vars, wire().client());
    let named = |message: String| {
        assert!(
            message.starts_with(&path.display().to_string()),
            "{message}"
        );
        message
    };

    assert!(named(refused(from_file())).contains("cannot be read"));
    fs::write(&path, [b'"', 0xff, b'"']).unwrap();
    assert!(named(refused(from_file())).contains("no UTF-8"));
    fs::write(&path, " ".repeat((1 << 20) + 1)).unwrap();
    assert!(named(refused(from_file())).contains("larger than 1 MiB"));
    fs::write(&path, r#"[{"provider": "macaw"}]"#).unwrap();
    assert!(named(refused(from_file())).contains("entry 1 `macaw`, line 1: there is no provider"));
    fs::write(&path, r#"[{"provider": "parrot", "keys": ["k"]}]"#).unwrap();
    assert!(from_file().unwrap().backend("parrot").is_some());
    fs::remove_file(&path).unwrap();
}

fn from_env(set: &[(&str, &str)]) -> Result<Registry> {
    let vars = |name: &str| {
        let found = set.iter().find(|(known, _)| *known == name)?;
        Some(found.1.to_owned())
    };
    Registry::from_env(&[PARROT, MACAW], &vars, wire().client())
}

#[test]
fn the_environment_says_which_providers_there_are() {
    let names = |set: &[(&str, &str)]| -> Vec<String> {
        let registry = from_env(set).unwrap();
        registry
            .backends()
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    assert!(names(&[]).is_empty());
    assert_eq!(names(&[("PARROT_API_KEY", CANARY)]), ["parrot"]);
    assert_eq!(
        names(&[
            ("PARROT_API_KEYS", CANARY),
            ("PARROT_BASE_URLS", "https://birds.example"),
            ("MACAW_API_KEY", CANARY),
            ("MACAW_MODEL", "ara-9"),
        ]),
        ["macaw", "parrot"]
    );
}

#[test]
fn half_an_environment_is_a_mistake() {
    for set in [
        &[("PARROT_MODEL", "ara")][..],
        &[("PARROT_BASE_URL", "https://birds.example")],
        &[("PARROT_API_KEY", "")],
        &[("PARROT_API_KEY", CANARY), ("PARROT_API_KEYS", CANARY)],
    ] {
        assert!(refused(from_env(set)).contains("PARROT_API_KEY"), "{set:?}");
    }
}
