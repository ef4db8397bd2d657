//! Servers that asked for calm: `GOAWAY` with `ENHANCE_YOUR_CALM` (RFC 9113 7).
//!
//! hyper tells of a GOAWAY only to requests that it hits, so it is read off the wire: an idle
//! connection hears it as well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, sleep_until},
};

use super::orphans::Key;

/// No connection is opened for so long.
const PAUSE: Duration = Duration::from_secs(1);

/// And for so long no two at once.
const MEMORY: Duration = Duration::from_secs(60);

/// More servers than this are not remembered at once.
const MAX_KNOWN: usize = 1024;

#[derive(Default)]
pub(super) struct Calm(Mutex<HashMap<Key, Asked>>);

struct Asked {
    at: Instant,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Calm {
    fn asked(&self, key: &Key) {
        let mut known = self.known();
        if known.len() >= MAX_KNOWN && !known.contains_key(key) {
            known.retain(|_, asked| asked.at.elapsed() < PAUSE);
        }
        if known.len() < MAX_KNOWN || known.contains_key(key) {
            let turn = known.get(key).map(|asked| Arc::clone(&asked.turn));
            let turn = turn.unwrap_or_default();
            let at = Instant::now();
            known.insert(key.clone(), Asked { at, turn });
        }
    }

    /// Waits until a connection may be opened; others wait while the guard is held.
    pub(super) async fn turn(&self, key: &Key) -> Option<OwnedMutexGuard<()>> {
        let turn = self.lately(key)?.1;
        let guard = turn.lock_owned().await;
        // Whoever had the turn before may have been asked again.
        while let Some((at, _)) = self.lately(key)
            && at.elapsed() < PAUSE
        {
            sleep_until(at + PAUSE).await;
        }
        Some(guard)
    }

    fn lately(&self, key: &Key) -> Option<(Instant, Arc<tokio::sync::Mutex<()>>)> {
        let mut known = self.known();
        let asked = known.get(key)?;
        if asked.at.elapsed() < MEMORY {
            return Some((asked.at, Arc::clone(&asked.turn)));
        }
        known.remove(key);
        None
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads along what one server says.
pub(super) struct Ear {
    calm: Arc<Calm>,
    key: Key,
    frames: Frames,
}

impl Ear {
    pub(super) fn new(calm: &Arc<Calm>, key: Key) -> Self {
        Self {
            calm: Arc::clone(calm),
            key,
            frames: Frames::default(),
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if self.frames.ask_for_calm(bytes) {
            self.calm.asked(&self.key);
        }
    }
}

const HEAD: usize = 9;
/// The last stream's id and the error code.
const GOAWAY: usize = HEAD + 8;
const GOAWAY_TYPE: u8 = 7;
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];

/// Finds the heads of HTTP/2's frames in any chunking. Keeps none of their content.
#[derive(Default)]
struct Frames {
    head: Vec<u8>,
    /// Of the current frame, how much is not looked at.
    skip: usize,
}

impl Frames {
    fn ask_for_calm(&mut self, mut bytes: &[u8]) -> bool {
        let mut asked = false;
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let wanted = match self.head.as_slice() {
                [_, _, _, GOAWAY_TYPE, ..] if self.head.len() >= HEAD => GOAWAY,
                _ => HEAD,
            };
            let taken = (wanted - self.head.len()).min(bytes.len());
            self.head.extend(bytes.get(..taken).unwrap_or_default());
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.head.len() == wanted {
                asked |= self.read_head();
            }
        }
        asked
    }

    /// At the end of a head, or of what matters of a GOAWAY.
    fn read_head(&mut self) -> bool {
        let &[a, b, c, kind, _, _, _, _, _, ref rest @ ..] = self.head.as_slice() else {
            return false;
        };
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if kind == GOAWAY_TYPE && length >= GOAWAY - HEAD && rest.is_empty() {
            return false;
        }
        let asked = rest.ends_with(&ENHANCE_YOUR_CALM);
        self.skip = length - rest.len().min(length);
        self.head.clear();
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("a short payload");
        [&[0, 0, length, kind, 0, 0, 0, 0, 1], payload].concat()
    }

    #[test]
    fn only_a_goaway_of_that_code_asks_for_calm_however_it_is_cut() {
        let calm = frame(7, &[0, 0, 0, 1, 0, 0, 0, 11, b'w', b'h', b'y']);
        let polite = frame(7, &[0, 0, 0, 1, 0, 0, 0, 0]);
        // Data that looks like a GOAWAY, and one that is too short to be one.
        let others = [frame(0, &calm), frame(4, &[]), polite, frame(7, &[11])].concat();
        let said = [others.as_slice(), &calm, &others].concat();
        for step in 1..=said.len() {
            let mut frames = Frames::default();
            let asked: Vec<bool> = said
                .chunks(step)
                .map(|chunk| frames.ask_for_calm(chunk))
                .collect();
            assert_eq!(asked.iter().filter(|asked| **asked).count(), 1, "{step}");
            let mut frames = Frames::default();
            assert!(!others.chunks(step).any(|chunk| frames.ask_for_calm(chunk)));
        }
    }
}
