//! Which exchange serves which request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exchange::Read;
use super::{Exchange, Received, Reply};

/// The exchanges of a peer, served to its requests in order of arrival.
///
/// A request beyond the last exchange is answered with a 500 that says so, and counted in
/// [`Seen::unscripted`](super::Seen::unscripted).
///
/// ```
/// use trunkline_testkit::peer::{Reply, Script};
///
/// // A 429 for the first request on every connection, a 200 for all others.
/// let script = Script::new([Reply::status(429), Reply::status(200)])
///     .per_connection()
///     .repeat_last();
/// # let _ = script;
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    source: Source,
    per_connection: bool,
    repeat_last: bool,
}

type Answer = Arc<dyn Fn(&Received) -> Exchange + Send + Sync>;

#[derive(Clone)]
enum Source {
    List(Arc<[Exchange]>),
    Answer(Answer),
}

impl Script {
    /// Serves these exchanges, one per request, across all connections.
    pub fn new<E: Into<Exchange>>(exchanges: impl IntoIterator<Item = E>) -> Self {
        Self::from_source(Source::List(
            exchanges.into_iter().map(Into::into).collect(),
        ))
    }

    /// Answers every request, read in full, as `answer` says.
    ///
    /// ```
    /// use trunkline_testkit::peer::{Reply, Script};
    ///
    /// let echo = Script::respond_with(|request| Reply::status(200).body(request.body.clone()));
    /// # let _ = echo;
    /// ```
    pub fn respond_with<E: Into<Exchange>>(
        answer: impl Fn(&Received) -> E + Send + Sync + 'static,
    ) -> Self {
        Self::from_source(Source::Answer(Arc::new(move |request| {
            answer(request).into()
        })))
    }

    /// Starts the list anew on every connection.
    pub fn per_connection(mut self) -> Self {
        self.per_connection = true;
        self
    }

    /// Serves the last exchange to all requests that follow it.
    pub fn repeat_last(mut self) -> Self {
        self.repeat_last = true;
        self
    }

    fn from_source(source: Source) -> Self {
        Self {
            source,
            per_connection: false,
            repeat_last: false,
        }
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self::new([reply])
    }
}

impl From<Exchange> for Script {
    fn from(exchange: Exchange) -> Self {
        Self::new([exchange])
    }
}

impl<E: Into<Exchange>, const N: usize> From<[E; N]> for Script {
    fn from(exchanges: [E; N]) -> Self {
        Self::new(exchanges)
    }
}

impl<E: Into<Exchange>> From<Vec<E>> for Script {
    fn from(exchanges: Vec<E>) -> Self {
        Self::new(exchanges)
    }
}

/// A place in a script, shared by the connections that serve it.
#[derive(Clone)]
pub(crate) struct Cursor {
    script: Script,
    position: Arc<AtomicUsize>,
}

/// What is to be done next.
pub(crate) enum Turn {
    Exchange(Exchange),
    Answer(Answer),
    Exhausted,
}

impl Cursor {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            position: Arc::default(),
        }
    }

    pub(crate) fn for_connection(&self) -> Self {
        if self.script.per_connection {
            Self::new(self.script.clone())
        } else {
            self.clone()
        }
    }

    /// Whether the next exchange starts without waiting for a request.
    pub(crate) fn is_unprompted(&self) -> bool {
        match &self.script.source {
            Source::List(list) => self
                .at(list, self.position.load(Ordering::SeqCst))
                .is_some_and(|exchange| exchange.read == Read::Nothing),
            Source::Answer(_) => false,
        }
    }

    pub(crate) fn take(&self) -> Turn {
        match &self.script.source {
            Source::Answer(answer) => Turn::Answer(Arc::clone(answer)),
            Source::List(list) => self
                .at(list, self.position.fetch_add(1, Ordering::SeqCst))
                .map_or(Turn::Exhausted, |exchange| Turn::Exchange(exchange.clone())),
        }
    }

    fn at<'a>(&self, list: &'a [Exchange], position: usize) -> Option<&'a Exchange> {
        match list.get(position) {
            None if self.script.repeat_last => list.last(),
            found => found,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => f.debug_list().entries(list.iter()).finish(),
            Self::Answer(_) => f.write_str("a function of the request"),
        }
    }
}
