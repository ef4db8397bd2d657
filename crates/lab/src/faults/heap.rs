//! How much memory a run takes at its peak.

use peak_alloc::PeakAlloc;

use super::{case::Case, value::Size};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The peers' scripts and the captured logs are in it too.
const USUAL: Size = Size(64 << 20);

/// What was in use before a run.
pub(crate) struct Heap {
    before: usize,
}

pub(crate) fn begin() -> Heap {
    HEAP.reset_peak_usage();
    Heap {
        before: HEAP.current_usage(),
    }
}

impl Heap {
    /// Invariant U8, if the run took more than the case allows.
    pub(crate) fn exceeds(&self, case: &Case) -> Option<String> {
        let many = case.call.count > 100 && case.heap.is_none();
        let Size(most) = case.heap.unwrap_or(USUAL);
        let peak = HEAP.peak_usage().saturating_sub(self.before);
        (peak > most && !many)
            .then(|| format!("U8: {peak} bytes of heap at the peak, {most} at most"))
    }
}
