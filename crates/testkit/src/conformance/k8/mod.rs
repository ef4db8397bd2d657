//! x
use std::sync::Arc;
pub(super) fn tests(_: &Arc<super::Subject>) -> Vec<super::suite::Test> {
    vec![]
}
