//! The caches of slots, written to files, read back, and emptied: where the server was started with
//! `--slot-save-path`.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Json, Operation, Result, protocol::read, raw::RawRequest};

/// Writes a slot's cache to a file in the server's folder: `backend.ask(SaveSlot::new(0, "talk.bin"))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveSlot {
    slot: u32,
    filename: String,
}

impl SaveSlot {
    /// Slot `slot`, to this file.
    pub fn new(slot: u32, filename: impl Into<String>) -> Self {
        let filename = filename.into();
        Self { slot, filename }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Saved {
    /// The slot.
    pub id_slot: u32,
    /// The file.
    pub filename: String,
    /// Its tokens.
    pub n_saved: u64,
    /// Its bytes.
    pub n_written: u64,
}

/// Reads a slot's cache from a file in the server's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreSlot {
    slot: u32,
    filename: String,
}

impl RestoreSlot {
    /// Slot `slot`, from this file.
    pub fn new(slot: u32, filename: impl Into<String>) -> Self {
        let filename = filename.into();
        Self { slot, filename }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Restored {
    /// The slot.
    pub id_slot: u32,
    /// The file.
    pub filename: String,
    /// Its tokens.
    pub n_restored: u64,
    /// Its bytes.
    pub n_read: u64,
}

/// Empties a slot's cache: `backend.ask(EraseSlot(0))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EraseSlot(pub u32);

/// What is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Erased {
    /// The slot.
    pub id_slot: u32,
    /// Its tokens.
    pub n_erased: u64,
}

fn act(slot: u32, action: &str, filename: Option<&str>) -> Result<RawRequest> {
    #[derive(Serialize)]
    struct Ask<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
    }
    let path = format!("/slots/{slot}?action={action}");
    Ok(RawRequest::post(path, &Json::of(&Ask { filename })?))
}

// Whoever does one of these twice has done it once.

impl Operation for SaveSlot {
    type Output = Saved;
    const NAME: &'static str = "llamacpp.save_slot";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        act(self.slot, "save", Some(&self.filename))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Saved> {
        read(&body)
    }
}

impl Operation for RestoreSlot {
    type Output = Restored;
    const NAME: &'static str = "llamacpp.restore_slot";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        act(self.slot, "restore", Some(&self.filename))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Restored> {
        read(&body)
    }
}

impl Operation for EraseSlot {
    type Output = Erased;
    const NAME: &'static str = "llamacpp.erase_slot";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        act(self.0, "erase", None)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Erased> {
        read(&body)
    }
}
