//! The laws of every wire, over every fixture: what comes in goes back as it came, what is
//! another's stays behind, and what nobody has heard of breaks nothing.

mod cuts;
mod foreign;
mod kinds;
mod lossy;
mod once;
mod round;

use std::sync::Arc;

use trunkline_core::Op;

use super::{
    Subject,
    list::{List, Outcome},
    stage::{Role, all},
    suite::Test,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "laws");
    for role in all(subject) {
        if !matches!(role.op, Op::Chat(_) | Op::ChatStream(_)) {
            continue;
        }
        let name = role.name.clone();
        if role.is_error() {
            cuts::add_failing(&mut list, &name, role.is_stream());
            continue;
        }
        round::add(&mut list, &name);
        kinds::add(&mut list, &name);
        if role.is_stream() {
            cuts::add(&mut list, &name);
        }
    }
    foreign::add(&mut list, subject);
    lossy::add(&mut list, subject);
    once::add(&mut list, subject);
    list.done()
}

/// The fixture, which is there.
fn read(subject: &Subject, name: &str) -> Outcome<Role> {
    Role::read(subject, name, "what it is called after")
}
