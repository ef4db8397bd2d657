//! What a model answered.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Finish, FinishClass, FinishKind, Message, Origin, Role, ToolCall, Usage, Warning,
    tool::position,
};
use crate::{Delivery, Error, ErrorKind, Ext, Json, Result, Scope};

/// A model's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatResponse {
    /// The provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model that answered, as the provider calls it.
    #[serde(default)]
    pub model: String,
    /// When, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Which class of service it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The answer.
    pub message: Message,
    /// The others, where several were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Why it ended.
    pub finish: Finish,
    /// What it cost; `completeness` says whether the provider told.
    #[serde(default)]
    pub usage: Usage,
    /// What of the request was not carried as asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The likelihood of its tokens, as the provider gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Json>,
    /// What the provider adds.
    #[serde(default, skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

/// Another answer to the same request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// Its number, from 1: 0 is the answer itself.
    pub index: u32,
    /// The answer.
    pub message: Message,
    /// Why it ended.
    pub finish: Finish,
    /// The likelihood of its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Json>,
}

impl Candidate {
    /// Another answer.
    pub fn new(index: u32, message: Message, finish: Finish) -> Self {
        Self {
            index,
            message,
            finish,
            logprobs: None,
        }
    }
}

/// The HTTP side of an answer. Two are always equal: they say how an answer came, not what it is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Meta {
    /// The provider's id, `groq`.
    pub provider: Option<Arc<str>>,
    /// Behind a fallback, the model that answered, as the caller named it. The answer's own `model`
    /// is the provider's word for it.
    pub model: Option<Arc<str>>,
    /// The endpoint's authority, `api.groq.com`.
    pub endpoint: Option<Arc<str>>,
    /// The status.
    pub status: Option<StatusCode>,
    /// The headers: rate limits, processing time.
    pub headers: HeaderMap,
    /// The body as it came, where the call asked to keep it.
    pub raw: Option<Bytes>,
    /// How many attempts it took.
    pub attempts: u32,
    /// An attempt before it may have been acted on too, although its answer did not come: paid for,
    /// and done where it does something.
    pub maybe_duplicate: bool,
}

impl PartialEq for Meta {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Meta {
    /// The provider's name for the request, to be given to its support.
    pub fn request_id(&self) -> Option<&str> {
        crate::protocol::request_id(&self.headers)
    }
}

impl ChatResponse {
    /// An answer.
    pub fn new(model: impl Into<String>, message: Message, finish: Finish) -> Self {
        Self {
            id: None,
            model: model.into(),
            created: None,
            service_tier: None,
            message,
            candidates: Vec::new(),
            finish,
            usage: Usage::default(),
            warnings: Vec::new(),
            logprobs: None,
            ext: Ext::default(),
            meta: Meta::default(),
        }
    }

    /// An answer in words.
    pub fn of_text(model: impl Into<String>, text: impl Into<String>) -> Self {
        let message = Message::new(Role::Assistant, [super::Part::text(text)]);
        Self::new(model, message, Finish::new(FinishKind::Stop))
    }

    /// Sets the HTTP side of it, and says of every part who made it.
    pub(crate) fn sign(&mut self, meta: Meta) {
        if let Some(provider) = &meta.provider {
            let origin = Origin::new(provider.clone(), self.model.as_str());
            let others = self
                .candidates
                .iter_mut()
                .flat_map(|candidate| &mut candidate.message.parts);
            for part in self.message.parts.iter_mut().chain(others) {
                part.origin.get_or_insert_with(|| origin.clone());
            }
        }
        self.meta = meta;
    }

    /// All its words, joined.
    pub fn text(&self) -> String {
        self.message.text()
    }

    /// Reads its words as JSON of this type: after a call with a [`Format`](super::Format), to have
    /// usage and warnings beside the value.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode), naming the type and what is wrong with the JSON, and with
    /// this answer as [`partial`](Error::partial); [`ContentFilter`](ErrorKind::ContentFilter) if
    /// the model declined.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self.text();
        serde_json::from_str(text.trim()).map_err(|error| {
            let whole = std::any::type_name::<T>();
            let name = whole.rsplit("::").next().unwrap_or(whole);
            let (kind, why) = match self.finish.kind.class() {
                FinishClass::Length => (
                    ErrorKind::Decode,
                    format!("the answer was cut by its limit of tokens before it was a whole `{name}`; raise the limit"),
                ),
                FinishClass::ContentFilter => {
                    (ErrorKind::ContentFilter, format!("the model declined, so there is no `{name}`"))
                }
                _ if text.trim().is_empty() => {
                    (ErrorKind::Decode, format!("the model answered without any text, so there is no `{name}`"))
                }
                // The model's own words stay in the partial answer, not in the text.
                _ => (ErrorKind::Decode, format!("the answer is no `{name}`: {}", position(&error))),
            };
            let error = Error::new(kind, why)
                .with_scope(Scope::Model)
                .with_delivery(Delivery::Responded)
                .with_partial(self.clone());
            match &self.meta.provider {
                Some(provider) => error.with_provider(provider.clone()),
                None => error,
            }
        })
    }

    /// The calls in it that the application shall run.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.message.tool_calls()
    }

    /// The HTTP side of it.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }
}
