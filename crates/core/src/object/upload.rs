//! An upload in parts.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use crc32fast::Hasher;
use futures_core::Stream;
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use tokio::time::sleep;

use super::{
    Abort, Begin, Bucket, Complete, ObjectInfo, ObjectOutcome, Part, Put, UploadedPart,
    pieces::Pieces,
};
use crate::{BoxError, Delivery, Error, ErrorKind, Limit, Recovery, Result};

/// An upload, being put together: [`Bucket::upload`].
///
/// Content that fits one part is written at once, and all else in parts, some of them at the same
/// time: it holds about so many parts in memory and one more. Each part is checked by the store by
/// its CRC-32, and so is the whole. A part that fails is sent again by the account's retries, and
/// once more after those.
///
/// Where nothing is heard of its completion, the object is looked for: it may be there. What fails in
/// the end is given up in the store too. Only an upload that is dropped before its
/// end, or whose program ends, leaves its parts there, which cost room until somebody gives them
/// up: a rule of the bucket that ends unfinished uploads after some days (S3:
/// `AbortIncompleteMultipartUpload`) is the way.
///
/// ```
/// # async fn demo(bucket: trunkline_core::object::Bucket) -> trunkline_core::Result<()> {
/// # let lines = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from("a line\n"))]);
/// let info = bucket
///     .upload("logs/today")
///     .content_type("text/plain")
///     .part_size(16 << 20)
///     .send(lines)
///     .await?;
/// println!("{:?} bytes", info.size);
/// # Ok(()) }
/// ```
#[must_use = "an upload does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Upload {
    bucket: Bucket,
    begin: Begin,
    part_size: usize,
    concurrency: usize,
}

/// The most parts that S3 makes one object of.
const MOST_PARTS: u32 = 10_000;
/// What is waited before the last round of a part, unless the store says it.
const PAUSE: Duration = Duration::from_secs(1);
/// And at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How long it may take to give an upload up: somebody waits for its error.
const ABORT_TIME: Duration = Duration::from_secs(15);

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Sent>> + Send + 'a>>;

/// A part that the store has.
struct Sent {
    part: UploadedPart,
    size: u64,
    hasher: Hasher,
}

impl Upload {
    pub(super) fn new(bucket: Bucket, key: String) -> Self {
        Self {
            bucket,
            begin: Begin::new(key).crc32(),
            part_size: 8 << 20,
            concurrency: 3,
        }
    }

    /// Sets what it is: `text/plain`.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.begin = self.begin.content_type(media_type);
        self
    }

    /// Adds something that is to be kept with it. Names are of lower case.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.begin = self.begin.metadata(name, value);
        self
    }

    /// Sets how large a part is; 8 MiB unless set. S3 takes from 5 MiB to 5 GiB, and 10,000 parts: with
    /// 8 MiB each an object of 78 GiB.
    pub fn part_size(mut self, bytes: usize) -> Self {
        self.part_size = bytes;
        self
    }

    /// Sets how many parts are sent at the same time; 3 unless set.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.concurrency = parts;
        self
    }

    /// Sends this content.
    ///
    /// # Errors
    ///
    /// As any call, and what the stream fails with. The upload has then been given up.
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) where there are more than 10,000 parts.
    pub async fn send<S, E>(self, content: S) -> Result<ObjectInfo>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<BoxError>,
    {
        if self.part_size == 0 || self.concurrency == 0 {
            return Err(Error::config(
                "an upload in parts of 0 bytes, or of 0 at a time, never ends; set 1 at least",
            ));
        }
        let mut pieces = Pieces::new(content, self.part_size);
        let first = pieces.next().await.transpose()?.unwrap_or_default();
        let Some(second) = pieces.next().await.transpose()? else {
            return self.at_once(first).await;
        };
        let begun = self.bucket.run(self.begin.clone()).await?;
        let ObjectOutcome::Upload(id) = begun.outcome else {
            return Err(self.bucket.unexpected("the id of an upload"));
        };
        let sent = self.parts(&id, [first, second], &mut pieces).await;
        let done = match sent {
            Ok(sent) => self.complete(&id, sent).await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            self.abort(id).await;
        }
        done
    }

    /// What has no more than one part is not worth three exchanges.
    async fn at_once(self, content: Bytes) -> Result<ObjectInfo> {
        let mut put = Put::new(self.begin.key, content);
        put.crc32 = Some(crc32fast::hash(&put.content));
        put.content_type = self.begin.content_type;
        put.metadata = self.begin.metadata;
        let reply = self.bucket.run(put).await?;
        self.bucket.info(reply)
    }

    /// Sends all parts, so many at a time, and gives them in their order.
    async fn parts<S, E>(
        &self,
        id: &str,
        begun: [Bytes; 2],
        pieces: &mut Pieces<S>,
    ) -> Result<Vec<Sent>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<BoxError>,
    {
        let mut sent = Vec::new();
        let mut under_way: FuturesUnordered<Sending<'_>> = FuturesUnordered::new();
        let mut begun = begun.into_iter();
        let mut number = 0;
        let mut more = true;
        while more || !under_way.is_empty() {
            if !more || under_way.len() >= self.concurrency {
                sent.extend(under_way.next().await.transpose()?);
                continue;
            }
            let piece = match begun.next() {
                Some(piece) => Some(Ok(piece)),
                None if under_way.is_empty() => pieces.next().await,
                // Those under way go on while the next one is put together.
                None => match select(pieces.next(), under_way.next()).await {
                    Either::Left((piece, _)) => piece,
                    Either::Right((done, _)) => {
                        sent.extend(done.transpose()?);
                        continue;
                    }
                },
            };
            let Some(piece) = piece.transpose()? else {
                more = false;
                continue;
            };
            number += 1;
            if number > MOST_PARTS {
                let what = format!(
                    "the content has more than {MOST_PARTS} parts of {} bytes; set a larger `.part_size(…)`",
                    self.part_size
                );
                return Err(Error::limit_exceeded(Limit::Body, what));
            }
            under_way.push(Box::pin(self.part(id, number, piece)));
        }
        sent.sort_unstable_by_key(|sent| sent.part.number);
        Ok(sent)
    }

    /// Sends one part, and once more where that may help.
    async fn part(&self, id: &str, number: u32, content: Bytes) -> Result<Sent> {
        let mut hasher = Hasher::new();
        hasher.update(&content);
        let size = content.len() as u64;
        let crc32 = hasher.clone().finalize();
        let part = Part::new(&*self.begin.key, id, number, content).crc32(crc32);
        let reply = match self.bucket.run(part.clone()).await {
            Err(error) if may_help(&error) => {
                let asked = error.retry_after().unwrap_or(PAUSE);
                sleep(asked.min(LONGEST_PAUSE)).await;
                self.bucket.run(part).await?
            }
            reply => reply?,
        };
        match reply.outcome {
            ObjectOutcome::Part(part) => Ok(Sent { part, size, hasher }),
            _ => Err(self.bucket.unexpected("a part that it has taken")),
        }
    }

    async fn complete(&self, id: &str, sent: Vec<Sent>) -> Result<ObjectInfo> {
        let mut whole = Hasher::new();
        let mut parts = Vec::with_capacity(sent.len());
        let mut size = 0;
        for one in sent {
            size += one.size;
            whole.combine(&one.hasher);
            parts.push(one.part);
        }
        let crc32 = whole.finalize();
        let count = parts.len();
        let complete = Complete::new(&*self.begin.key, id, parts).crc32(crc32);
        let info = match self.bucket.run(complete).await {
            Ok(reply) => self.bucket.info(reply),
            Err(error) if is_gone(&error) || is_unheard(&error) => {
                self.is_there(size, count, crc32).await.ok_or(error)
            }
            Err(error) => Err(error),
        };
        info.map(|mut info| {
            info.size.get_or_insert(size);
            info
        })
    }

    /// An upload that is not there any more, or of which nothing was heard, was completed by an attempt
    /// whose answer was lost, if the object is the one that it should have become.
    async fn is_there(&self, size: u64, parts: usize, crc32: u32) -> Option<ObjectInfo> {
        let info = self.bucket.head(&*self.begin.key).await.ok()?;
        let same = match (info.crc32, &info.etag) {
            (Some(theirs), _) => theirs == crc32,
            // The mark of an object of parts ends with their number.
            (None, Some(etag)) => etag.trim_end_matches('"').ends_with(&format!("-{parts}")),
            (None, None) => false,
        };
        (same && info.size == Some(size)).then_some(info)
    }

    /// Gives the upload up. That it cannot be given up changes nothing about what went wrong.
    async fn abort(&self, id: String) {
        let bucket = self.bucket.clone().timeout(ABORT_TIME);
        let abort = Abort::new(&*self.begin.key, id);
        if let Err(error) = bucket.run(abort).await
            && !is_gone(&error)
        {
            tracing::warn!(
                error.kind = error.kind().name(),
                "an upload that failed could not be given up: its parts stay in the store"
            );
        }
    }
}

/// Whether the same part may do better in a while, though the retries are used up.
fn may_help(error: &Error) -> bool {
    matches!(error.recovery(), Recovery::Later | Recovery::Elsewhere)
        && !matches!(error.kind(), ErrorKind::Auth | ErrorKind::Permission)
}

fn is_unheard(error: &Error) -> bool {
    error.delivery() == Delivery::MaybeProcessed
}

fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
}
