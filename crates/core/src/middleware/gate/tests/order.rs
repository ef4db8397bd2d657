//! Who goes next, against a reference that is too simple to be wrong.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::super::queue::{Entry, Full, Place, Queue};
use crate::Priority;

const MAX_LEN: usize = 12;
const MAX_BYTES: usize = 60;
const CLASSES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

fn tenant(number: u8) -> Option<Arc<str>> {
    (number > 0).then(|| format!("tenant {number}").into())
}

/// The nameless one weighs 1, the others 1, 2, 3.
fn weight(number: u8) -> u32 {
    u32::from(number.max(1))
}

fn queue(max_len: usize, max_bytes: usize) -> Queue<u64> {
    let weights = (1..4).map(|n| (tenant(n).unwrap(), weight(n)));
    Queue::new(max_len, max_bytes, weights.collect())
}

fn entry(priority: Priority, number: u8) -> Entry {
    Entry {
        priority,
        tenant: tenant(number),
        ..Entry::default()
    }
}

/// A list, searched from the start for every question.
#[derive(Default)]
struct Reference {
    waiting: Vec<One>,
    /// Tenants in turn with what is left of their turn, by class.
    rounds: BTreeMap<Priority, Vec<(u8, u32)>>,
    passed_by: BTreeMap<Priority, usize>,
}

#[derive(Clone, Debug)]
struct One {
    name: u64,
    priority: Priority,
    tenant: u8,
    bytes: usize,
    deadline: Option<u64>,
}

impl Reference {
    /// Whom it drives out, or `None` if there is no room.
    fn push(&mut self, one: One) -> Option<Vec<u64>> {
        let fits = |waiting: &[One]| {
            let bytes: usize = waiting.iter().map(|other| other.bytes).sum();
            waiting.len() < MAX_LEN && bytes + one.bytes <= MAX_BYTES
        };
        let mut waiting = self.waiting.clone();
        let mut evicted = Vec::new();
        while !fits(&waiting) {
            let last = waiting
                .iter()
                .filter(|other| other.priority < one.priority)
                .max_by_key(|other| (Reverse(other.priority), other.name))?
                .name;
            waiting.retain(|other| other.name != last);
            evicted.push(last);
        }
        evicted.iter().for_each(|name| self.remove(*name));
        let round = self.rounds.entry(one.priority).or_default();
        if !round.iter().any(|(tenant, _)| *tenant == one.tenant) {
            round.push((one.tenant, weight(one.tenant)));
        }
        self.passed_by.entry(one.priority).or_default();
        self.waiting.push(one);
        Some(evicted)
    }

    fn remove(&mut self, name: u64) {
        let Some(at) = self.waiting.iter().position(|one| one.name == name) else {
            return;
        };
        let gone = self.waiting.remove(at);
        let same_class = |one: &&One| one.priority == gone.priority;
        if !self.waiting.iter().any(|one| same_class(&one)) {
            self.passed_by.remove(&gone.priority);
        }
        if !self
            .waiting
            .iter()
            .filter(same_class)
            .any(|one| one.tenant == gone.tenant)
        {
            let round = self.rounds.get_mut(&gone.priority).unwrap();
            round.retain(|(tenant, _)| *tenant != gone.tenant);
        }
    }

    /// The highest class, unless some lower one could then not keep its ten.
    fn class(&self) -> Option<Priority> {
        let mut waiting: Vec<_> = self.passed_by.iter().rev().collect();
        let (highest, _) = *waiting.first()?;
        let mut slack: Vec<_> = waiting
            .drain(1..)
            .map(|(class, passed_by)| (9 - *passed_by, *class))
            .collect();
        slack.sort_unstable();
        let endangered = slack.iter().enumerate().any(|(i, (left, _))| *left <= i);
        Some(if endangered { slack[0].1 } else { *highest })
    }

    fn next(&mut self, now: u64) -> Option<(u64, bool)> {
        let class = self.class()?;
        let round = self.rounds.get_mut(&class).unwrap();
        let (tenant, _) = round[0];
        let one = self
            .waiting
            .iter()
            .find(|one| one.priority == class && one.tenant == tenant)
            .unwrap()
            .clone();
        let is_late = one.deadline.is_some_and(|deadline| deadline <= now);
        if !is_late {
            for (other, passed_by) in &mut self.passed_by {
                *passed_by = if *other == class { 0 } else { *passed_by + 1 };
            }
            round[0].1 -= 1;
            if round[0].1 == 0 {
                round.remove(0);
                round.push((tenant, weight(tenant)));
            }
        }
        self.remove(one.name);
        Some((one.name, is_late))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(Priority, u8, usize, Option<u64>),
    Leave(prop::sample::Index),
    Next(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let deadline = prop::option::weighted(0.2, 0..20_u64);
    prop_oneof![
        5 => (prop::sample::select(&CLASSES[..]), 0..4_u8, 0..12_usize, deadline)
            .prop_map(|(priority, tenant, bytes, after)| Step::Push(priority, tenant, bytes, after)),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        4 => (0..3_u64).prop_map(Step::Next),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn it_does_what_the_reference_does(steps in prop::collection::vec(step(), 0..150)) {
        let zero = Instant::now();
        let at = |second| zero + Duration::from_secs(second);
        let mut now = 0;
        let mut queue = queue(MAX_LEN, MAX_BYTES);
        let mut reference = Reference::default();
        let mut places: Vec<(u64, Place)> = Vec::new();
        for (name, step) in (0..).zip(steps) {
            match step {
                Step::Push(priority, tenant, bytes, after) => {
                    let deadline = after.map(|after| now + after);
                    let entry = Entry {
                        bytes,
                        deadline: deadline.map(at),
                        ..entry(priority, tenant)
                    };
                    let one = One { name, priority, tenant, bytes, deadline };
                    let expected = reference.push(one);
                    let pushed = queue.push(entry, name).map(|(place, evicted)| {
                        places.push((name, place));
                        evicted.into_iter().map(|(_, name)| name).collect()
                    });
                    prop_assert_eq!(pushed, expected.ok_or(Full));
                }
                // Those who have gone already are asked for too: nothing happens.
                Step::Leave(index) if !places.is_empty() => {
                    let (name, place) = places.swap_remove(index.index(places.len()));
                    let waited = reference.waiting.iter().any(|one| one.name == name);
                    prop_assert_eq!(queue.remove(place), waited.then_some(name));
                    reference.remove(name);
                }
                Step::Leave(_) => {}
                Step::Next(seconds) => {
                    now += seconds;
                    let next = queue.next(at(now)).map(|next| (next.mark, next.is_late));
                    prop_assert_eq!(next, reference.next(now));
                }
            }
            prop_assert_eq!(queue.len(), reference.waiting.len());
            prop_assert_eq!(queue.is_empty(), reference.waiting.is_empty());
            let bytes: usize = reference.waiting.iter().map(|one| one.bytes).sum();
            prop_assert_eq!(queue.bytes(), bytes);
        }
    }

    /// Whatever comes and goes: a class of which somebody waits during ten grants gets one of them.
    #[test]
    fn a_class_that_waits_gets_one_of_ten(
        arrivals in prop::collection::vec(prop::collection::vec(prop::sample::select(&CLASSES[..]), 0..4), 100..200),
    ) {
        let mut queue = queue(10_000, 0);
        let mut waiting: BTreeMap<Priority, usize> = BTreeMap::new();
        let mut passed_by: BTreeMap<Priority, usize> = BTreeMap::new();
        for batch in arrivals {
            for class in batch {
                queue.push(entry(class, 0), 0).unwrap();
                *waiting.entry(class).or_default() += 1;
            }
            let Some(next) = queue.next(Instant::now()) else { continue };
            let (Reverse(went), _) = next.place;
            for (&class, waiting) in &mut waiting {
                let grants = passed_by.entry(class).or_default();
                let waited = *waiting > 0;
                *waiting -= usize::from(class == went);
                *grants = if class == went || !waited { 0 } else { *grants + 1 };
                prop_assert!(*grants < 10, "{class:?} was passed by {grants} times");
            }
        }
    }
}

/// The tenants of the next `n` grants, as numbers.
fn grants(queue: &mut Queue<u64>, n: usize) -> Vec<u64> {
    let now = Instant::now();
    (0..n)
        .filter_map(|_| queue.next(now))
        .map(|next| next.mark)
        .collect()
}

#[test]
fn equal_tenants_get_equal_shares() {
    let mut queue = queue(100_000, 0);
    for n in 0..20_u64 {
        // The greedy have twenty times as many calls in line as the modest.
        for _ in 0..(20 * (n + 1)) {
            let tenant = Some(format!("equal {n}").into());
            queue
                .push(
                    Entry {
                        tenant,
                        ..Entry::default()
                    },
                    n,
                )
                .unwrap();
        }
    }
    let mut shares = [0_u32; 20];
    for n in grants(&mut queue, 390) {
        shares[usize::try_from(n).unwrap()] += 1;
    }
    let sum: f64 = shares.iter().map(|share| f64::from(*share)).sum();
    let squares: f64 = shares.iter().map(|share| f64::from(*share).powi(2)).sum();
    let jain = sum * sum / (20.0 * squares);
    assert!(jain >= 0.95, "{jain}: {shares:?}");
}

#[test]
fn a_tenant_sends_as_many_calls_a_turn_as_it_weighs() {
    let mut queue = queue(1_000, 0);
    for n in [1, 2, 3] {
        for _ in 0..100 {
            queue
                .push(entry(Priority::Normal, n), u64::from(n))
                .unwrap();
        }
    }
    assert_eq!(grants(&mut queue, 12), [1, 2, 2, 3, 3, 3, 1, 2, 2, 3, 3, 3]);
}

#[test]
fn one_hundred_thousand_come_and_go_in_no_time() {
    const N: u64 = 100_000;
    let began = Instant::now();
    let mut queue = queue(usize::MAX, 0);
    let places: Vec<_> = (0..N)
        .map(|n| {
            let tenant = Some(format!("one of many {n}").into());
            queue
                .push(
                    Entry {
                        tenant,
                        ..Entry::default()
                    },
                    n,
                )
                .unwrap()
                .0
        })
        .collect();
    let went = grants(&mut queue, 30_000);
    assert_eq!(went, (0..30_000).collect::<Vec<_>>());
    // From the middle, where nothing is cheap.
    for place in places.into_iter().rev() {
        queue.remove(place);
    }
    assert!(queue.is_empty());
    // Quadratic work would take minutes.
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}
