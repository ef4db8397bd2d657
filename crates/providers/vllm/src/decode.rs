//! Streams: chat completions, and what vLLM tells beside them.

use std::collections::VecDeque;

use trunkline_core::{
    Result, StreamChunk,
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal},
    stream::ChunkMeta,
};
use trunkline_openai_compat::ChunkDecoder;

use crate::{
    beside::{self, Choices},
    told,
};

/// Reads vLLM's streams.
#[derive(Debug)]
pub struct StreamDecoder {
    inner: ChunkDecoder,
    choices: Choices,
}

impl StreamDecoder {
    pub(crate) fn new(inner: ChunkDecoder) -> Self {
        Self {
            inner,
            choices: Choices::default(),
        }
    }
}

impl Decoder for StreamDecoder {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let is_over = self.inner.terminal() == Terminal::Last;
        let more = match frame.text() {
            Ok(text) if !is_over => self.choices.take(text)?,
            _ => None,
        };
        self.inner.frame(frame, out).map_err(told)?;
        if let Some(ext) = more {
            let mut meta = ChunkMeta::default();
            meta.ext = ext;
            out.push_back(StreamChunk::Meta(Box::new(meta)));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        self.inner.finish(out).map_err(told)?;
        for chunk in out {
            if let StreamChunk::Finish {
                candidate,
                reason,
                ext,
                ..
            } = chunk
            {
                beside::join(ext, self.choices.end(*candidate, reason));
            }
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        self.inner.terminal()
    }
}
