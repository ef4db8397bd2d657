//! K1: what is asked arrives, in the order and the form in which it was asked.

mod escape;
mod golden;
mod media;
mod messages;
mod state;

pub(super) use messages::carried_or_warned;

use std::sync::Arc;

use super::{Subject, list::List, suite::Test};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k1");
    let talks = subject.talks();
    messages::add(&mut list, &talks);
    golden::add(&mut list, &talks);
    media::add(&mut list, subject);
    state::add(&mut list, subject);
    escape::add(&mut list, &talks);
    list.done()
}
