//! What happens to which stream. Server and clients know it alike.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// How many streams, of how many events, how far apart.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How many streams are open at once
    #[arg(long, default_value_t = 10_000)]
    pub(super) streams: usize,
    /// How many words each has
    #[arg(long, default_value_t = 100)]
    pub(super) events: usize,
    /// Milliseconds between two words of a stream
    #[arg(long, default_value_t = 250)]
    pub(super) pace: u64,
    /// Milliseconds of silence after which a stream is given up
    #[arg(long, default_value_t = 10_000)]
    pub(super) patience: u64,
}

/// What happens to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing.
    Well,
    /// The server resets the connection.
    Reset,
    /// The server says nothing more.
    Stall,
    /// The reader stops reading for half of the patience.
    Pause,
}

impl Fate {
    /// One stream in twenty has each of the three bad ones.
    pub(super) fn of(id: usize) -> Self {
        match id % 20 {
            3 => Self::Reset,
            9 => Self::Stall,
            15 => Self::Pause,
            _ => Self::Well,
        }
    }
}

impl Plan {
    pub(super) fn pace(&self) -> Duration {
        Duration::from_millis(self.pace)
    }

    pub(super) fn patience(&self) -> Duration {
        Duration::from_millis(self.patience)
    }

    /// After how many words its fate befalls stream `id`: at least one.
    pub(super) fn turn(&self, id: usize) -> usize {
        1 + id * 7_919 % (self.events - 1)
    }

    /// How many streams share a fate.
    pub(super) fn fated(&self, fate: Fate) -> usize {
        (1..=self.streams)
            .filter(|id| Fate::of(*id) == fate)
            .count()
    }

    pub(super) fn check(&self) -> Result<()> {
        ensure!(self.streams > 0, "no streams: nothing would be seen");
        ensure!(
            self.events > 1,
            "fewer than two events: nothing could break"
        );
        ensure!(
            self.pace > 0 && self.patience > 2 * self.pace,
            "no patience for the pace"
        );
        Ok(())
    }

    /// As arguments of another process.
    pub(super) fn arguments(&self) -> Vec<String> {
        [
            format!("--streams={}", self.streams),
            format!("--events={}", self.events),
            format!("--pace={}", self.pace),
            format!("--patience={}", self.patience),
        ]
        .to_vec()
    }
}

/// The word at `seq` of stream `id`.
pub(super) fn word(id: usize, seq: usize) -> String {
    format!("{id}:{seq} ")
}

/// What one stream has shown so far.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) id: usize,
    pub(super) events: usize,
}

impl Seen {
    pub(super) fn nothing(id: usize) -> Self {
        Self { id, events: 0 }
    }

    /// Takes the next word: of this stream, and the one whose turn it is.
    pub(super) fn word(&mut self, word: &str) -> Result<()> {
        if word.is_empty() {
            return Ok(());
        }
        let (id, seq) = word
            .strip_suffix(' ')
            .and_then(|word| word.split_once(':'))
            .with_context(|| format!("stream {} was told `{word}`", self.id))?;
        ensure!(
            id.parse() == Ok(self.id),
            "stream {} was told `{word}`",
            self.id
        );
        ensure!(
            seq.parse() == Ok(self.events),
            "stream {} was told `{word}` after {} words",
            self.id,
            self.events
        );
        self.events += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_doubled_or_strange_word_is_seen() {
        let mut seen = Seen::nothing(7);
        for word in ["", "7:0 ", "7:1 "] {
            seen.word(word).unwrap();
        }
        for word in ["7:1 ", "7:3 ", "8:2 ", "7:2", "7:2 7:3 ", "nonsense"] {
            assert!(seen.word(word).is_err(), "{word}");
        }
        seen.word("7:2 ").unwrap();
        assert_eq!(seen.events, 3);
    }
}
