//! The waiting calls of one priority.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// For whom a call waits.
pub(crate) type Tenant = Option<Arc<str>>;

/// The waiting calls of one priority: tenants take turns of as many calls as they weigh, and the
/// calls of a tenant go in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Class {
    /// How many of other classes went since one of this class did.
    pub(crate) passed_by: usize,
    pub(crate) len: usize,
    pub(crate) bytes: usize,
    lanes: BTreeMap<Tenant, Lane>,
    /// Whose turn it is, then whose.
    round: BTreeMap<u64, Tenant>,
    turns: u64,
}

#[derive(Debug)]
struct Lane {
    /// Its place in the round.
    turn: u64,
    /// How many more may go in this turn.
    credit: u32,
    weight: u32,
    arrivals: BTreeSet<u64>,
}

impl Class {
    /// Adds the `arrival`-th call.
    pub(crate) fn push(&mut self, tenant: &Tenant, weight: u32, arrival: u64, bytes: usize) {
        self.len += 1;
        self.bytes += bytes;
        let lane = self.lanes.entry(tenant.clone()).or_insert_with(|| {
            self.turns += 1;
            self.round.insert(self.turns, tenant.clone());
            Lane {
                turn: self.turns,
                credit: weight,
                weight,
                arrivals: BTreeSet::new(),
            }
        });
        lane.arrivals.insert(arrival);
    }

    /// Whose turn it is.
    pub(crate) fn first(&self) -> Option<u64> {
        let (_, tenant) = self.round.first_key_value()?;
        self.lanes.get(tenant)?.arrivals.first().copied()
    }

    /// Charges the first for going.
    pub(crate) fn charge(&mut self) {
        self.passed_by = 0;
        let Some(first) = self.round.first_entry() else {
            return;
        };
        let Some(lane) = self.lanes.get_mut(first.get()) else {
            return;
        };
        lane.credit = lane.credit.saturating_sub(1);
        if lane.credit == 0 {
            let tenant = first.remove();
            self.turns += 1;
            self.round.insert(self.turns, tenant);
            lane.turn = self.turns;
            lane.credit = lane.weight;
        }
    }

    /// Takes out the `arrival`-th call. What a tenant saved goes with its last one.
    pub(crate) fn remove(&mut self, tenant: &Tenant, arrival: u64, bytes: usize) {
        let Some(lane) = self.lanes.get_mut(tenant) else {
            return;
        };
        if !lane.arrivals.remove(&arrival) {
            return;
        }
        self.len -= 1;
        self.bytes -= bytes;
        if lane.arrivals.is_empty() {
            self.round.remove(&lane.turn);
            self.lanes.remove(tenant);
        }
    }
}
