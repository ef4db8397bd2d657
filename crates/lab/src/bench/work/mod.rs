//! The same work for every client: what is asked, by whom, and the proof that it was done.

use std::{net::SocketAddr, str::FromStr};

use anyhow::{Result, bail};

pub(crate) mod memory;
pub(crate) mod ours;
pub(crate) mod payload;
pub(crate) mod raw;
pub(crate) mod server;

/// What a client does. `n` below is the number it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// `n` unary chats of 1 KB, one after the other on one connection.
    Chat1k,
    /// The same of 64 KB.
    Chat64k,
    /// One stream of `n` events, sent as fast as it is read.
    Stream,
    /// One stream of `n` events, each of which arrives alone.
    Paced,
    /// `n` answers of 96 embeddings as JSON numbers.
    EmbedFloat,
    /// The same as base64.
    EmbedBase64,
    /// `n` streams that are open at once and say nothing.
    Idle,
    /// `n` unary chats without a network.
    ChatInMemory,
    /// One stream of `n` events without a network.
    StreamInMemory,
    /// `n` calls that an open circuit refuses.
    Refused,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// hyper-util's client and serde_json into minimal borrowed structs.
    Raw,
    /// Ours without layers.
    Bare,
    /// Ours as a user gets it: within the default stack.
    Stack,
    /// Ours within all that there is: queues and limits as well, three endpoints with three keys.
    Full,
}

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Http1,
    /// 32 streams to a connection.
    Http2,
}

/// What was read: equal for all who did the same work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    length: u64,
    sum: u64,
}

const WORKS: [(Work, &str); 10] = [
    (Work::Chat1k, "chat1k"),
    (Work::Chat64k, "chat64k"),
    (Work::Stream, "stream"),
    (Work::Paced, "paced"),
    (Work::EmbedFloat, "embed-float"),
    (Work::EmbedBase64, "embed-base64"),
    (Work::Idle, "idle"),
    (Work::ChatInMemory, "chat-in-memory"),
    (Work::StreamInMemory, "stream-in-memory"),
    (Work::Refused, "refused"),
];

impl Work {
    /// Its name on a command line and in a path.
    pub(crate) fn name(self) -> &'static str {
        let known = WORKS.iter().find(|(work, _)| *work == self);
        known.map_or("", |(_, name)| *name)
    }
}

impl FromStr for Work {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match WORKS.iter().find(|(_, name)| *name == text) {
            Some((work, _)) => Ok(*work),
            None => bail!("no work is called `{text}`"),
        }
    }
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Bare => "bare",
            Self::Stack => "stack",
            Self::Full => "full",
        }
    }
}

impl FromStr for Who {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "raw" => Ok(Self::Raw),
            "bare" => Ok(Self::Bare),
            "stack" => Ok(Self::Stack),
            "full" => Ok(Self::Full),
            _ => bail!("no client is called `{text}`"),
        }
    }
}

impl Proof {
    /// Counts words. Neither how they are cut nor the checksum's own cost matters much.
    pub(crate) fn text(&mut self, text: &str) {
        self.length += text.len() as u64;
        self.sum = text
            .bytes()
            .fold(self.sum, |sum, byte| sum.wrapping_add(byte.into()));
    }

    /// Counts a vector.
    pub(crate) fn vector(&mut self, vector: &[f32]) {
        self.length += vector.len() as u64;
        self.sum = vector.iter().fold(self.sum, |sum, number| {
            sum.wrapping_add(number.to_bits().into())
        });
    }

    /// `LENGTH/SUM`.
    pub(crate) fn print(self) -> String {
        format!("{}/{}", self.length, self.sum)
    }
}

/// A client that is ready for one kind of work, with a connection pool of its own.
pub(crate) enum Client {
    Raw(Box<raw::Raw>),
    Ours(ours::Ours),
}

impl Client {
    pub(crate) fn new(work: Work, who: Who, server: SocketAddr) -> Result<Self> {
        let base = format!("http://{server}/{}", work.name());
        Ok(match (who, work) {
            (Who::Raw, _) => Self::Raw(Box::new(raw::Raw::new(base))),
            (who, Work::ChatInMemory | Work::StreamInMemory | Work::Refused) => {
                Self::Ours(ours::Ours::over(memory::Memory::new(work), who, base)?)
            }
            (who, _) => Self::Ours(ours::Ours::new(who, base, Wire::Http1)?),
        })
    }

    /// Does the work `n` times over.
    pub(crate) async fn run(&self, work: Work, n: usize) -> Result<Proof> {
        let mut proof = Proof::default();
        match work {
            Work::Chat1k | Work::Chat64k | Work::ChatInMemory => {
                for _ in 0..n {
                    match self {
                        Self::Raw(raw) => raw.chat(&mut proof).await?,
                        Self::Ours(ours) => ours.chat(&mut proof).await?,
                    }
                }
            }
            Work::Stream | Work::Paced | Work::StreamInMemory => match self {
                Self::Raw(raw) => raw.stream(n, &mut proof).await?,
                Self::Ours(ours) => ours.stream(n, &mut proof).await?,
            },
            Work::EmbedFloat | Work::EmbedBase64 => {
                for _ in 0..n {
                    match self {
                        Self::Raw(raw) => raw.embed(work, &mut proof).await?,
                        Self::Ours(ours) => ours.embed(&mut proof).await?,
                    }
                }
            }
            Work::Refused => match self {
                Self::Raw(_) => bail!("raw has no circuits"),
                Self::Ours(ours) => ours.refused(n, &mut proof).await?,
            },
            Work::Idle => bail!("streams are held open by the measurement of memory"),
        }
        Ok(proof)
    }
}
