//! Where words come from.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Ext;

/// One quotation: what was cited, where it stands there, and where it is used here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Citation {
    /// What was cited.
    pub source: CitedSource,
    /// Where in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<Locator>,
    /// The words that were cited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cited_text: Option<String>,
    /// Which characters of the answer stand on it, in the provider's own counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_in_output: Option<Range<u64>>,
    /// What the provider adds.
    #[serde(default, skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

/// What was cited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CitedSource {
    /// Its address on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The provider's id of the file or document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which of the request's documents it is, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

impl Citation {
    /// A page on the web.
    pub fn url(url: impl Into<String>) -> Self {
        Self {
            source: CitedSource {
                url: Some(url.into()),
                ..CitedSource::default()
            },
            ..Self::default()
        }
    }

    /// Sets the title of what was cited.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.source.title = Some(title.into());
        self
    }

    /// Sets which characters of the answer stand on it.
    #[must_use]
    pub fn span(mut self, span: Range<u64>) -> Self {
        self.span_in_output = Some(span);
        self
    }
}

/// Where in a source the cited words stand. Ranges exclude their end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Locator {
    /// The words themselves locate it.
    TextSpan {
        /// How the cited text begins.
        start: String,
        /// How it ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<String>,
    },
    /// Characters, counted from 0.
    CharRange {
        /// The first.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// Pages, counted from 1.
    Page {
        /// The first.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// Blocks of content, counted from 0.
    Block {
        /// The first.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// One of the results of a search.
    SearchResult {
        /// Which, counted from 0.
        index: u64,
        /// The first block in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<u64>,
        /// One past the last block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<u64>,
    },
}
