//! The server itself: its version, its sleep, its cache. All but the version are there with
//! `VLLM_SERVER_DEV_MODE=1` in its environment only, and otherwise
//! [`NotFound`](trunkline_core::ErrorKind::NotFound).

use bytes::Bytes;
use http::{Method, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Class, Operation, Result,
    protocol::{query, read},
    raw::RawRequest,
};

fn post(path: impl Into<String>) -> RawRequest {
    RawRequest::new(Method::POST, path, Bytes::new(), Class::Read)
}

/// Asks for the server's version: `0.32.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Operation for Version {
    type Output = String;
    const NAME: &'static str = "version";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/version"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            version: String,
        }
        read::<Answer>(&body).map(|answer| answer.version)
    }
}

/// Puts the server to sleep: it gives back the memory of its GPUs and answers nobody until it is
/// [woken up](WakeUp). It wants `--enable-sleep-mode`.
///
/// <https://docs.vllm.ai/en/latest/features/sleep_mode/>
///
/// ```no_run
/// use trunkline_vllm::{IsSleeping, Sleep, Vllm, WakeUp, prelude::*};
///
/// # async fn nap() -> Result<()> {
/// let vllm = Vllm::from_env()?;
/// vllm.backend().ask(Sleep::default()).await?;
/// assert!(vllm.backend().ask(IsSleeping).await?);
/// vllm.backend().ask(WakeUp::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sleep {
    /// How deep.
    pub level: SleepLevel,
    /// What becomes of the requests that are running.
    pub mode: Option<PauseMode>,
}

/// How deep a server sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SleepLevel {
    /// It takes no requests, and keeps its memory.
    Paused,
    /// Its weights go to the memory of the processor, its cache is forgotten: the usual one.
    #[default]
    Offload,
    /// Weights and cache are forgotten; other weights must be loaded before it wakes up.
    Discard,
}

/// What becomes of running requests when the server falls asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PauseMode {
    /// They are broken off: the usual one.
    Abort,
    /// It waits for them.
    Wait,
    /// They stay where they are, and go on after it.
    Keep,
}

impl Sleep {
    /// Sleep of this depth.
    pub const fn level(level: SleepLevel) -> Self {
        Self { level, mode: None }
    }

    /// Sets what becomes of running requests. Older servers do not read it.
    #[must_use]
    pub const fn mode(mut self, mode: PauseMode) -> Self {
        self.mode = Some(mode);
        self
    }
}

impl Operation for Sleep {
    type Output = ();
    const NAME: &'static str = "sleep";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        let level = match self.level {
            SleepLevel::Paused => 0,
            SleepLevel::Offload => 1,
            SleepLevel::Discard => 2,
        };
        let mode = match self.mode {
            None => "",
            Some(PauseMode::Abort) => "&mode=abort",
            Some(PauseMode::Wait) => "&mode=wait",
            Some(PauseMode::Keep) => "&mode=keep",
        };
        Ok(post(format!("/sleep?level={level}{mode}")))
    }

    fn decode(&self, _head: &Parts, _body: Bytes) -> Result<()> {
        Ok(())
    }
}

/// Wakes the server up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WakeUp {
    /// What of it only: `weights`, `kv_cache`; all without one.
    pub tags: Vec<String>,
}

impl WakeUp {
    /// Wakes up only this: weights first, so that they can be changed before there is a cache.
    pub fn only<T: Into<String>>(tags: impl IntoIterator<Item = T>) -> Self {
        let tags = tags.into_iter().map(Into::into).collect();
        Self { tags }
    }
}

impl Operation for WakeUp {
    /// Whether it is fully awake; older servers do not say so, and then it is if all was woken up.
    type Output = bool;
    const NAME: &'static str = "wake_up";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        let tags = self.tags.iter().map(|tag| format!("tags={}", query(tag)));
        let tags: Vec<String> = tags.collect();
        Ok(post(match tags.is_empty() {
            true => "/wake_up".to_owned(),
            false => format!("/wake_up?{}", tags.join("&")),
        }))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            status: String,
        }
        let told = serde_json::from_slice::<Answer>(&body);
        Ok(told.map_or(self.tags.is_empty(), |answer| answer.status == "awake"))
    }
}

/// Asks whether the server sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsSleeping;

impl Operation for IsSleeping {
    type Output = bool;
    const NAME: &'static str = "is_sleeping";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/is_sleeping"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            is_sleeping: bool,
        }
        read::<Answer>(&body).map(|answer| answer.is_sleeping)
    }
}

/// Forgets the cache of prompts, after new weights or before a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResetPrefixCache {
    /// Whether requests that are running begin anew: else nothing is forgotten while there are any.
    pub running_requests: bool,
    /// Whether a cache outside of the server is forgotten too.
    pub external: bool,
}

impl ResetPrefixCache {
    /// Lets running requests begin anew.
    #[must_use]
    pub const fn running_requests(mut self) -> Self {
        self.running_requests = true;
        self
    }

    /// Forgets a cache outside of the server too.
    #[must_use]
    pub const fn external(mut self) -> Self {
        self.external = true;
        self
    }
}

impl Operation for ResetPrefixCache {
    /// Whether it was forgotten: not while requests hold it. Older servers do not say.
    type Output = Option<bool>;
    const NAME: &'static str = "reset_prefix_cache";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(post(match (self.running_requests, self.external) {
            (false, false) => "/reset_prefix_cache",
            (true, false) => "/reset_prefix_cache?reset_running_requests=true",
            (false, true) => "/reset_prefix_cache?reset_external=true",
            (true, true) => "/reset_prefix_cache?reset_running_requests=true&reset_external=true",
        }))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Option<bool>> {
        #[derive(Deserialize)]
        struct Answer {
            success: bool,
        }
        let told = serde_json::from_slice::<Answer>(&body);
        Ok(told.ok().map(|answer| answer.success))
    }
}
