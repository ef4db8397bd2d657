//! Actions being put together.

use std::{ops::Range, time::Duration};

use bytes::Bytes;

use super::{
    Abort, Begin, Complete, CopyFrom, Delete, Get, Head, List, Part, Presign, Put, UploadedPart,
};

macro_rules! of_key {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        $(impl $name {
            $(#[$doc])*
            pub fn new(key: impl Into<String>) -> Self {
                Self { key: key.into(), ..Self::default() }
            }
        })+
    };
}

of_key! {
    /// The content of the object with this key.
    Get,
    /// What is known of the object with this key.
    Head,
    /// Removes the object with this key.
    Delete,
    /// Begins an upload that shall become the object with this key.
    Begin,
}

macro_rules! described {
    ($($name:ident,)+) => {
        $(impl $name {
            /// Sets what it is: `text/plain`.
            #[must_use]
            pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
                self.content_type = Some(media_type.into());
                self
            }

            /// Adds something that is to be kept with it. Names are of lower case.
            #[must_use]
            pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self.metadata.insert(name.into().to_ascii_lowercase(), value.into());
                self
            }
        })+
    };
}

described! { Put, Begin, }

impl Get {
    /// Only these of its bytes.
    #[must_use]
    pub fn range(mut self, range: Range<u64>) -> Self {
        self.range = Some(range);
        self
    }

    /// Only if its mark is still this one.
    #[must_use]
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }
}

impl Put {
    /// Writes this content under this key.
    pub fn new(key: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            key: key.into(),
            content: content.into(),
            ..Self::default()
        }
    }

    /// Sets the CRC-32 of the content.
    #[must_use]
    pub fn crc32(mut self, crc32: u32) -> Self {
        self.crc32 = Some(crc32);
        self
    }

    /// Writes only if there is none yet. It is then not repeated where it may have been done: the
    /// second time would find the first.
    #[must_use]
    pub fn if_absent(mut self) -> Self {
        self.if_absent = true;
        self
    }
}

impl CopyFrom {
    /// Copies the object `from` to `key`, in the same bucket.
    pub fn new(from: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            from_bucket: String::new(),
            from: from.into(),
            key: key.into(),
        }
    }

    /// Sets the bucket that has it.
    #[must_use]
    pub fn from_bucket(mut self, bucket: impl Into<String>) -> Self {
        self.from_bucket = bucket.into();
        self
    }
}

impl List {
    /// The objects whose keys begin with this.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..Self::default()
        }
    }

    /// Lists no keys that have this after the prefix, but what they begin with: `/` for folders.
    #[must_use]
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = Some(delimiter.into());
        self
    }

    /// Goes on where [`Listing::next`](super::Listing::next) says.
    #[must_use]
    pub fn page(mut self, next: impl Into<String>) -> Self {
        self.page = Some(next.into());
        self
    }

    /// Sets how many come at most.
    #[must_use]
    pub fn limit(mut self, objects: u32) -> Self {
        self.limit = Some(objects);
        self
    }
}

impl Begin {
    /// Says that the CRC-32 of the whole will be told at its end.
    #[must_use]
    pub fn crc32(mut self) -> Self {
        self.crc32 = true;
        self
    }
}

impl Part {
    /// Part `number` of an upload.
    pub fn new(
        key: impl Into<String>,
        upload: impl Into<String>,
        number: u32,
        content: impl Into<Bytes>,
    ) -> Self {
        Self {
            key: key.into(),
            upload: upload.into(),
            number,
            content: content.into(),
            crc32: None,
        }
    }

    /// Sets the CRC-32 of the content.
    #[must_use]
    pub fn crc32(mut self, crc32: u32) -> Self {
        self.crc32 = Some(crc32);
        self
    }
}

impl Complete {
    /// Makes an object of these parts.
    pub fn new(
        key: impl Into<String>,
        upload: impl Into<String>,
        parts: impl IntoIterator<Item = UploadedPart>,
    ) -> Self {
        Self {
            key: key.into(),
            upload: upload.into(),
            parts: parts.into_iter().collect(),
            crc32: None,
        }
    }

    /// Sets the CRC-32 of the whole.
    #[must_use]
    pub fn crc32(mut self, crc32: u32) -> Self {
        self.crc32 = Some(crc32);
        self
    }
}

impl Abort {
    /// Gives this upload up.
    pub fn new(key: impl Into<String>, upload: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            upload: upload.into(),
        }
    }
}

impl Presign {
    /// An address to get the object, for so long.
    pub fn get(key: impl Into<String>, lasts: Duration) -> Self {
        Self {
            key: key.into(),
            put: false,
            lasts,
        }
    }

    /// An address to put the object, for so long.
    pub fn put(key: impl Into<String>, lasts: Duration) -> Self {
        Self {
            put: true,
            ..Self::get(key, lasts)
        }
    }
}
