//! K9: what is no conversation: embeddings and the list of models.

mod embed;
mod models;
mod vectors;

use std::sync::Arc;

use super::{Subject, list::List, suite::Test};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k9");
    embed::add(&mut list, subject);
    vectors::add(&mut list, subject);
    models::add(&mut list, subject);
    list.done()
}
