//! What the backends of a registry list, by their own word.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::{NAME_IT, Registry, only};
use crate::{Backend, Error, Model, ModelInfo, Phase, Result};

/// How long one backend may take for its list, all pages and retries included.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many backends are asked at once.
const AT_ONCE: usize = 8;

/// What the backends of a registry list, by their own word.
///
/// It is a value that ages: [`refresh`](Self::refresh) it as often as it matters. A backend that
/// cannot be asked leaves an error in it, keeps its last list, and takes nothing from the others.
///
/// ```
/// # async fn demo(registry: trunkline_core::Registry) -> trunkline_core::Result<()> {
/// let catalog = registry.models().await;
///
/// for (name, listed) in catalog.backends() {
///     println!("{name}: {} models, {:?}", listed.models.len(), listed.error);
/// }
/// let model = catalog.find("llama-3.3-70b-versatile")?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Catalog {
    registry: Registry,
    lists: BTreeMap<Arc<str>, Listed>,
}

/// What one backend lists.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Listed {
    /// Its models, as it listed them last; none where it never did.
    pub models: Vec<ModelInfo>,
    /// Why it could not be asked the last time.
    pub error: Option<Error>,
}

impl Registry {
    /// Asks every backend for its models: eight at once, each for at most 10 seconds. It fails for
    /// none of them; see [`Listed::error`].
    pub async fn models(&self) -> Catalog {
        let mut catalog = Catalog {
            registry: self.clone(),
            lists: BTreeMap::new(),
        };
        catalog.refresh().await;
        catalog
    }
}

impl Catalog {
    /// Asks every backend again. Where it is dropped before its end, the lists that had come are
    /// kept.
    pub async fn refresh(&mut self) {
        let backends: Vec<_> = self.registry.backends.clone().into_iter().collect();
        let answers = stream::iter(backends)
            .map(|(name, backend)| async move { (name, ask(&backend).await) })
            .buffer_unordered(AT_ONCE);
        let mut answers = pin!(answers);
        while let Some((name, answer)) = answers.next().await {
            let listed = self.lists.entry(name).or_default();
            match answer {
                Ok(models) => {
                    *listed = Listed {
                        models,
                        error: None,
                    }
                }
                Err(error) => listed.error = Some(error),
            }
        }
    }

    /// What each backend lists, by its name in the registry.
    pub fn backends(&self) -> impl Iterator<Item = (&str, &Listed)> {
        self.lists.iter().map(|(name, listed)| (&**name, listed))
    }

    /// The model of this name on the one backend that lists it.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): no backend lists it, and the error names those that
    /// could not be asked; or several do, and the error lists them. Nothing is routed by a silent
    /// default.
    pub fn find(&self, model: &str) -> Result<Model> {
        let lists_it = |name: &str| {
            let models = self.lists.get(name).map(|listed| listed.models.as_slice());
            models
                .unwrap_or_default()
                .iter()
                .any(|info| info.id == model)
        };
        let found = self.registry.backends().filter(|(name, _)| lists_it(name));
        only(model, "list", found, || self.nowhere(model))
    }

    fn nowhere(&self, model: &str) -> String {
        let mut what = format!(
            "no backend lists a model `{model}`; {}; {NAME_IT}",
            self.registry.names()
        );
        for (name, listed) in self.backends() {
            if let Some(error) = &listed.error {
                what.push_str(&format!(
                    "; `{name}` could not be asked: {}",
                    error.summary()
                ));
            }
        }
        what
    }
}

async fn ask(backend: &Backend) -> Result<Vec<ModelInfo>> {
    timeout(PATIENCE, backend.models())
        .await
        .unwrap_or_else(|_| {
            Err(Error::timeout(Phase::Total, PATIENCE).with_provider(backend.info().provider))
        })
}
