//! The line itself: nothing is lost, whoever gives up and whenever.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::time::{Instant, advance, sleep, timeout};

use super::super::{Enter, Entry, Gate, Line, Permit};
use crate::{Delivery, Error, ErrorKind, Phase, Priority, Result, Scope};

fn entry(priority: Priority) -> Entry {
    Entry {
        priority,
        ..Entry::default()
    }
}

fn big(priority: Priority, bytes: usize) -> Entry {
    Entry {
        bytes,
        ..entry(priority)
    }
}

fn poll(enter: &mut Pin<Box<Enter>>) -> Poll<Result<Permit>> {
    enter.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// One that waits in line already.
fn waiter(line: &Line, entry: Entry) -> Pin<Box<Enter>> {
    let mut enter = Box::pin(line.enter(entry));
    assert!(poll(&mut enter).is_pending());
    enter
}

fn permit(enter: &mut Pin<Box<Enter>>) -> Permit {
    match poll(enter) {
        Poll::Ready(Ok(permit)) => permit,
        other => panic!("it should be let in: {other:?}"),
    }
}

fn refusal(enter: &mut Pin<Box<Enter>>) -> Error {
    match poll(enter) {
        Poll::Ready(Err(error)) => error,
        other => panic!("it should be refused: {other:?}"),
    }
}

#[track_caller]
fn assert_idle(line: &Line) {
    assert_eq!(
        (line.running(), line.waiting(), line.waiting_bytes()),
        (0, 0, 0)
    );
    assert_eq!(line.unsettled(), 0, "outcomes that nobody took");
}

#[tokio::test(start_paused = true)]
async fn the_free_places_need_no_line() {
    let line = Gate::new(2, 1).open();
    let first = line.try_enter().unwrap();
    let second = line.enter(Entry::default()).await.unwrap();
    assert!(line.try_enter().is_none());
    assert_eq!((line.running(), line.waiting()), (2, 0));
    drop((first, second));
    assert_idle(&line);
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_handed_over_and_nobody_slips_in_between() {
    let line = Gate::new(1, 8).open();
    let running = line.try_enter().unwrap();
    let mut first = waiter(&line, Entry::default());
    let mut second = waiter(&line, Entry::default());
    drop(running);
    assert!(line.try_enter().is_none(), "the place is taken already");
    assert!(poll(&mut second).is_pending());
    drop(permit(&mut first));
    drop(permit(&mut second));
    assert_idle(&line);
}

#[tokio::test(start_paused = true)]
async fn a_permit_for_one_that_gave_up_goes_to_the_next() {
    let line = Gate::new(1, 8).open();
    let running = line.try_enter().unwrap();
    let gone = waiter(&line, Entry::default());
    let mut next = waiter(&line, Entry::default());
    drop(running);
    drop(gone);
    drop(permit(&mut next));
    assert_idle(&line);
}

#[tokio::test(start_paused = true)]
async fn those_who_gave_up_take_no_room() {
    let line = Gate::new(1, 3).bytes(30).open();
    let running = line.try_enter().unwrap();
    for _ in 0..100 {
        let three: Vec<_> = (0..3)
            .map(|_| waiter(&line, big(Priority::Normal, 10)))
            .collect();
        assert_eq!((line.waiting(), line.waiting_bytes()), (3, 30));
        drop(three);
    }
    drop(running);
    assert_idle(&line);
}

#[tokio::test(start_paused = true)]
async fn a_full_line_refuses_at_once_and_stays_as_it_is() {
    let line = Gate::new(1, 1_024).open();
    let _running = line.try_enter().unwrap();
    let waiting: Vec<_> = (0..1_024)
        .map(|_| waiter(&line, entry(Priority::Low)))
        .collect();
    for _ in 0..10_000 {
        let error = line.enter(entry(Priority::Low)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueueFull);
    }
    assert_eq!((line.waiting(), line.unsettled()), (waiting.len(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_line_gives_up_its_lowest_and_newest_first() {
    let line = Gate::new(1, 4).open();
    let _running = line.try_enter().unwrap();
    let mut low = [(); 2].map(|()| waiter(&line, entry(Priority::Low)));
    let mut normal = [(); 2].map(|()| waiter(&line, entry(Priority::Normal)));

    // The one that comes is itself the newest of the lowest.
    for priority in [Priority::Low, Priority::Normal] {
        let mut come = Box::pin(line.enter(entry(priority)));
        if priority == Priority::Low {
            let error = refusal(&mut come);
            assert_eq!(
                (error.kind(), error.scope(), error.delivery()),
                (ErrorKind::QueueFull, Scope::Endpoint, Delivery::NotSent)
            );
        } else {
            assert!(poll(&mut come).is_pending());
            assert_eq!(refusal(&mut low[1]).kind(), ErrorKind::QueueFull);
            assert!(poll(&mut low[0]).is_pending());
        }
        drop(come);
    }
    let _high = [(); 4].map(|()| waiter(&line, entry(Priority::High)));
    assert_eq!(refusal(&mut low[0]).kind(), ErrorKind::QueueFull);
    assert_eq!(refusal(&mut normal[1]).kind(), ErrorKind::QueueFull);
    assert_eq!(refusal(&mut normal[0]).kind(), ErrorKind::QueueFull);
    let mut fifth = Box::pin(line.enter(entry(Priority::High)));
    assert_eq!(refusal(&mut fifth).kind(), ErrorKind::QueueFull);
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_those_who_wait_is_bounded() {
    let line = Gate::new(1, 100).bytes(100).open();
    let _running = line.try_enter().unwrap();
    let mut low = [(); 2].map(|()| waiter(&line, big(Priority::Low, 40)));
    let mut come = Box::pin(line.enter(big(Priority::Low, 21)));
    assert_eq!(refusal(&mut come).kind(), ErrorKind::QueueFull);

    // Nobody is driven out for one that does not fit even so.
    let mut come = Box::pin(line.enter(big(Priority::High, 101)));
    assert_eq!(refusal(&mut come).kind(), ErrorKind::QueueFull);
    assert!(low.iter_mut().all(|low| poll(low).is_pending()));

    let _high = waiter(&line, big(Priority::High, 100));
    assert!(
        low.iter_mut()
            .all(|low| refusal(low).kind() == ErrorKind::QueueFull)
    );
    assert_eq!(line.waiting_bytes(), 100);
}

#[tokio::test(start_paused = true)]
async fn who_would_come_too_late_is_not_let_in() {
    let line = Gate::new(1, 8).open();
    let running = line.try_enter().unwrap();
    let in_a_second = Instant::now() + Duration::from_secs(1);
    let mut late = waiter(
        &line,
        Entry {
            deadline: Some(in_a_second.into_std()),
            ..entry(Priority::High)
        },
    );
    let mut next = waiter(&line, entry(Priority::Low));
    advance(Duration::from_secs(1)).await;
    // It has not looked at its own timer yet.
    drop(running);
    drop(permit(&mut next));
    let error = refusal(&mut late);
    assert_eq!(
        (error.kind(), error.phase(), error.delivery()),
        (ErrorKind::Timeout, Some(Phase::Queue), Delivery::NotSent)
    );
    assert_idle(&line);
}

#[tokio::test(start_paused = true)]
async fn who_comes_too_late_drives_nobody_out() {
    let line = Gate::new(1, 1).open();
    let _running = line.try_enter().unwrap();
    let mut low = waiter(&line, entry(Priority::Low));
    let mut late = Box::pin(line.enter(Entry {
        deadline: Some(Instant::now().into_std()),
        ..entry(Priority::High)
    }));
    assert_eq!(refusal(&mut late).phase(), Some(Phase::Queue));
    assert!(poll(&mut low).is_pending());
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_bounds_those_without_a_deadline() {
    let line = Gate::new(1, 8).longest_wait(Duration::from_secs(7)).open();
    let _running = line.try_enter().unwrap();
    let began = Instant::now();
    let error = line.enter(Entry::default()).await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Queue));
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert!(error.message().contains("7s"), "{error}");
    assert_eq!(line.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waited_in_vain_is_out_of_line_even_before_its_future_is_dropped() {
    let line = Gate::new(1, 1).longest_wait(Duration::from_secs(7)).open();
    let running = line.try_enter().unwrap();
    let mut vain = waiter(&line, Entry::default());
    advance(Duration::from_secs(7)).await;
    assert_eq!(refusal(&mut vain).phase(), Some(Phase::Queue));
    assert_eq!(line.waiting(), 0);
    drop(running);
    assert_idle(&line);
    drop(vain);
}

/// The permits come back and the next is let in, at whatever point of its life a waiter is dropped.
#[tokio::test(start_paused = true)]
async fn f114_a_wait_dropped_after_any_number_of_polls_loses_nothing() {
    for polls in 0..6 {
        for release_at in 0..8 {
            let line = Gate::new(1, 8).open();
            let mut running = line.try_enter();
            let mut dropped = Some(Box::pin(line.enter(Entry::default())));
            let mut held = None;
            for step in 0..8 {
                if step == release_at {
                    running = None;
                }
                if step >= polls {
                    dropped = None;
                    held = None;
                } else if held.is_none()
                    && let Some(enter) = &mut dropped
                    && let Poll::Ready(permit) = poll(enter)
                {
                    held = Some(permit.unwrap());
                }
                assert_eq!(
                    line.running(),
                    usize::from(
                        running.is_some() || dropped.is_some() && release_at <= step && polls > 0
                    ),
                    "{polls} polls, released at {release_at}, step {step}"
                );
            }
            drop((running, dropped, held));
            assert_idle(&line);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_driven_out_and_gives_up_leaves_nothing_behind() {
    let line = Gate::new(1, 1).open();
    let running = line.try_enter().unwrap();
    let low = waiter(&line, entry(Priority::Low));
    let high = waiter(&line, entry(Priority::High));
    assert_eq!(line.unsettled(), 1);
    drop(low);
    drop((high, running));
    assert_idle(&line);
}

/// A waker that gives a permit back when it is woken, and another when it is dropped.
struct Reentrant(
    Mutex<Option<Permit>>,
    #[expect(dead_code, reason = "held")] Option<Permit>,
);

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn wakers_that_come_back_into_the_line_do_not_lock_it() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let gate = Gate::new(4, 1).longest_wait(Duration::MAX);
        // Woken by a release, driven out, polled by another, given up.
        for how in 0..4 {
            let line = gate.open();
            let permits = || line.try_enter();
            let waker = Waker::from(Arc::new(Reentrant(Mutex::new(permits()), permits())));
            let others = [permits(), permits()];
            let mut enter = Box::pin(line.enter(entry(Priority::Low)));
            let cx = &mut Context::from_waker(&waker);
            assert!(enter.as_mut().poll(cx).is_pending());
            drop(waker);
            let mut high = Box::pin(line.enter(entry(Priority::High)));
            match how {
                0 => drop(others),
                1 => drop(poll(&mut high)),
                2 => drop(poll(&mut enter)),
                _ => drop(enter),
            }
            drop(high);
        }
        done.send(()).unwrap();
    });
    is_done
        .recv_timeout(Duration::from_secs(20))
        .expect("a waker was woken or dropped under the lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_thousand_that_give_up_lose_no_permit() {
    let line = Gate::new(3, 10_000).open();
    let highest = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..3_000)
        .map(|n| {
            let (line, highest) = (line.clone(), highest.clone());
            tokio::spawn(async move {
                let patience = Duration::from_micros(fastrand::u64(0..400));
                let priority = [Priority::Low, Priority::Normal, Priority::High][n % 3];
                let Ok(permit) = timeout(patience, pin!(line.enter(entry(priority)))).await else {
                    return;
                };
                let permit = permit.unwrap();
                highest.fetch_max(line.running(), SeqCst);
                tokio::task::yield_now().await;
                drop(permit);
            })
        })
        .collect();
    let all = async {
        for task in tasks {
            task.await.unwrap();
        }
    };
    timeout(Duration::from_secs(60), all)
        .await
        .expect("a permit or a wake-up was lost");
    assert!(highest.load(SeqCst) <= 3);
    assert_idle(&line);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_woken_by_the_release_alone() {
    let line = Gate::new(1, 8)
        .longest_wait(Duration::from_secs(3_600))
        .open();
    let running = line.try_enter().unwrap();
    let woken = tokio::spawn({
        let line = line.clone();
        async move {
            let began = Instant::now();
            drop(line.enter(Entry::default()).await.unwrap());
            began.elapsed()
        }
    });
    sleep(Duration::from_secs(5)).await;
    drop(running);
    assert_eq!(woken.await.unwrap(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_driven_out_is_told_at_once() {
    let line = Gate::new(1, 1).open();
    let _running = line.try_enter().unwrap();
    let began = Instant::now();
    let low = tokio::spawn(line.enter(entry(Priority::Low)));
    tokio::task::yield_now().await;
    let _high = waiter(&line, entry(Priority::High));
    let error = low.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueFull);
    assert_eq!(began.elapsed(), Duration::ZERO);
}
