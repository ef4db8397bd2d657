//! Who waits, and who goes next. No locks, no clock.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Instant};

use super::class::{Class, Tenant};
use crate::Priority;

/// One that wants to go in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) priority: Priority,
    pub(crate) tenant: Tenant,
    /// About how much memory its request takes.
    pub(crate) bytes: usize,
    /// After it, going in is of no use.
    pub(crate) deadline: Option<Instant>,
}

/// A place in the queue: the urgent before the others, then by arrival. So the last place of all
/// is that of the newest call of the lowest class.
pub(crate) type Place = (Reverse<Priority>, u64);

/// How many others may go between two calls of a class that waits: each gets one of ten.
const PATIENCE: usize = 9;

/// A bounded queue: strict priority, with ageing; in a class, turns between tenants; for a tenant,
/// first come, first served. Each operation is logarithmic in the number of those who wait.
///
/// `T` is what a place is marked with: how to wake who waits there.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    max_len: usize,
    max_bytes: usize,
    weights: BTreeMap<Arc<str>, u32>,
    waiters: BTreeMap<Place, Waiter<T>>,
    /// Those with somebody in it.
    classes: BTreeMap<Reverse<Priority>, Class>,
    bytes: usize,
    arrivals: u64,
}

#[derive(Debug)]
struct Waiter<T> {
    tenant: Tenant,
    bytes: usize,
    deadline: Option<Instant>,
    mark: T,
}

/// There is no room, not even in place of lower classes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Who leaves the queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Next<T> {
    pub(crate) place: Place,
    pub(crate) mark: T,
    /// Its deadline has passed.
    pub(crate) is_late: bool,
}

impl<T> Queue<T> {
    /// At most so many, and so many bytes of them. A tenant without a weight weighs 1.
    pub(crate) fn new(max_len: usize, max_bytes: usize, weights: BTreeMap<Arc<str>, u32>) -> Self {
        Self {
            max_len,
            max_bytes,
            weights,
            waiters: BTreeMap::new(),
            classes: BTreeMap::new(),
            bytes: 0,
            arrivals: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Queues `entry`, and gives its place and whom it drove out: the newest of the lowest classes,
    /// and nobody of its own class or a higher one.
    pub(crate) fn push(&mut self, entry: Entry, mark: T) -> Result<(Place, Vec<(Place, T)>), Full> {
        let rank = Reverse(entry.priority);
        let (len, bytes) = self
            .classes
            .range(..=rank)
            .fold((0, 0_usize), |(len, bytes), (_, class)| {
                (len + class.len, bytes + class.bytes)
            });
        if len >= self.max_len || bytes.saturating_add(entry.bytes) > self.max_bytes {
            return Err(Full);
        }
        let mut evicted = Vec::new();
        while self.len() >= self.max_len || self.bytes.saturating_add(entry.bytes) > self.max_bytes
        {
            let Some((place, mark)) = self.remove_last() else {
                return Err(Full);
            };
            evicted.push((place, mark));
        }
        self.arrivals += 1;
        let place = (rank, self.arrivals);
        let tenant = entry.tenant;
        let weight = tenant.as_ref().and_then(|tenant| self.weights.get(tenant));
        self.bytes += entry.bytes;
        self.classes.entry(rank).or_default().push(
            &tenant,
            weight.copied().unwrap_or(1),
            self.arrivals,
            entry.bytes,
        );
        let waiter = Waiter {
            tenant,
            bytes: entry.bytes,
            deadline: entry.deadline,
            mark,
        };
        self.waiters.insert(place, waiter);
        Ok((place, evicted))
    }

    /// Takes out who goes next. Who would come too late is taken out before, and costs nobody a
    /// turn.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Next<T>> {
        let rank = self.due()?;
        let place = (rank, self.classes.get(&rank)?.first()?);
        let deadline = self.waiters.get(&place)?.deadline;
        let is_late = deadline.is_some_and(|deadline| deadline <= now);
        if !is_late {
            for (&other, class) in &mut self.classes {
                if other == rank {
                    class.charge();
                } else {
                    class.passed_by += 1;
                }
            }
        }
        let mark = self.remove(place)?;
        Some(Next {
            place,
            mark,
            is_late,
        })
    }

    /// Takes out who waits at `place`; `None` if nobody does any more.
    pub(crate) fn remove(&mut self, place: Place) -> Option<T> {
        let waiter = self.waiters.remove(&place)?;
        Some(self.forget(place, waiter))
    }

    /// The mark of who waits at `place`.
    pub(crate) fn mark(&mut self, place: Place) -> Option<&mut T> {
        self.waiters.get_mut(&place).map(|waiter| &mut waiter.mark)
    }

    fn remove_last(&mut self) -> Option<(Place, T)> {
        let (place, waiter) = self.waiters.pop_last()?;
        Some((place, self.forget(place, waiter)))
    }

    fn forget(&mut self, (rank, arrival): Place, waiter: Waiter<T>) -> T {
        self.bytes -= waiter.bytes;
        if let Some(class) = self.classes.get_mut(&rank) {
            class.remove(&waiter.tenant, arrival, waiter.bytes);
            if class.len == 0 {
                self.classes.remove(&rank);
            }
        }
        waiter.mark
    }

    /// The class that goes next: the highest, unless a lower one must go now to get its share. Of
    /// two that are nearly due one goes early, since both cannot go in the last moment.
    fn due(&self) -> Option<Reverse<Priority>> {
        let mut classes = self
            .classes
            .iter()
            .map(|(&rank, class)| (class.passed_by, rank));
        let (_, highest) = classes.next()?;
        let nearly = |(passed_by, _): &(usize, _)| passed_by + 1 >= PATIENCE;
        let is_crowded = classes.clone().filter(nearly).count() > 1;
        let lower = classes
            .max()
            .filter(|(passed_by, _)| is_crowded || *passed_by >= PATIENCE);
        Some(lower.map_or(highest, |(_, rank)| rank))
    }
}
