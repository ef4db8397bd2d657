//! x
use std::sync::Arc;
pub(super) fn tests(_: &Arc<super::Subject>) -> Vec<super::suite::Test> {
    vec![]
}
/// x
pub type Allocator = &'static stats_alloc::StatsAlloc<std::alloc::System>;
/// x
pub const ALLOCATOR: Allocator = &stats_alloc::INSTRUMENTED_SYSTEM;
