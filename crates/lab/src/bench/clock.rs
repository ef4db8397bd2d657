//! CPU time, and what is made of many readings.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What all threads of this process have spent, in the program and in the kernel for it.
pub(super) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Keeps this thread, and those that it starts, on one CPU, which client and server share: who
/// wakes whom from which sleep then is the same in every turn. Where it does not work, times
/// scatter more.
pub(super) fn pin() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

        let Ok(ours) = sched_getaffinity(None) else {
            return;
        };
        if let Some(cpu) = (0..CpuSet::MAX_CPU).rfind(|cpu| ours.is_set(*cpu)) {
            let mut one = CpuSet::new();
            one.set(cpu);
            let _ = sched_setaffinity(None, &one);
        }
    }
}

/// CPU nanoseconds of `work`.
pub(super) fn cpu_nanos<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = cpu_time();
    let done = work();
    ((cpu_time() - began).as_nanos() as f64, done)
}

/// The middle one; NaN of none.
pub(super) fn median(mut readings: Vec<f64>) -> f64 {
    readings.sort_by(f64::total_cmp);
    let middle = readings.len() / 2;
    readings.get(middle).copied().unwrap_or(f64::NAN)
}
