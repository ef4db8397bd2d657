//! A registry of real providers, over loopback: from a configuration to an answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use trunkline::{HttpClient, ProviderDef, Registry};
use trunkline_testkit::{
    EmbeddedProvider,
    embedded::{CHAT_MODEL, EMBED_MODEL},
};

const PROVIDERS: [ProviderDef; 2] = [trunkline_groq::PROVIDER, trunkline_openai::PROVIDER];

#[test]
fn the_facade_lists_the_providers_whose_features_are_on() {
    let on: Vec<&str> = trunkline::providers()
        .iter()
        .map(|provider| provider.id)
        .collect();
    for (id, is_on) in [
        ("groq", cfg!(feature = "groq")),
        ("openai", cfg!(feature = "openai")),
    ] {
        assert_eq!(on.contains(&id), is_on, "{id}");
    }
    // Each once, by name.
    assert!(on.is_sorted_by(|one, next| one < next), "{on:?}");
}

#[tokio::test]
async fn a_configuration_leads_to_an_answer_by_the_server_s_own_list() {
    let server = EmbeddedProvider::start().await;
    let json = format!(
        r#"[
            {{ "provider": "openai", "name": "here", "base_urls": ["{}"], "keys": [{{ "env": "HERE" }}], "extra": {{ "api": "chat-completions" }} }},
            {{ "provider": "groq", "base_urls": ["http://127.0.0.1:1"], "keys": ["none"] }}
        ]"#,
        server.url()
    );
    let vars = |name: &str| (name == "HERE").then(|| server.key().to_owned());
    let models = Registry::from_config(&json, &PROVIDERS, &vars, HttpClient::shared()).unwrap();

    let catalog = models.models().await;

    let model = catalog.find(CHAT_MODEL).unwrap();
    assert_eq!(&*model.backend().info().name, "here");
    assert!(!model.chat("Hello").await.unwrap().text().is_empty());
    assert!(catalog.find(EMBED_MODEL).is_ok());
    let unreachable: Vec<&str> = catalog
        .backends()
        .filter(|(_, listed)| listed.error.is_some())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(unreachable, ["groq"]);
}

#[test]
fn a_name_leads_to_the_one_provider_that_declares_it() {
    let vars = |name: &str| name.ends_with("_API_KEY").then(|| "key".to_owned());
    let models = Registry::from_env(&PROVIDERS, &vars, HttpClient::shared()).unwrap();

    let found = |name: &str| {
        models
            .find_compatible(name)
            .map(|model| model.backend().info().provider)
    };
    assert_eq!(found("gpt-5-mini").unwrap(), "openai");
    assert_eq!(found("openai/gpt-oss-120b").unwrap(), "groq");
    assert!(found("claude-sonnet-4-5").is_err());
}

#[test]
fn models_that_think_before_they_speak_are_known_by_name() {
    let vars = |name: &str| name.ends_with("_API_KEY").then(|| "key".to_owned());
    let models = Registry::from_env(&PROVIDERS, &vars, HttpClient::shared()).unwrap();
    let reasons = |name: &str| {
        models
            .find_compatible(name)
            .unwrap()
            .backend()
            .info()
            .reasons(name)
    };

    for name in [
        "o3",
        "o4-mini",
        "gpt-5",
        "gpt-5-2025-08-07",
        "gpt-5.2",
        "openai/gpt-oss-20b",
        "qwen/qwen3-32b",
    ] {
        assert!(reasons(name), "{name}");
    }
    for name in [
        "gpt-4.1-mini",
        "gpt-4o",
        "gpt-5-chat-latest",
        "llama-3.3-70b-versatile",
    ] {
        assert!(!reasons(name), "{name}");
    }
}
