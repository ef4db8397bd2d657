//! Stub, to be written.
use bytes::Bytes;
use super::{Frame, FrameLimits, FrameTooLarge};
/// Stub.
#[derive(Debug)]
pub struct NdJsonDecoder {}
impl NdJsonDecoder {
    /// A decoder.
    pub fn new(_limits: FrameLimits) -> Self { Self {} }
    /// Feed.
    pub fn feed(&mut self, _chunk: Bytes) {}
    /// Next.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> { Ok(None) }
    /// Finish.
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> { Ok(None) }
}
