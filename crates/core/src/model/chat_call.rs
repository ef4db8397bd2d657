//! A chat call being put together: options first, then the ending.

use std::{future::IntoFuture, sync::Arc};

use super::{BoxFuture, Settings, call_settings};
use crate::{Backend, ChatRequest, ChatResponse, ChatStream, Op, Prime, Result, Tool};

/// A chat call, being put together. The endings: `.await`, [`stream`](Self::stream),
/// [`buffered`](Self::buffered), `extract`.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct ChatCall {
    backend: Backend,
    request: ChatRequest,
    settings: Settings,
}

call_settings!(ChatCall);

impl ChatCall {
    pub(super) fn new(backend: Backend, request: ChatRequest) -> Self {
        Self {
            backend,
            request,
            settings: Settings::default(),
        }
    }

    /// Sets how freely the model chooses.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.request.temperature = Some(temperature);
        self
    }

    /// Sets the most tokens of the answer.
    pub fn max_output_tokens(mut self, tokens: u64) -> Self {
        self.request.max_output_tokens = Some(tokens);
        self
    }

    /// Puts instructions before all else.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.request = self.request.system(text);
        self
    }

    /// Adds a tool.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.request.tools.push(tool);
        self
    }

    /// Sets when a stream is handed over. What fails before can be retried unseen.
    pub fn prime(mut self, prime: Prime) -> Self {
        self.settings.call.prime = prime;
        self
    }

    /// Asks for the answer as it is generated. Ready with its first content, unless
    /// [`prime`](Self::prime) says otherwise.
    ///
    /// # Errors
    ///
    /// Whatever went wrong before that, after the retries.
    pub async fn stream(self) -> Result<ChatStream> {
        let op = Op::ChatStream(Arc::new(self.request));
        self.settings
            .send(&self.backend, op)
            .await?
            .into_chat_stream()
    }

    /// Asks for the whole answer over a stream, so that a stall is seen early and an interruption
    /// at any point can be retried: nothing was shown yet.
    ///
    /// # Errors
    ///
    /// Whatever went wrong, after the retries.
    pub async fn buffered(mut self) -> Result<ChatResponse> {
        self.settings.call.prime = Prime::Complete;
        self.await
    }

    /// Asks for JSON of this type and reads it.
    ///
    /// # Errors
    ///
    /// Whatever went wrong; [`Decode`](crate::ErrorKind::Decode) if the answer does not fit, with
    /// the answer as [`partial`](crate::Error::partial).
    ///
    /// ```
    /// # async fn demo(model: trunkline_core::Model) -> trunkline_core::Result<()> {
    /// #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    /// struct Recipe {
    ///     title: String,
    ///     minutes: u32,
    ///     steps: Vec<String>,
    /// }
    ///
    /// let recipe: Recipe = model.chat("A lasagna for two.").extract().await?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "schemars")]
    pub async fn extract<T>(mut self) -> Result<T>
    where
        T: serde::de::DeserializeOwned + schemars::JsonSchema,
    {
        self.request.format = Some(crate::chat::Format::of::<T>()?);
        self.await?.parse()
    }
}

impl IntoFuture for ChatCall {
    type Output = Result<ChatResponse>;
    type IntoFuture = BoxFuture<Result<ChatResponse>>;

    fn into_future(self) -> Self::IntoFuture {
        let reply = self
            .settings
            .send(&self.backend, Op::Chat(Arc::new(self.request)));
        Box::pin(async { reply.await?.into_chat() })
    }
}
