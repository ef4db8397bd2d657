//! A server's place to start, kept so that it can be started there again.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};

use crate::servers::{
    known::{Place, Start},
    process::{Running, free_port},
};

/// One of several of the same server.
#[derive(Clone)]
pub(crate) struct Replica {
    start: Arc<Start>,
    pub(crate) port: u16,
    folder: PathBuf,
    upstream: Option<String>,
}

impl Replica {
    /// In a folder of its own, which is made.
    pub(crate) fn new(
        start: Arc<Start>,
        folder: PathBuf,
        upstream: Option<String>,
    ) -> Result<Self> {
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let port = free_port()?;
        Ok(Self {
            start,
            port,
            folder,
            upstream,
        })
    }

    /// Another one of the same server.
    pub(crate) fn another(&self, name: &str) -> Result<Self> {
        let folder = self.folder.join(name);
        Self::new(self.start.clone(), folder, self.upstream.clone())
    }

    /// Starts it, at the port that it has each time.
    pub(crate) fn start(&self) -> Result<Running> {
        let place = Place {
            port: self.port,
            folder: &self.folder,
            upstream: self.upstream.as_deref(),
        };
        Running::start((self.start)(&place)?, self.port, self.folder.join("log"))
    }
}
