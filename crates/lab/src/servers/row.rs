//! A protocol that a server speaks, and the crate that speaks it with the server.

use std::{ops::RangeInclusive, path::PathBuf};

use trunkline_core::{
    Backend, Capabilities, HttpClient, Model, Result, http_transport::DefaultClient,
    infer::DataType,
};

use super::{checks::Check, conversation, load::Work};
use crate::providers::{Linked, Site};

/// A column of a server's table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// As the table names it.
    pub(crate) name: &'static str,
    /// Whose crate speaks it.
    provider: &'static str,
    /// Below the server's address.
    path: &'static str,
    settings: Vec<(&'static str, &'static str)>,
    key: Option<&'static str>,
    pub(crate) models: Models,
    pub(crate) says: Says,
    pub(crate) tensors: Option<Tensors>,
    /// What the package of the model says of the pairs of sentences; a file in the server's folder.
    pub(crate) reference: Option<PathBuf>,
    /// How far from it a cosine may be.
    pub(crate) tolerance: f64,
    lacks: Vec<(&'static [Check], &'static str)>,
    /// What two replicas of the server are loaded with, in this protocol.
    pub(crate) load: Vec<Work>,
}

/// The names of a server's models.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Models {
    pub(crate) chat: &'static str,
    pub(crate) embed: &'static str,
    pub(crate) rerank: &'static str,
}

/// What a server's model gives back as it came.
#[derive(Clone, Debug)]
pub(crate) struct Tensors {
    pub(crate) types: fn(DataType) -> bool,
    /// How many dimensions they may have.
    pub(crate) ranks: RangeInclusive<usize>,
    /// Its name, by the number of dimensions.
    pub(crate) model: fn(usize) -> String,
    /// They go as bytes, so that every one of them arrives.
    pub(crate) is_binary: bool,
}

/// What is known of a server's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// The conversation, word by word.
    Script,
    /// Anything: a model that was never trained, or that nobody can foresee.
    Anything,
}

impl Row {
    /// A protocol that is the whole of what a provider's crate speaks.
    pub(crate) fn of(provider: &'static str, path: &'static str) -> Self {
        Self {
            name: provider,
            provider,
            path,
            settings: Vec::new(),
            key: Some(conversation::KEY),
            models: Models::all(conversation::MODEL),
            says: Says::Script,
            tensors: None,
            reference: None,
            tolerance: 1e-4,
            lacks: Vec::new(),
            load: Vec::new(),
        }
    }

    /// One of several that a crate speaks, by the setting that chooses it.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn setting(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Its server wants no key, or something else.
    pub(crate) fn no_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// It has a model that gives back tensors.
    pub(crate) fn tensors(mut self, tensors: Tensors) -> Self {
        self.tensors = Some(tensors);
        self
    }

    /// It does not compute as the model's own package does, for a reason that is known.
    pub(crate) fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    pub(crate) fn models(mut self, models: Models) -> Self {
        self.models = models;
        self
    }

    pub(crate) fn anything(mut self) -> Self {
        self.says = Says::Anything;
        self
    }

    /// What the server does not serve in this protocol, and why.
    pub(crate) fn lacks(mut self, checks: &'static [Check], why: &'static str) -> Self {
        self.lacks.push((checks, why));
        self
    }

    /// Loads two replicas of the server with this, in this protocol.
    pub(crate) fn load(mut self, work: Work) -> Self {
        self.load.push(work);
        self
    }

    /// The crate that speaks it.
    pub(crate) fn of_crate(&self) -> String {
        format!("trunkline-{}", self.provider)
    }

    pub(crate) fn is_of_tensors(&self) -> bool {
        self.tensors.is_some()
    }

    /// Why the server cannot be asked this.
    pub(crate) fn lack(&self, check: Check) -> Option<&'static str> {
        let mut lacks = self.lacks.iter();
        lacks
            .find(|(checks, _)| checks.contains(&check))
            .map(|(_, why)| *why)
    }
}

impl Models {
    /// One name for all.
    pub(crate) const fn all(name: &'static str) -> Self {
        Self {
            chat: name,
            embed: name,
            rerank: name,
        }
    }
}

/// A row on a server that runs.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) row: Row,
    linked: &'static Linked,
    base_urls: Vec<String>,
    client: HttpClient,
}

impl Subject {
    /// `None` where the workspace has no crate for it.
    pub(crate) fn new(row: Row, port: u16) -> Option<Self> {
        Self::over(row, &[port])
    }

    /// On several replicas of a server.
    pub(crate) fn over(row: Row, ports: &[u16]) -> Option<Self> {
        let linked = Linked::find(row.provider)?;
        let base_url = |port: &u16| format!("http://127.0.0.1:{port}{}", row.path);
        let base_urls = ports.iter().map(base_url).collect();
        let client = <HttpClient as DefaultClient<Self>>::shared();
        Some(Self {
            row,
            linked,
            base_urls,
            client,
        })
    }

    /// An account in its default stack. Each check has its own: what one breaks shall not open a
    /// circuit that another meets, nor spend its budget of retries.
    pub(crate) fn backend(&self) -> Result<Backend> {
        let site = Site {
            key: self.row.key,
            base_urls: &self.base_urls,
            settings: &self.row.settings,
        };
        self.linked.account(&site, self.client.clone())
    }

    /// The same, told something else.
    pub(crate) fn with_setting(&self, name: &'static str, value: &'static str) -> Self {
        let mut other = self.clone();
        other.row.settings.retain(|(set, _)| *set != name);
        other.row.settings.push((name, value));
        other
    }

    /// The client of its accounts.
    pub(crate) fn client(&self) -> &HttpClient {
        &self.client
    }

    /// What its crate says that it can, in this protocol.
    pub(crate) fn capabilities(&self) -> Result<Capabilities> {
        Ok(self.backend()?.info().capabilities)
    }

    /// What tells it from every other row of this run.
    pub(crate) fn id(&self) -> String {
        format!("{} at {}", self.row.name, self.base_urls.join(", "))
    }

    pub(crate) fn model(&self) -> Result<Model> {
        Ok(self.backend()?.model(self.row.models.chat))
    }

    pub(crate) fn is_scripted(&self) -> bool {
        self.row.says == Says::Script
    }
}
