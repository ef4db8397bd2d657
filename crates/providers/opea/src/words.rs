//! An answer of one text, as the chunks that make it: for all forms but chat completions.

use std::collections::VecDeque;

use trunkline_core::{
    ChatResponse, Ext, Part, Result, StreamChunk,
    chat::{Finish, FinishKind},
    stream::{ChunkMeta, Fold, Parts},
};

use crate::literal::Utf8;

/// Chunks on their way out.
pub(crate) type Out = VecDeque<StreamChunk>;

/// A text that grows.
#[derive(Debug, Default)]
pub(crate) struct Words {
    model: String,
    parts: Parts,
    utf8: Utf8,
    /// What may be the beginning of a last word, if the stream was cut behind it.
    held: Vec<u8>,
    begun: bool,
    open: bool,
    reason: Option<String>,
}

/// The last word of many models, which servers of old sent as one of the answer's: OPEA's own pages
/// take it out.
///
/// <https://github.com/opea-project/GenAIExamples/blob/main/DocSum/ui/react/src/components/DocSum/DocSum.tsx>,
/// <https://github.com/opea-project/GenAIComps/blob/main/comps/llms/src/text-generation/integrations/service.py>
const LAST_WORDS: [&str; 3] = ["</s>", "<|im_end|>", "<|endoftext|>"];

impl Words {
    /// No words yet, of the model that was asked.
    pub(crate) fn of(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            ..Self::default()
        }
    }

    /// More of it. A character may be cut between two calls.
    pub(crate) fn grow(&mut self, bytes: &[u8], out: &mut Out) -> Result<()> {
        self.begin(out);
        self.release(out)?;
        let last = LAST_WORDS.map(str::as_bytes);
        if last.contains(&bytes) {
            return Ok(());
        }
        if !bytes.is_empty() && last.iter().any(|last| last.starts_with(bytes)) {
            self.held = bytes.to_vec();
            return Ok(());
        }
        let text = self.utf8.push(bytes);
        self.say(text, out)
    }

    /// Why it ended, where the server says.
    pub(crate) fn ended(&mut self, reason: String) {
        self.reason = Some(reason);
    }

    /// Whether it is known why it ended.
    pub(crate) fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// The end of it. The gateways do not say why: that they say `[DONE]` is all there is.
    pub(crate) fn end(&mut self, out: &mut Out) -> Result<()> {
        self.begin(out);
        self.release(out)?;
        let rest = self.utf8.end();
        self.say(rest, out)?;
        self.parts.end_all(out);
        let reason = self.reason.take();
        let kind = match reason.as_deref() {
            None | Some("stop" | "eos_token") => FinishKind::Stop,
            Some("length") => FinishKind::MaxTokens,
            Some("stop_sequence") => FinishKind::StopSequence(None),
            Some(_) => FinishKind::Other,
        };
        out.push_back(StreamChunk::Finish {
            candidate: 0,
            reason: Finish::new(kind).raw(reason.unwrap_or_else(|| "[DONE]".to_owned())),
            usage: None,
            ext: Ext::default(),
        });
        Ok(())
    }

    fn release(&mut self, out: &mut Out) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        let text = self.utf8.push(&held);
        self.say(text, out)
    }

    fn begin(&mut self, out: &mut Out) {
        if !std::mem::replace(&mut self.begun, true) {
            // The answer does not name its model.
            let meta = ChunkMeta::new(None, Some(std::mem::take(&mut self.model)));
            out.push_back(StreamChunk::Meta(Box::new(meta)));
        }
    }

    fn say(&mut self, text: String, out: &mut Out) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(&mut self.open, true) {
            self.parts.start(0, Part::text(""), out)?;
        }
        self.parts.grow(0, text, out)
    }
}

/// A whole answer of this text.
pub(crate) fn answer(model: &str, text: &str, reason: Option<String>) -> Result<ChatResponse> {
    let (mut words, mut out) = (Words::of(model), Out::new());
    words.grow(text.as_bytes(), &mut out)?;
    // A service that answers whole has said what it wanted.
    words.ended(reason.unwrap_or_else(|| "stop".to_owned()));
    words.end(&mut out)?;
    Fold::of(out)
}
