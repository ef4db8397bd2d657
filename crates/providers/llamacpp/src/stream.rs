//! What stands beside an answer, whole or in pieces: timings, and how much of the prompt was read.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Ext, Json, Reply, Result, StreamChunk,
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal},
    stream::ChunkMeta,
};
use trunkline_openai_compat::ChunkDecoder;

use crate::{PROVIDER, Timings};

/// Reads the streams of chat completions, and what this server tells beside them.
#[derive(Debug)]
pub struct TimedDecoder(ChunkDecoder);

impl TimedDecoder {
    pub(crate) fn new(inner: ChunkDecoder) -> Self {
        Self(inner)
    }
}

impl Decoder for TimedDecoder {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let data = frame.data.clone();
        let before = out.len();
        self.0.frame(frame, out)?;
        if let Some(beside) = Beside::read(&data) {
            for chunk in out.iter_mut().skip(before) {
                if let StreamChunk::Usage(usage) = chunk {
                    usage.timing = beside.timing().or(usage.timing.take());
                }
            }
            let mut meta = ChunkMeta::default();
            meta.ext = beside.ext();
            out.push_back(StreamChunk::Meta(Box::new(meta)));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        self.0.finish(out)
    }

    fn terminal(&self) -> Terminal {
        self.0.terminal()
    }
}

/// What stands beside an answer.
#[derive(Deserialize, Serialize)]
pub(crate) struct Beside {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timings: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_progress: Option<Json>,
}

impl Beside {
    /// Most pieces have nothing of it, and are not read twice.
    fn read(json: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        if !text.contains("\"timings\"") && !text.contains("\"prompt_progress\"") {
            return None;
        }
        let beside: Self = serde_json::from_str(text).ok()?;
        let is_told = beside.timings.is_some() || beside.prompt_progress.is_some();
        is_told.then_some(beside)
    }

    fn ext(&self) -> Ext {
        let mut ext = Ext::default();
        if let Ok(json) = Json::of(self) {
            ext.insert(PROVIDER.id, json);
        }
        ext
    }

    fn timing(&self) -> Option<Box<trunkline_core::chat::Timing>> {
        let timings = Timings::read(self.timings.as_ref()?)?;
        Some(Box::new(timings.timing()))
    }
}

/// A whole answer, with what stands beside it.
pub(crate) fn timed(reply: Reply, body: &[u8]) -> Reply {
    match (reply, Beside::read(body)) {
        (Reply::Chat(mut response), Some(beside)) => {
            response.usage.timing = beside.timing().or(response.usage.timing);
            for (provider, json) in beside.ext().iter() {
                response.ext.insert(provider, json.clone());
            }
            Reply::Chat(response)
        }
        (reply, _) => reply,
    }
}
