//! The line at a gate under every order of events that loom can make of two or three threads. It
//! is the library's own source, over loom's locks.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests, over sources that have more than is tested here"
)]

use std::{
    collections::BTreeMap,
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant},
};

use loom::{future::block_on, thread};
use trunkline_core::Priority;

use self::{
    line::{Arrival, Limits, Line, Permit, Refused, Ticket},
    queue::Entry,
};

#[path = "../src/middleware/gate/class.rs"]
mod class;
#[path = "../src/middleware/gate/line.rs"]
mod line;
#[path = "../src/middleware/gate/queue.rs"]
mod queue;

mod sync {
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

/// Every order of events with at most three switches that no thread asked for: what goes wrong,
/// goes wrong with fewer, and all orders would take minutes.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn open(running: usize, waiting: usize) -> Line {
    let limits = Limits {
        running,
        waiting,
        bytes: 0,
        longest_wait: Duration::MAX,
        weights: BTreeMap::new(),
    };
    Line::new(limits, Instant::now)
}

fn arrive(line: &Line, priority: Priority) -> Result<Arrival, Refused> {
    line.arrive(Entry {
        priority,
        ..Entry::default()
    })
}

fn ticket(line: &Line) -> Ticket {
    match arrive(line, Priority::Normal) {
        Ok(Arrival::Waits(ticket)) => ticket,
        other => panic!("it should wait: {other:?}"),
    }
}

/// Sleeps until it is let in or refused: loom fails where nobody would ever wake it.
fn wait(mut ticket: Ticket) -> Result<Permit, Refused> {
    block_on(poll_fn(|cx| ticket.poll(cx.waker())))
}

/// Looks once and gives up, as a caller whose timer has run out.
fn glance(mut ticket: Ticket) {
    let once = poll_fn(|cx| Poll::Ready(ticket.poll(cx.waker())));
    drop(block_on(once));
}

fn assert_idle(line: &Line) {
    assert_eq!((line.running(), line.waiting()), (0, 0));
    assert_eq!(line.unsettled(), 0);
}

#[test]
fn a_permit_on_its_way_to_one_that_leaves_goes_to_the_next() {
    explore(|| {
        let line = open(1, 4);
        let running = line.try_enter().unwrap();
        let (leaves, stays) = (ticket(&line), ticket(&line));
        let release = thread::spawn(move || drop(running));
        let leave = thread::spawn(move || glance(leaves));
        drop(wait(stays).unwrap());
        release.join().unwrap();
        leave.join().unwrap();
        assert_idle(&line);
    });
}

#[test]
fn a_permit_passes_two_that_leave() {
    explore(|| {
        let line = open(1, 4);
        let running = line.try_enter().unwrap();
        let (first, second) = (ticket(&line), ticket(&line));
        let leave = [first, second].map(|ticket| thread::spawn(move || drop(ticket)));
        drop(running);
        for leave in leave {
            leave.join().unwrap();
        }
        assert_idle(&line);
        assert!(line.try_enter().is_some());
    });
}

#[test]
fn who_comes_while_a_permit_goes_is_let_in() {
    explore(|| {
        let line = open(1, 4);
        let running = line.try_enter().unwrap();
        let release = thread::spawn(move || drop(running));
        let come = {
            let line = line.clone();
            thread::spawn(move || match arrive(&line, Priority::Low) {
                Ok(Arrival::In(permit)) => drop(permit),
                Ok(Arrival::Waits(ticket)) => drop(wait(ticket).unwrap()),
                Err(refused) => panic!("{refused:?}"),
            })
        };
        match arrive(&line, Priority::High).unwrap() {
            Arrival::In(permit) => drop(permit),
            Arrival::Waits(ticket) => drop(wait(ticket).unwrap()),
        }
        release.join().unwrap();
        come.join().unwrap();
        assert_idle(&line);
    });
}

#[test]
fn who_is_driven_out_while_a_permit_goes_is_told_one_of_the_two() {
    explore(|| {
        let line = open(1, 1);
        let running = line.try_enter().unwrap();
        let low = ticket(&line);
        let release = thread::spawn(move || drop(running));
        let come = {
            let line = line.clone();
            thread::spawn(move || match arrive(&line, Priority::High).unwrap() {
                Arrival::In(permit) => drop(permit),
                Arrival::Waits(ticket) => drop(wait(ticket).unwrap()),
            })
        };
        let low = wait(low);
        assert!(matches!(low, Ok(_) | Err(Refused::Full)));
        drop(low);
        release.join().unwrap();
        come.join().unwrap();
        assert_idle(&line);
    });
}
