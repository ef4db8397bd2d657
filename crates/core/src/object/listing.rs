//! The objects of a bucket, page by page.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

use super::{Bucket, List, Listing, ObjectInfo};
use crate::{Error, Limit, Result};

type Page = Pin<Box<dyn Future<Output = Result<Listing>> + Send>>;

/// The objects of a bucket, in the order of their keys. A page is asked for when the one before it
/// has been read.
pub struct Objects {
    bucket: Bucket,
    list: List,
    ready: VecDeque<ObjectInfo>,
    page: Option<Page>,
    /// Pages in a row that had nothing.
    empty: u32,
    is_over: bool,
}

/// A store that names a next page for ever and has nothing on any is not followed for ever.
const MOST_EMPTY: u32 = 1_000;

impl Objects {
    pub(super) fn new(bucket: Bucket, list: List) -> Self {
        Self {
            bucket,
            list,
            ready: VecDeque::new(),
            page: None,
            empty: 0,
            is_over: false,
        }
    }

    /// The next object; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// As any call. Nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<ObjectInfo>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn turn(&mut self, listing: Listing) -> Result<()> {
        self.empty = match listing.objects.is_empty() {
            true => self.empty + 1,
            false => 0,
        };
        self.ready.extend(listing.objects);
        match listing.next {
            None => self.is_over = true,
            Some(_) if self.empty > MOST_EMPTY => {
                let what = format!("{MOST_EMPTY} pages in a row had no object");
                return Err(Error::limit_exceeded(Limit::Events, what));
            }
            Some(next) if self.list.page.as_ref() == Some(&next) => {
                return Err(Error::decode(
                    "the store names the page that was just read as the next one",
                ));
            }
            Some(next) => self.list.page = Some(next),
        }
        Ok(())
    }
}

impl Stream for Objects {
    type Item = Result<ObjectInfo>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(object) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(object)));
            }
            if this.is_over {
                return Poll::Ready(None);
            }
            let page = this.page.get_or_insert_with(|| {
                let (bucket, list) = (this.bucket.clone(), this.list.clone());
                Box::pin(async move { bucket.list_page(list).await })
            });
            let listing = ready!(page.as_mut().poll(cx));
            this.page = None;
            let turned = listing.and_then(|listing| this.turn(listing));
            if let Err(error) = turned {
                this.is_over = true;
                // What was on the page before is not shown after an error.
                this.ready.clear();
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}
