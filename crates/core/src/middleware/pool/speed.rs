//! How long an endpoint takes to its first content, lately.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A moving average that jumps up at once and comes down slowly: a slow answer is a warning, a
/// fast one may be luck. Without news it fades, so that a slow endpoint is tried again.
#[derive(Debug, Default)]
pub(super) struct Speed(Mutex<Option<(f64, Instant)>>);

/// In which time an old measurement loses most of its weight.
const FADES: Duration = Duration::from_secs(30);

impl Speed {
    pub(super) fn record(&self, took: Duration) {
        let took = took.as_secs_f64();
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let average = match *last {
            Some((average, _)) if took >= average => took,
            Some((average, at)) => {
                let weight = weight_after(now.saturating_duration_since(at)).min(0.9);
                average * weight + took * (1.0 - weight)
            }
            None => took,
        };
        *last = Some((average, now));
    }

    /// In seconds; `None` where nothing was measured yet.
    pub(super) fn seconds(&self) -> Option<f64> {
        let (average, at) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(average * weight_after(at.elapsed()))
    }
}

fn weight_after(time: Duration) -> f64 {
    (-time.as_secs_f64() / FADES.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_jumps_up_comes_down_slowly_and_fades() {
        let speed = Speed::default();
        assert_eq!(speed.seconds(), None);
        speed.record(Duration::from_millis(100));
        speed.record(Duration::from_secs(2));
        assert_eq!(speed.seconds(), Some(2.0), "at once");
        speed.record(Duration::from_millis(100));
        let seconds = speed.seconds().unwrap();
        assert!(
            (seconds - 1.81).abs() < 0.001,
            "a tenth of the way: {seconds}"
        );
        tokio::time::advance(FADES * 3).await;
        assert!(speed.seconds() < Some(0.1));
    }
}
