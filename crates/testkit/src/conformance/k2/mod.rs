//! K2: what the provider answers is read whole, and what it will answer next year too.

mod answer;
mod forward;
mod usage;
mod wire;

use std::sync::Arc;

use super::{Subject, list::List, suite::Test};

pub(super) use wire::{Wire, answers};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k2");
    answer::add(&mut list, subject);
    usage::add(&mut list, subject);
    forward::add(&mut list, subject);
    list.done()
}
