//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    health::Readiness,
    object::ObjectAction,
    protocol::{NoStream, Protocol, Shape, Target},
};

use crate::{PROVIDER, decode, encode, error};

/// The wire format of S3: its REST API, with bodies of XML.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/Type_API_Reference.html>
#[derive(Clone, Debug)]
pub struct Rest {
    /// The one that every base URL is of.
    pub(crate) bucket: Option<Box<str>>,
    pub(crate) checksums: bool,
}

impl Rest {
    /// The bucket's name is the first segment of the path, unless a request names none.
    pub fn new() -> Self {
        Self {
            bucket: None,
            checksums: true,
        }
    }

    /// The base URL is that of this bucket, and of no other.
    pub fn of_bucket(name: impl Into<Box<str>>) -> Self {
        Self {
            bucket: Some(name.into()),
            ..Self::new()
        }
    }

    /// Neither sends checksums nor asks for them: for stores that refuse the headers.
    #[must_use]
    pub fn without_checksums(mut self) -> Self {
        self.checksums = false;
        self
    }
}

impl Default for Rest {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol for Rest {
    type Decoder = NoStream;

    fn encode(&self, op: &Op, target: &Target, _: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Object(request) => encode::request(self, request, target),
            Op::Ready(request) => encode::ready(self, &request.model, target),
            op => Err(no_such(op)),
        }
    }

    fn shape(&self, op: &Op, _: &Parts) -> Shape {
        match op {
            Op::Object(request) if matches!(request.action, ObjectAction::Get(_)) => {
                Shape::Streamed
            }
            _ => Shape::Whole,
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Object(request) => decode::reply(&request.action, head, &body).map(Reply::Object),
            Op::Ready(_) => Ok(Reply::Ready(Readiness::ready())),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, _: &Op, _: &Parts) -> NoStream {
        NoStream
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
