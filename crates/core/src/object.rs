//! Objects in a store: get, put, list and what belongs to it.
//!
//! [`Backend::bucket`](crate::Backend::bucket) is where to begin: what a program wants of a store is
//! there, streamed where it is large, checked and gone on with where it breaks. What travels through the
//! layers is one [`ObjectAction`] at a time, each one exchange.
//!
//! No more than that. Who needs more of a store is served well by
//! [`object_store`](https://docs.rs/object_store) and [`opendal`](https://docs.rs/opendal).

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    Body, Ext, Secret,
    chat::{Meta, Warning},
};

mod action;
mod bucket;
mod build;
mod download;
mod listing;
mod pieces;
mod upload;

pub use action::{
    Abort, Begin, Complete, CopyFrom, Delete, Get, Head, List, ObjectAction, Part, Presign, Put,
};
pub use bucket::Bucket;
pub use download::Download;
pub use listing::Objects;
pub use upload::Upload;

/// A request to a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectRequest {
    /// In which bucket; empty where the endpoint has but one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bucket: String,
    /// What to do there.
    pub action: ObjectAction,
    /// Refuse, before sending, what the wire cannot carry as asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

impl ObjectRequest {
    /// A request to do this in that bucket.
    pub fn new(bucket: impl Into<String>, action: impl Into<ObjectAction>) -> Self {
        Self {
            bucket: bucket.into(),
            action: action.into(),
            strict: false,
        }
    }
}

/// What a store answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct ObjectReply {
    /// What came of it.
    pub outcome: ObjectOutcome,
    /// What of the request was not carried as asked.
    pub warnings: Vec<Warning>,
    /// The HTTP side of it.
    pub meta: Meta,
}

/// What came of a request to a store.
#[derive(Debug)]
#[non_exhaustive]
pub enum ObjectOutcome {
    /// What is known of the object, and its content, unread.
    Content(ObjectInfo, Body),
    /// What is known of the object.
    Info(ObjectInfo),
    /// Objects.
    Listing(Listing),
    /// An upload in parts has begun, and this is its id.
    Upload(String),
    /// A part was taken.
    Part(UploadedPart),
    /// An address by which whoever has it may do this, until it ends.
    Url(Secret),
    /// It is done.
    Done,
}

/// What a store knows of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// Its name.
    pub key: String,
    /// How many bytes it has, all of it, also where only a part was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Which of its bytes were sent, where a part was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range<u64>>,
    /// A mark that changes with its content, quotation marks included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The CRC-32 of its content, all of it, where the store keeps one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32: Option<u32>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// When it was written, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// What who wrote it said of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What else the store says: its class of storage, its version, other checksums.
    #[serde(skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

/// One page of a store's objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Listing {
    /// The objects, in the order of their keys.
    pub objects: Vec<ObjectInfo>,
    /// What the keys of others begin with, where a delimiter was given: folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<String>,
    /// Where to go on; `None` at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A part that a store has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its mark, which the store wants back.
    pub etag: String,
    /// The CRC-32 of its content, where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<u32>,
}

impl UploadedPart {
    /// The part of this number, with the store's mark.
    pub fn new(number: u32, etag: impl Into<String>) -> Self {
        Self {
            number,
            etag: etag.into(),
            crc32: None,
        }
    }

    /// Sets the CRC-32 of its content.
    #[must_use]
    pub fn crc32(mut self, crc32: impl Into<Option<u32>>) -> Self {
        self.crc32 = crc32.into();
        self
    }
}

impl ObjectInfo {
    /// An object of which nothing else is known.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            ..Self::default()
        }
    }
}

impl ObjectReply {
    /// This came of it.
    pub fn new(outcome: ObjectOutcome) -> Self {
        Self {
            outcome,
            warnings: Vec::new(),
            meta: Meta::default(),
        }
    }

    pub(crate) fn body(&self) -> Option<&Body> {
        match &self.outcome {
            ObjectOutcome::Content(_, body) => Some(body),
            _ => None,
        }
    }

    pub(crate) fn body_mut(&mut self) -> Option<&mut Body> {
        match &mut self.outcome {
            ObjectOutcome::Content(_, body) => Some(body),
            _ => None,
        }
    }
}
