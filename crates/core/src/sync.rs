//! The locks that are shared with loom: its tests include a source file together with a module
//! `sync` of loom's own types.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
