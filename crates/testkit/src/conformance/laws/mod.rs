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
    role::case,
    stage::{Role, all},
    suite::Test,
};
use crate::fixture::Case;

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "laws");
    for role in all(subject) {
        if !matches!(role.op, Op::Chat(_) | Op::ChatStream(_)) {
            continue;
        }
        let name = role.name;
        if role.expect.get("error").is_some() {
            cuts::add_failing(&mut list, &name, matches!(role.op, Op::ChatStream(_)));
            continue;
        }
        round::add(&mut list, &name);
        kinds::add(&mut list, &name);
        if matches!(role.op, Op::ChatStream(_)) {
            cuts::add(&mut list, &name);
        }
    }
    foreign::add(&mut list, subject);
    lossy::add(&mut list, subject);
    once::add(&mut list, subject);
    list.done()
}

/// The fixture, which is there.
fn read(subject: &Subject, name: &str) -> Outcome<(Role, Case)> {
    let case = case(subject, name, "what it is called after")?;
    Ok((Role::read(subject, name, "what it is called after")?, case))
}
