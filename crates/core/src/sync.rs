//! What the concurrent cores lock with: the one place where loom's types can stand in for std's.

pub(crate) use std::sync::{Arc, Mutex};
