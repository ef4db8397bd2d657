//! The default client of each tokio runtime.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Handle, Id};

use super::HyperTransport;
use crate::client::{HttpClient, WeakClient};

/// A pooled connection belongs to the runtime that drives it, hence one client per runtime.
static CLIENTS: Mutex<Vec<(Id, WeakClient)>> = Mutex::new(Vec::new());

impl HttpClient {
    /// The default client of this tokio runtime, made when first asked for: a [`HyperTransport`]
    /// with every default. It reads no environment.
    ///
    /// Everything on one runtime that asks gets the same pool of connections, which ends with the
    /// runtime. Outside of a runtime each call makes a client of its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let client = trunkline_http::HttpClient::shared();
    /// # let _ = client;
    /// # }
    /// ```
    pub fn shared() -> Self {
        let Ok(runtime) = Handle::try_current() else {
            return Self::new(HyperTransport::default());
        };
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|(_, client)| client.upgrade().is_some());
        let known = clients.iter().find(|(id, _)| *id == runtime.id());
        if let Some(client) = known.and_then(|(_, client)| client.upgrade()) {
            return client;
        }
        let client = Self::new(HyperTransport::default());
        clients.push((runtime.id(), client.downgrade()));
        // The runtime holds the client: its shutdown drops the task.
        let held = client.clone();
        runtime.spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        client
    }
}
