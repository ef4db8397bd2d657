//! Calls over a network that fails by a seed: an account with three endpoints and a fallback, in
//! its default stack, over hosts that are partitioned, held, slow, crashed and started again, and
//! whose servers stall, break off and babble. Time is simulated.
//!
//! ```sh
//! cargo test -p trunkline-lab --test simulation                                # 200 seeds
//! TRUNKLINE_SEEDS=10000 cargo test --release -p trunkline-lab --test simulation
//! TRUNKLINE_SEED=17 cargo test -p trunkline-lab --test simulation -- --nocapture
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod client;
mod network;
mod plan;
mod report;
mod seeds;
mod server;
mod world;

use std::collections::BTreeMap;

use crate::{plan::Plan, report::Report};

#[test]
fn whatever_the_network_does_calls_end_in_time_whole_or_with_one_error() {
    let mut tally = BTreeMap::<String, usize>::new();
    let mut failures = Vec::new();
    let seeds = seeds::chosen();
    for (seed, result) in seeds::simulated(&seeds) {
        match result {
            Ok(report) => {
                for (name, count) in report.tally() {
                    *tally.entry(name).or_default() += count;
                }
            }
            Err(error) => failures.push(format!("TRUNKLINE_SEED={seed}: {error:#}")),
        }
    }
    println!("{} seeds: {tally:#?}", seeds.len());
    if let [only] = seeds.as_slice() {
        println!("{:#?}", Plan::of(*only));
    }
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {} seeds failed; replay one with\n{}",
        failures.len(),
        seeds.len(),
        failures.join("\n")
    );
    // Else the faults have become too rare to prove anything.
    if seeds.len() >= 100 {
        for expected in [
            "whole, primary, at once",
            "whole, primary, after failures",
            "whole, spare, after failures",
            "failed, timeout",
            "interrupted, interrupted",
            "interrupted, timeout",
            "left by the caller",
        ] {
            let seen = tally.get(expected).copied().unwrap_or(0);
            assert!(seen > seeds.len() / 10, "{expected}: only {seen}");
        }
    }
}

#[test]
fn a_seed_is_a_run() {
    let run = |seed| -> Report { world::simulate(seed).unwrap() };
    for seed in 0..3 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(1), run(2));
}
