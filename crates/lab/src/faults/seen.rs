//! What came of a case: what each caller got, and what each peer saw.

use std::{fmt, time::Duration};

use tokio::time::Instant;
use trunkline_core::{ChatResponse, Error, chat::Completeness};
use trunkline_testkit::peer::Received;

use super::peer::sent_key;

/// One part of a case: the calls, or those of a `[[then]]`.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) began: Instant,
    pub(crate) calls: Vec<CallSeen>,
    pub(crate) peers: Vec<PeerSeen>,
    pub(crate) resent: u64,
    pub(crate) stats: serde_json::Value,
}

/// What a caller got.
#[derive(Debug)]
pub(crate) struct CallSeen {
    pub(crate) began: Instant,
    pub(crate) elapsed: Duration,
    /// When the caller itself wanted it over.
    pub(crate) bound: Option<Duration>,
    pub(crate) got: Got,
    /// Chunks of a stream that carried content.
    pub(crate) contents: u64,
    /// Chunks of a stream, of every sort.
    pub(crate) chunks: u64,
    /// How many times a stream said that it was over.
    pub(crate) endings: u32,
}

#[derive(Debug)]
pub(crate) enum Got {
    Chat(Box<ChatResponse>),
    /// An answer that is no chat, with the attempts that it took.
    Other(u32),
    Error(Error),
    Dropped,
}

/// What a peer saw during a part.
#[derive(Debug, Default)]
pub(crate) struct PeerSeen {
    pub(crate) requests: Vec<Received>,
    pub(crate) connections: usize,
    /// Requests for which the case has no reply.
    pub(crate) unscripted: usize,
}

impl Part {
    /// Every request with the number of its peer, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<(usize, &Received)> {
        let mut all: Vec<(usize, &Received)> = self
            .peers
            .iter()
            .enumerate()
            .flat_map(|(index, peer)| {
                peer.requests
                    .iter()
                    .map(move |request| (index + 1, request))
            })
            .collect();
        all.sort_by_key(|(_, request)| request.at);
        all
    }

    /// From one request to the next.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        let all = self.requests();
        all.iter()
            .zip(all.iter().skip(1))
            .map(|((_, earlier), (_, later))| later.at.saturating_duration_since(earlier.at))
            .collect()
    }

    /// The most requests that arrived within `time`: of one key, and of all.
    pub(crate) fn crowd(&self, time: Duration) -> (usize, usize) {
        let all = self.requests();
        let within = |earlier: &Received, later: &Received| {
            later.at >= earlier.at && later.at.duration_since(earlier.at) < time
        };
        let count = |same_key: bool| {
            let of = |(_, first): &(usize, &Received)| {
                all.iter()
                    .filter(|(_, later)| within(first, later))
                    .filter(|(_, later)| !same_key || sent_key(first) == sent_key(later))
                    .count()
            };
            all.iter().map(of).max().unwrap_or(0)
        };
        (count(true), count(false))
    }
}

impl CallSeen {
    pub(crate) fn attempts(&self) -> u64 {
        match &self.got {
            Got::Chat(response) => u64::from(response.meta.attempts),
            Got::Other(attempts) => u64::from(*attempts),
            Got::Error(error) => error.attempts().len().max(1) as u64,
            Got::Dropped => 0,
        }
    }

    pub(crate) fn error(&self) -> Option<&Error> {
        match &self.got {
            Got::Error(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.got, Got::Chat(_) | Got::Other(_))
    }
}

/// Whether a provider told nothing of what it cost.
pub(crate) fn lacks_usage(response: &ChatResponse) -> bool {
    response.usage.completeness == Completeness::Missing
}

/// In one line, for the table.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calls.as_slice() {
            [one] => write!(f, "{one}")?,
            calls => {
                let ok = calls.iter().filter(|call| call.is_ok()).count();
                write!(f, "{ok} of {} ok", calls.len())?;
            }
        }
        let sent: Vec<String> = self
            .peers
            .iter()
            .map(|peer| peer.requests.len().to_string())
            .collect();
        write!(f, ", sent {}", sent.join("+"))?;
        let waits = self.waits();
        if (1..=3).contains(&waits.len()) {
            let told: Vec<String> = waits.iter().map(|wait| format!("{wait:.2?}")).collect();
            write!(f, ", waited {}", told.join("+"))?;
        }
        Ok(())
    }
}

impl fmt::Display for CallSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.got {
            Got::Chat(_) | Got::Other(_) => f.write_str("ok")?,
            Got::Dropped => f.write_str("dropped")?,
            Got::Error(error) => {
                f.write_str(error.kind().name())?;
                if let Some(phase) = error.phase() {
                    write!(f, " in {phase:?}")?;
                }
                if let Some(limit) = error.limit() {
                    write!(f, " of {limit:?}")?;
                }
            }
        }
        write!(f, ", {} tries", self.attempts())
    }
}
