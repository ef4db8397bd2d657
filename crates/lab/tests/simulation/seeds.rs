//! Which seeds to run, and running them on all cores.

use std::{
    any::Any,
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use anyhow::{Result, anyhow};

use crate::{report::Report, world};

const USUAL: u64 = 200;

/// The one in `TRUNKLINE_SEED`, or the first `TRUNKLINE_SEEDS`.
pub(crate) fn chosen() -> Vec<u64> {
    let number = |name: &str| {
        let text = env::var(name).ok()?;
        let error = format!("{name} is `{text}`; it must be a number");
        Some(text.parse::<u64>().expect(&error))
    };
    match number("TRUNKLINE_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("TRUNKLINE_SEEDS").unwrap_or(USUAL)).collect(),
    }
}

/// What became of each.
pub(crate) fn simulated(seeds: &[u64]) -> Vec<(u64, Result<Report>)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Relaxed)) {
            let result = catch_unwind(AssertUnwindSafe(|| world::simulate(*seed)));
            let result = result.unwrap_or_else(|panic| Err(anyhow!("panicked: {}", text(&*panic))));
            done.lock().unwrap().push((*seed, result));
        }
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    done.into_inner().unwrap()
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("with no message")
}
