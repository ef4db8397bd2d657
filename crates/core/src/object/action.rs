//! What can be done in a store.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::UploadedPart;
use crate::{Class, json::base64};

/// What to do in a bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectAction {
    /// The content of an object, or some of it.
    Get(Get),
    /// What is known of an object.
    Head(Head),
    /// Writes an object whole.
    Put(Put),
    /// Removes an object. One that is not there is no error.
    Delete(Delete),
    /// Copies an object within the store.
    Copy(CopyFrom),
    /// One page of the objects.
    List(List),
    /// Begins an upload in parts.
    Begin(Begin),
    /// Uploads a part.
    Part(Part),
    /// Makes an object of the parts.
    Complete(Complete),
    /// Gives an upload up, and the room that its parts take.
    Abort(Abort),
    /// An address by which whoever has it may get or put an object for some time. Nothing is sent.
    Presign(Presign),
}

impl ObjectAction {
    /// What repeating it would do. To write the same content once more changes nothing.
    pub fn class(&self) -> Class {
        match self {
            // The second time would find what the first one wrote.
            Self::Put(put) if put.if_absent => Class::Effect,
            // One too many leaves an upload without parts, which takes no room. And once it is
            // completed there is no upload left: whoever repeats that is told so.
            Self::Begin(_) | Self::Complete(_) => Class::Billed,
            _ => Class::Read,
        }
    }

    /// The key of the object that it is about; empty for a list.
    pub fn key(&self) -> &str {
        match self {
            Self::Get(action) => &action.key,
            Self::Head(action) => &action.key,
            Self::Put(action) => &action.key,
            Self::Delete(action) => &action.key,
            Self::Copy(action) => &action.key,
            Self::List(_) => "",
            Self::Begin(action) => &action.key,
            Self::Part(action) => &action.key,
            Self::Complete(action) => &action.key,
            Self::Abort(action) => &action.key,
            Self::Presign(action) => &action.key,
        }
    }

    /// How many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Put(put) => put.content.len(),
            Self::Part(part) => part.content.len(),
            _ => 0,
        }
    }
}

macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident as $variant:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty,)+ })+) => {
        $($(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$fmeta])* pub $field: $type,)+
        }

        impl From<$name> for ObjectAction {
            fn from(action: $name) -> Self {
                Self::$variant(action)
            }
        })+
    };
}

actions! {
    /// The content of an object, or some of it.
    Get as Get {
        /// Its key.
        key: String,
        /// Which of its bytes; `None` for all. One that ends at `u64::MAX` ends with the object.
        #[serde(skip_serializing_if = "Option::is_none")]
        range: Option<Range<u64>>,
        /// Only if its mark is still this one.
        #[serde(skip_serializing_if = "Option::is_none")]
        if_match: Option<String>,
    }
    /// What is known of an object.
    Head as Head {
        /// Its key.
        key: String,
    }
    /// Writes an object whole.
    Put as Put {
        /// Its key.
        key: String,
        /// Its content.
        #[serde(with = "base64")]
        content: Bytes,
        /// The CRC-32 of the content, which the store checks and keeps.
        #[serde(skip_serializing_if = "Option::is_none")]
        crc32: Option<u32>,
        /// What it is: `text/plain`.
        #[serde(skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
        /// What is to be kept with it.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<String, String>,
        /// Only if there is none yet.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        if_absent: bool,
    }
    /// Removes an object.
    Delete as Delete {
        /// Its key.
        key: String,
    }
    /// Copies an object within the store.
    CopyFrom as Copy {
        /// The bucket that has it; empty for the same.
        #[serde(skip_serializing_if = "String::is_empty")]
        from_bucket: String,
        /// Its key there.
        from: String,
        /// The key of the copy.
        key: String,
    }
    /// One page of the objects.
    List as List {
        /// What their keys begin with.
        #[serde(skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// Keys that have this after the prefix are not listed but what they begin with, once each:
        /// `/` for folders.
        #[serde(skip_serializing_if = "Option::is_none")]
        delimiter: Option<String>,
        /// Where to go on, from [`Listing::next`](super::Listing::next); `None` begins.
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<String>,
        /// How many at most; the store has a limit of its own.
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    }
    /// Begins an upload in parts.
    Begin as Begin {
        /// The key of the object that it shall become.
        key: String,
        /// Whether the CRC-32 of the whole will be told at its end.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        crc32: bool,
        /// What it is: `text/plain`.
        #[serde(skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
        /// What is to be kept with it.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<String, String>,
    }
    /// Uploads a part.
    Part as Part {
        /// The key of the object that it shall become.
        key: String,
        /// The upload's id.
        upload: String,
        /// The number of the part, from 1. The same one again replaces it.
        number: u32,
        /// Its content.
        #[serde(with = "base64")]
        content: Bytes,
        /// The CRC-32 of the content, which the store checks.
        #[serde(skip_serializing_if = "Option::is_none")]
        crc32: Option<u32>,
    }
    /// Makes an object of the parts.
    Complete as Complete {
        /// The key of the object.
        key: String,
        /// The upload's id.
        upload: String,
        /// The parts, by their numbers.
        parts: Vec<UploadedPart>,
        /// The CRC-32 of the whole, which the store checks and keeps.
        #[serde(skip_serializing_if = "Option::is_none")]
        crc32: Option<u32>,
    }
    /// Gives an upload up.
    Abort as Abort {
        /// The key of the object that it should have become.
        key: String,
        /// The upload's id.
        upload: String,
    }
    /// An address for somebody else.
    Presign as Presign {
        /// The key of the object.
        key: String,
        /// Whether it is to be written, and not read.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        put: bool,
        /// For how long it shall do.
        lasts: Duration,
    }
}
