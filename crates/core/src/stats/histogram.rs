//! Durations on a logarithmic scale, in a fixed number of atomic counters.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::{Serialize, Serializer};

/// Two buckets for each doubling, from 1 µs to about 70 minutes.
const BUCKETS: usize = 64;

#[derive(Debug)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum_micros: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    pub(super) fn record(&self, elapsed: Duration) {
        let micros = u64::try_from(elapsed.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        if let Some(bucket) = self.buckets.get(bucket_of(micros)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.sum_micros.fetch_add(micros, Relaxed);
    }

    pub(super) fn snapshot(&self) -> Distribution {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Relaxed))
            .collect();
        let count = counts.iter().sum();
        let at = |share: f64| {
            let rank = (count as f64 * share).ceil() as u64;
            let mut seen = 0;
            let bucket = counts.iter().position(|n| {
                seen += n;
                seen >= rank.max(1)
            });
            bucket.map_or(Duration::ZERO, upper_bound)
        };
        Distribution {
            count,
            mean: Duration::from_micros(
                self.sum_micros
                    .load(Relaxed)
                    .checked_div(count)
                    .unwrap_or(0),
            ),
            p50: if count == 0 { Duration::ZERO } else { at(0.5) },
            p95: if count == 0 { Duration::ZERO } else { at(0.95) },
            p99: if count == 0 { Duration::ZERO } else { at(0.99) },
        }
    }
}

/// How durations spread. Percentiles are upper bounds, at most 50 % above the true value. They are
/// serialized as numbers, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Distribution {
    /// How many were measured.
    pub count: u64,
    /// Their mean.
    #[serde(serialize_with = "seconds")]
    pub mean: Duration,
    /// Half of them were at most this long.
    #[serde(serialize_with = "seconds")]
    pub p50: Duration,
    /// 95 of 100.
    #[serde(serialize_with = "seconds")]
    pub p95: Duration,
    /// 99 of 100.
    #[serde(serialize_with = "seconds")]
    pub p99: Duration,
}

/// A duration as other programs read it, instead of serde's pair of seconds and nanoseconds.
fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// The same, where there may be none.
pub(crate) fn seconds_if_any<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration
        .map(|duration| duration.as_secs_f64())
        .serialize(serializer)
}

fn bucket_of(micros: u64) -> usize {
    let log = micros.ilog2();
    // Which half of its doubling it lies in: the bit below the leading one.
    let half = log.checked_sub(1).map_or(0, |shift| (micros >> shift) & 1);
    (log as usize * 2 + half as usize).min(BUCKETS - 1)
}

fn upper_bound(bucket: usize) -> Duration {
    let base = 1_u64 << (bucket / 2).min(62);
    let width = (base / 2).max(1);
    Duration::from_micros(base + width * (bucket as u64 % 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_bound_the_measured_from_above_by_half_at_most() {
        for micros in [1, 2, 3, 5, 100, 1_000, 123_456, 60_000_000] {
            let histogram = Histogram::default();
            histogram.record(Duration::from_micros(micros));

            let p50 = histogram.snapshot().p50.as_micros() as u64;

            assert!(p50 >= micros, "{p50} of {micros}");
            assert!(p50 <= micros * 3 / 2 + 1, "{p50} of {micros}");
        }
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Histogram::default().snapshot(), Distribution::default());
    }
}
