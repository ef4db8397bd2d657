//! Fetches a model from Ollama's library, and tells how far it is.
//!
//! <https://docs.ollama.com/api/pull>

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Json, Result, StreamOperation,
    http_transport::frame::{Frame, Framing},
    protocol::{Terminal, read},
    raw::RawRequest,
};

use crate::{error::in_band, generate::post, wire::terminal};

/// Fetches a model and tells its progress; [`last`](trunkline_core::Followed::last) waits for its end.
///
/// A pull that was broken off goes on where it was when it is asked for again, and several at once
/// share their progress. While a large file is verified nothing is said, perhaps for longer than
/// the account's timers wait: set them for it.
///
/// ```no_run
/// # async fn of(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_ollama::Pull;
///
/// let mut progress = backend.follow(Pull::new("llama3.2")).await?;
/// while let Some(step) = progress.next().await {
///     let step = step?;
///     match step.share() {
///         Some(share) => println!("{}: {:.0} %", step.status, share * 100.0),
///         None => println!("{}", step.status),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pull {
    model: String,
    stream: bool,
    #[serde(skip)]
    done: bool,
}

impl Pull {
    /// Fetches this model.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            stream: true,
            done: false,
        }
    }
}

/// How far a pull is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done, in Ollama's words: `pulling manifest`, and `success` at last.
    pub status: String,
    /// Which file, by its digest, where it is about one.
    pub digest: Option<String>,
    /// Its bytes.
    pub total: Option<u64>,
    /// How many of them are here.
    pub completed: Option<u64>,
}

impl Progress {
    /// How much of the file is here, from 0 to 1, where it is about one.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a share of more than 2^53 bytes is off by nothing that shows"
    )]
    pub fn share(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.completed.unwrap_or(0) as f64 / total as f64).min(1.0))
    }

    /// Whether the model is here.
    pub fn is_done(&self) -> bool {
        self.status == "success"
    }

    fn read(text: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Line {
            status: Option<String>,
            digest: Option<String>,
            total: Option<u64>,
            completed: Option<u64>,
            error: Option<Json>,
        }
        let line: Line = read(text)?;
        match line.error {
            Some(error) => Err(in_band(&error)),
            None => Ok(Self {
                status: line.status.unwrap_or_default(),
                digest: line.digest,
                total: line.total,
                completed: line.completed,
            }),
        }
    }
}

impl StreamOperation for Pull {
    type Item = Progress;
    const NAME: &'static str = "ollama.pull";
    // What is here already is not fetched again.
    const CLASS: Class = Class::Read;
    const FRAMING: Framing = Framing::NdJson;

    fn encode(&self) -> Result<RawRequest> {
        post("/pull", self)
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Progress>) -> Result<()> {
        let progress = Progress::read(&frame.data)?;
        self.done = progress.is_done();
        out.push_back(progress);
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        terminal(self.done)
    }
}
