//! Finding a model: by what backends declare, by what they list, and never by a silent default.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};
use trunkline_core::{
    Backend, BackendInfo, Capabilities, ErrorKind, ModelInfo, Phase, Registry, Reply, Result,
    models::ModelsPage,
};

use crate::support::{
    Answer, Wire, builder,
    parrot::{KEY, backend},
};

/// A backend that declares models `ara*`, for chats and streams.
fn parrot(name: &str) -> Backend {
    let client = Wire::new([Answer::json(r#"{"say":"hi"}"#)]).client();
    let account = builder().client(client).key(KEY).name(name).build();
    account.unwrap().backend().clone()
}

/// A backend that declares nothing and lists these models.
fn lists(models: &'static [&'static str]) -> Backend {
    backend(move |_| async move { page(models) })
}

fn page(models: &[&str]) -> Result<Reply> {
    let models = models.iter().map(|id| ModelInfo::new(*id)).collect();
    Ok(Reply::Models(ModelsPage::new(models)))
}

fn refused(found: Result<trunkline_core::Model>, says: &[&str]) {
    let error = found.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for words in says {
        assert!(error.message().contains(words), "{words}: {error}");
    }
}

#[test]
fn a_model_is_found_by_the_one_backend_that_declares_it() {
    let registry = Registry::new().with(parrot("a")).with_as("b", lists(&[]));

    let model = registry.find_compatible("ara-7").unwrap();

    assert_eq!(
        (model.name(), &*model.backend().info().name),
        ("ara-7", "a")
    );
    let names: Vec<&str> = registry.matches("ara-7").map(|(name, _)| name).collect();
    assert_eq!(names, ["a"]);
    assert_eq!(registry.matches("cockatoo").count(), 0);
}

#[test]
fn a_model_that_several_declare_or_none_is_refused_with_the_candidates() {
    let registry = Registry::new()
        .with(parrot("b"))
        .with(parrot("a"))
        .with_as("c", lists(&[]));

    refused(registry.find_compatible("ara"), &["a/ara, b/ara"]);
    refused(
        registry.find_compatible("cockatoo"),
        &["`cockatoo`", "there are: a, b, c", "backend/model"],
    );
    refused(Registry::new().find_compatible("ara"), &["no backends"]);
}

#[test]
fn a_backend_is_found_by_what_it_declares() {
    let registry = Registry::new()
        .with(parrot("a"))
        .with_as("nothing", lists(&[]));
    let able = |needs| {
        registry
            .capable_of(needs)
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };

    assert_eq!(able(Capabilities::NONE.chat().stream()), ["a"]);
    assert_eq!(able(Capabilities::NONE), ["a", "nothing"]);
    assert!(able(Capabilities::NONE.chat().tools()).is_empty());
}

#[test]
fn a_bound_on_inputs_is_a_capability() {
    let some = Capabilities::NONE.embed().max_inputs(96);
    assert!(some.includes(Capabilities::NONE.embed().max_inputs(96)));
    assert!(!some.includes(Capabilities::NONE.embed().max_inputs(97)));
    assert!(
        Capabilities::NONE
            .embed()
            .includes(Capabilities::NONE.embed().max_inputs(97)),
        "no bound is declared"
    );
}

#[test]
fn models_that_think_first_are_told_by_patterns() {
    let info = BackendInfo::new("parrot").reasoning_models(&["ara-think*"]);
    assert!(info.reasons("ara-think-2"));
    assert!(!info.reasons("ara"));
}

#[test]
fn a_table_of_what_there_is_can_be_written() {
    let registry = Registry::new().with(parrot("polly"));
    assert_eq!(
        serde_json::to_string(&registry.describe()).unwrap(),
        r#"[{"name":"polly","provider":"parrot","default_model":"ara","models":["ara*"],"capabilities":["chat","stream"]}]"#
    );
}

#[tokio::test]
async fn a_model_is_found_by_the_one_backend_that_lists_it() {
    let registry = Registry::new()
        .with_as("a", lists(&["llama", "qwen"]))
        .with_as("b", lists(&["llama", "kimi"]));

    let catalog = registry.models().await;

    assert_eq!(catalog.find("kimi").unwrap().name(), "kimi");
    refused(catalog.find("llama"), &["a/llama, b/llama"]);
    refused(catalog.find("lla"), &["`lla`", "there are: a, b"]);
    let counts: Vec<(&str, usize)> = catalog
        .backends()
        .map(|(name, listed)| (name, listed.models.len()))
        .collect();
    assert_eq!(counts, [("a", 2), ("b", 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_cannot_be_asked_takes_nothing_from_the_others() {
    let silent = backend(|_| std::future::pending());
    let broken = backend(|_| async {
        Err(trunkline_core::Error::new(
            ErrorKind::Server,
            "canary said the model",
        ))
    });
    let registry = Registry::new()
        .with_as("broken", broken)
        .with_as("good", lists(&["kimi"]))
        .with_as("silent", silent);
    let started = Instant::now();

    let catalog = registry.models().await;

    assert_eq!(started.elapsed(), Duration::from_secs(10));
    assert!(catalog.find("kimi").is_ok());
    let failed: Vec<_> = catalog
        .backends()
        .filter_map(|(name, listed)| Some((name, listed.error.as_ref()?)))
        .map(|(name, error)| (name, error.kind(), error.phase()))
        .collect();
    assert_eq!(
        failed,
        [
            ("broken", ErrorKind::Server, None),
            ("silent", ErrorKind::Timeout, Some(Phase::Total))
        ]
    );
    refused(
        catalog.find("qwen"),
        &["`broken` could not be asked", "`silent` could not be asked"],
    );
    assert!(
        !catalog
            .find("qwen")
            .unwrap_err()
            .message()
            .contains("canary"),
        "a provider's own words may quote what was said"
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_refreshed_is_kept() {
    let fails = Arc::new(AtomicBool::new(false));
    let now = fails.clone();
    let moody = backend(move |_| {
        let fails = now.load(SeqCst);
        async move {
            if fails {
                return Err(trunkline_core::Error::new(ErrorKind::Overloaded, ""));
            }
            page(&["kimi"])
        }
    });
    let mut catalog = Registry::new().with_as("moody", moody).models().await;
    let error = |catalog: &trunkline_core::registry::Catalog| {
        let (_, listed) = catalog.backends().next().unwrap();
        listed.error.as_ref().map(trunkline_core::Error::kind)
    };

    fails.store(true, SeqCst);
    catalog.refresh().await;
    assert_eq!(error(&catalog), Some(ErrorKind::Overloaded));
    assert!(catalog.find("kimi").is_ok());

    fails.store(false, SeqCst);
    catalog.refresh().await;
    assert_eq!(error(&catalog), None);
}

#[tokio::test(start_paused = true)]
async fn backends_are_asked_together_eight_at_a_time() {
    let (asking, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let registry = (0..20).fold(Registry::new(), |registry, ix| {
        let (asking, most) = (asking.clone(), most.clone());
        let slow = backend(move |_| {
            let (asking, most) = (asking.clone(), most.clone());
            async move {
                most.fetch_max(asking.fetch_add(1, SeqCst) + 1, SeqCst);
                sleep(Duration::from_secs(1)).await;
                asking.fetch_sub(1, SeqCst);
                page(&["kimi"])
            }
        });
        registry.with_as(format!("slow-{ix}"), slow)
    });
    let started = Instant::now();

    let catalog = registry.models().await;

    assert_eq!(catalog.backends().count(), 20);
    assert_eq!(most.load(SeqCst), 8);
    assert_eq!(started.elapsed(), Duration::from_secs(3));
}
