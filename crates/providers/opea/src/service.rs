//! The services of OPEA's blueprints: what each is called, where it is, and how it is spoken to.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/constants.py>

use std::collections::BTreeMap;

use trunkline_core::{Error, Result, account::Settings};

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The gateway of a megaservice: a question in, words out.
    Gateway,
    /// The gateway of DocSum, which wants to be told that its text is one.
    Summary,
    /// Chat completions.
    Completions,
    /// Vectors of texts.
    Vectors,
    /// Documents in order.
    Ranks,
}

/// A service, as it is by default.
#[derive(Debug)]
pub(crate) struct Known {
    /// What it is called as a model.
    pub(crate) name: &'static str,
    setting: &'static str,
    path: &'static str,
    pub(crate) speech: Speech,
}

macro_rules! services {
    ($($name:literal, $setting:literal, $path:literal, $speech:ident;)+) => {
        /// All of them.
        pub(crate) const SERVICES: &[Known] = &[$(Known {
            name: $name,
            setting: $setting,
            path: $path,
            speech: Speech::$speech,
        },)+];

        /// Their names, which are names of models here.
        pub(crate) const NAMES: &[&str] = &[$($name,)+];

        /// What can be set of an account.
        pub(crate) const SETTINGS: &[&str] = &[$($setting,)+ SHAPE];
    };
}

/// How the embeddings' microservice takes its texts.
const SHAPE: &str = "embedding_shape";

/// The service that has all models that are no service themselves.
pub(crate) const LLM: &str = "llm";

services! {
    "chatqna", "chatqna_path", "/v1/chatqna", Gateway;
    "codegen", "codegen_path", "/v1/codegen", Gateway;
    "docsum", "docsum_path", "/v1/docsum", Summary;
    "faqgen", "faqgen_path", "/v1/faqgen", Gateway;
    "searchqna", "searchqna_path", "/v1/searchqna", Gateway;
    "graphrag", "graphrag_path", "/v1/graphrag", Gateway;
    "hybridrag", "hybridrag_path", "/v1/hybridrag", Gateway;
    "llm", "llm_path", "/v1/chat/completions", Completions;
    "embedding", "embedding_path", "/v1/embeddings", Vectors;
    "reranking", "reranking_path", "/v1/reranking", Ranks;
}

/// Where the services of one account are, and in which form it takes what came in several.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    moved: BTreeMap<&'static str, Box<str>>,
    /// Whether embeddings are asked for as OPEA's own `TextDoc`, and not as OpenAI has it.
    pub(crate) text_doc: bool,
}

impl Places {
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        let mut moved = BTreeMap::new();
        for known in SERVICES {
            let Some(path) = settings.get(known.setting) else {
                continue;
            };
            if !path.starts_with('/') {
                return Err(Error::config(format!(
                    "`{}` is a path below the base URL and begins with a slash",
                    known.setting
                )));
            }
            moved.insert(known.name, path.into());
        }
        let text_doc = match settings.get(SHAPE) {
            None | Some("openai") => false,
            Some("text") => true,
            Some(_) => {
                return Err(Error::config(format!(
                    "`{SHAPE}` is `openai`, or `text` for microservices older than 1.2"
                )));
            }
        };
        Ok(Self { moved, text_doc })
    }

    /// Where a service is.
    pub(crate) fn path<'a>(&'a self, known: &Known) -> &'a str {
        self.moved
            .get(known.name)
            .map_or(known.path, |path| &**path)
    }

    /// Where the service of this speech is, of which there is one.
    pub(crate) fn sole(&self, speech: Speech) -> &str {
        let known = SERVICES.iter().find(|known| known.speech == speech);
        known.map_or("/", |known| self.path(known))
    }
}

/// The service that a model's name means for a conversation: the one of this name, or the language
/// model's, which has models of any name.
pub(crate) fn talking(model: &str) -> Option<&'static Known> {
    let talks = |known: &&Known| !matches!(known.speech, Speech::Vectors | Speech::Ranks);
    let named = SERVICES.iter().filter(talks);
    let of = |name: &str| named.clone().find(|known| known.name == name);
    of(model).or_else(|| of(LLM))
}
