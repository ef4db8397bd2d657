//! A bucket of a store: what an application calls.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;

use super::{
    CopyFrom, Delete, Download, Get, Head, List, Listing, ObjectAction, ObjectInfo, ObjectOutcome,
    ObjectReply, ObjectRequest, Objects, Presign, Put, Upload,
};
use crate::{Backend, BoxError, Error, Op, Priority, Result, Secret, model::Settings};

/// A bucket of a store. Cloning it is cheap.
///
/// Each of its calls goes through the backend's layers: queue, pool, retries, circuit. With several
/// endpoints these have to be doors to the same store, since a call may go to any of them.
///
/// ```
/// # async fn demo(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// let bucket = backend.bucket("reports");
/// bucket.put("2026/may.csv", "a,b\n1,2\n").await?;
/// let text = bucket.get("2026/may.csv").await?.collect(1 << 20).await?;
/// assert_eq!(&text[..], b"a,b\n1,2\n");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Bucket {
    backend: Backend,
    name: Arc<str>,
    settings: Settings,
}

impl Bucket {
    /// The bucket `name` on `backend`.
    pub fn new(backend: impl Into<Backend>, name: impl Into<Arc<str>>) -> Self {
        Self {
            backend: backend.into(),
            name: name.into(),
            settings: Settings::default(),
        }
    }

    /// Its name; empty where the endpoint has but one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The backend it is on.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Gives each call up after this time: waits and retries included, and of an upload each part by
    /// itself. The content that is got has no end but the account's
    /// [`byte_idle`](crate::protocol::Timers::byte_idle) timer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Sets whose turn it is where calls wait in line.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.settings.call.priority = priority;
        self
    }

    /// Says for whom the calls are made, where several share a backend: their turns in a queue are
    /// fair.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<Arc<str>>) -> Self {
        self.settings.call.tenant = Some(tenant.into());
        self
    }

    /// Does one thing in the bucket, as one exchange: for what the other methods leave no room.
    ///
    /// ```
    /// # async fn demo(bucket: trunkline_core::object::Bucket) -> trunkline_core::Result<()> {
    /// use trunkline_core::object::Put;
    ///
    /// let page = Put::new("index.html", "<p>Hello").content_type("text/html").if_absent();
    /// bucket.run(page).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn run(&self, action: impl Into<ObjectAction>) -> Result<ObjectReply> {
        let op = Op::Object(Arc::new(ObjectRequest::new(&*self.name, action)));
        let reply = self.settings.clone().send(&self.backend, op);
        reply.await?.into_object()
    }

    /// The content of an object, as it comes. A connection that breaks is gone on with; see
    /// [`Download`].
    ///
    /// # Errors
    ///
    /// As any call: what goes wrong before the head of the answer came. Later errors are those of
    /// the [`Download`].
    pub async fn get(&self, key: impl Into<String>) -> Result<Download> {
        self.download(Get::new(key)).await
    }

    /// Some of an object's content. What is asked for beyond its end does not come.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get); [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a range
    /// that begins behind its end.
    pub async fn get_range(&self, key: impl Into<String>, range: Range<u64>) -> Result<Download> {
        self.download(Get::new(key).range(range)).await
    }

    async fn download(&self, get: Get) -> Result<Download> {
        let reply = self.run(get.clone()).await?;
        let meta = reply.meta;
        match reply.outcome {
            ObjectOutcome::Content(info, body) => {
                Ok(Download::new(self.clone(), get, info, meta, body))
            }
            _ => Err(self.unexpected("the content of an object")),
        }
    }

    /// What is known of an object.
    ///
    /// # Errors
    ///
    /// As any call; [`NotFound`](crate::ErrorKind::NotFound) where there is none.
    pub async fn head(&self, key: impl Into<String>) -> Result<ObjectInfo> {
        let reply = self.run(Head::new(key)).await?;
        self.info(reply)
    }

    /// Writes an object. The store checks what arrives by its CRC-32, and keeps that. Content of more
    /// than 64 MiB goes in parts, as in [`put_stream`](Self::put_stream).
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn put(
        &self,
        key: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Result<ObjectInfo> {
        const IN_PARTS_FROM: usize = 64 << 20;
        let content = content.into();
        if content.len() > IN_PARTS_FROM {
            return self
                .put_stream(key, stream::iter([Ok::<_, Error>(content)]))
                .await;
        }
        let crc32 = crc32fast::hash(&content);
        let reply = self.run(Put::new(key, content).crc32(crc32)).await?;
        self.info(reply)
    }

    /// Writes an object of which nobody knows yet how long it will be: in parts, unless it has no
    /// more than one. See [`Upload`] for what can be set, and for what is left behind where it is
    /// dropped.
    ///
    /// # Errors
    ///
    /// As any call, and what the stream fails with. The upload has then been given up.
    pub async fn put_stream<S, E>(&self, key: impl Into<String>, content: S) -> Result<ObjectInfo>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<BoxError>,
    {
        self.upload(key).send(content).await
    }

    /// An upload, to be put together: its size of parts, its content type.
    pub fn upload(&self, key: impl Into<String>) -> Upload {
        Upload::new(self.clone(), key.into())
    }

    /// Removes an object. One that is not there is no error.
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn delete(&self, key: impl Into<String>) -> Result<()> {
        self.run(Delete::new(key)).await.map(|_| ())
    }

    /// Copies an object within the bucket, without its content coming here.
    ///
    /// # Errors
    ///
    /// As any call. S3 refuses to copy more than 5 GiB at once.
    pub async fn copy(
        &self,
        from: impl Into<String>,
        key: impl Into<String>,
    ) -> Result<ObjectInfo> {
        let reply = self.run(CopyFrom::new(from, key)).await?;
        self.info(reply)
    }

    /// The objects whose keys begin with `prefix`, page by page as they are read.
    ///
    /// ```
    /// # async fn demo(bucket: trunkline_core::object::Bucket) -> trunkline_core::Result<()> {
    /// let mut objects = bucket.list("2026/");
    /// while let Some(object) = objects.next().await {
    ///     let object = object?;
    ///     println!("{} {:?}", object.key, object.size);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self, prefix: impl Into<String>) -> Objects {
        Objects::new(self.clone(), List::new(prefix))
    }

    /// One page of objects, and of the folders where a delimiter is given.
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn list_page(&self, list: List) -> Result<Listing> {
        match self.run(list).await?.outcome {
            ObjectOutcome::Listing(listing) => Ok(listing),
            _ => Err(self.unexpected("a list of objects")),
        }
    }

    /// An address by which whoever has it may get the object, for so long. Nothing is sent, and
    /// nobody looks whether the object is there. The address is as secret as what it opens.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the account signs nothing;
    /// [`Auth`](crate::ErrorKind::Auth) where no credentials are found, or they end before.
    pub async fn presign(&self, key: impl Into<String>, lasts: Duration) -> Result<Secret> {
        self.address(Presign::get(key, lasts)).await
    }

    /// The same to write the object, by a PUT.
    ///
    /// # Errors
    ///
    /// As for [`presign`](Self::presign).
    pub async fn presign_put(&self, key: impl Into<String>, lasts: Duration) -> Result<Secret> {
        self.address(Presign::put(key, lasts)).await
    }

    async fn address(&self, presign: Presign) -> Result<Secret> {
        match self.run(presign).await?.outcome {
            ObjectOutcome::Url(url) => Ok(url),
            _ => Err(self.unexpected("an address")),
        }
    }

    pub(super) fn info(&self, reply: ObjectReply) -> Result<ObjectInfo> {
        match reply.outcome {
            ObjectOutcome::Info(info) => Ok(info),
            _ => Err(self.unexpected("what is known of an object")),
        }
    }

    pub(super) fn unexpected(&self, what: &str) -> Error {
        let what = format!("the store did not answer with {what}");
        Error::decode(what).with_provider(self.backend.info().provider)
    }
}

impl Backend {
    /// A bucket of this store: what is done in it. Where the endpoint has but one, its name may be
    /// empty.
    pub fn bucket(&self, name: impl Into<Arc<str>>) -> Bucket {
        Bucket::new(self.clone(), name)
    }
}
