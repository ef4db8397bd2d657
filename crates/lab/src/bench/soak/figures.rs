//! What one run of a client told.

use std::{fmt, str::FromStr};

use anyhow::{Context, Error, Result};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Bytes for each open stream.
    pub(super) memory: usize,
    /// CPU nanoseconds for each event.
    pub(super) nanos: f64,
    pub(super) events: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.memory, self.nanos, self.events)
    }
}

impl FromStr for Figures {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut fields = text.split_whitespace();
        let mut next = || fields.next().context("the client printed no figures");
        Ok(Self {
            memory: next()?.parse()?,
            nanos: next()?.parse()?,
            events: next()?.parse()?,
        })
    }
}
