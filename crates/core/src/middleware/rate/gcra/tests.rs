use proptest::{collection::vec, prelude::*};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(86_400 * 365);

impl Gcra {
    /// How many are left; zero also where more was charged than there was.
    pub(in crate::middleware::rate) fn left(&mut self, now: Duration) -> u64 {
        self.earn(now);
        let left = self.capacity().saturating_sub(self.owed) / PARTS;
        u64::try_from(left).unwrap()
    }
}

/// Takes `cost` if it is there.
fn take(bucket: &mut Gcra, cost: u64, now: Duration) -> bool {
    let is_ready = bucket.ready_in(cost, 0, now) == Some(Duration::ZERO);
    if is_ready {
        bucket.charge(cost);
    }
    is_ready
}

fn drain(bucket: &mut Gcra, now: Duration) -> usize {
    (0..1_000).filter(|_| take(bucket, 1, now)).count()
}

#[test]
fn a_full_bucket_gives_its_burst_and_then_one_at_a_time() {
    let mut bucket = Gcra::new(60, 6);
    assert_eq!(drain(&mut bucket, Duration::ZERO), 6);
    assert_eq!(bucket.ready_in(1, 0, Duration::ZERO), Some(SECOND));
    assert!(!take(&mut bucket, 1, SECOND - Duration::from_nanos(1)));
    assert!(take(&mut bucket, 1, SECOND));
}

#[test]
fn who_stands_behind_others_waits_for_what_they_take_too() {
    let mut bucket = Gcra::new(60, 6);
    assert_eq!(bucket.ready_in(1, 5, SECOND), Some(Duration::ZERO));
    assert_eq!(bucket.ready_in(1, 20, SECOND), Some(15 * SECOND));
}

#[test]
fn a_cost_beyond_the_burst_never_fits() {
    let mut bucket = Gcra::new(60, 6);
    assert_eq!(bucket.ready_in(7, 0, YEAR), None);
    assert!(bucket.ready_in(6, 0, YEAR).is_some());
}

#[test]
fn f117_a_leap_of_eight_hours_releases_the_burst() {
    let mut bucket = Gcra::new(60, 6);
    drain(&mut bucket, SECOND);
    assert_eq!(
        drain(&mut bucket, SECOND + Duration::from_secs(8 * 3_600)),
        6
    );
}

#[test]
fn f118_polled_every_nanosecond_and_then_after_a_century_it_stays_in_bounds() {
    for (per_minute, burst) in [(7, 3), (u64::MAX, u64::MAX), (1, u64::MAX), (u64::MAX, 1)] {
        let mut bucket = Gcra::new(per_minute, burst);
        for nanos in 0..20_000 {
            let now = Duration::from_nanos(nanos);
            take(&mut bucket, 1, now);
            assert!(bucket.left(now) <= burst);
        }
        assert_eq!(bucket.left(100 * YEAR), burst);
        assert_eq!(bucket.left(Duration::MAX), burst);
    }
}

#[test]
fn f118_polling_often_loses_no_part_of_a_token() {
    // A token every 60/7 s, which is no whole number of nanoseconds.
    let mut bucket = Gcra::new(7, 7);
    drain(&mut bucket, Duration::ZERO);
    let granted = (0..=60_000_u64)
        .filter(|millis| take(&mut bucket, 1, Duration::from_millis(*millis)))
        .count();
    assert_eq!(granted, 7);
}

#[test]
fn a_clock_that_goes_backwards_stands_still() {
    let mut bucket = Gcra::new(60, 6);
    drain(&mut bucket, 10 * SECOND);
    assert_eq!(bucket.left(5 * SECOND), 0);
    assert_eq!(bucket.left(10 * SECOND), 0, "no second is earned twice");
    assert_eq!(bucket.left(11 * SECOND), 1);
}

#[test]
fn a_debt_is_paid_before_anything_is_granted_and_is_bounded() {
    let mut bucket = Gcra::new(60, 6);
    bucket.charge(10);
    assert_eq!(bucket.left(Duration::ZERO), 0);
    assert_eq!(bucket.ready_in(1, 0, Duration::ZERO), Some(5 * SECOND));
    bucket.charge(u64::MAX);
    assert_eq!(bucket.ready_in(1, 0, Duration::ZERO), Some(61 * SECOND));
}

#[test]
fn what_is_given_back_never_overfills_it() {
    let mut bucket = Gcra::new(60, 6);
    bucket.charge(2);
    bucket.give_back(u64::MAX);
    assert_eq!(bucket.left(Duration::ZERO), 6);
}

#[test]
fn belief_is_only_ever_lowered() {
    let mut bucket = Gcra::new(60, 6);
    bucket.lower_to(4, Duration::ZERO);
    assert_eq!(bucket.left(Duration::ZERO), 4);
    bucket.lower_to(5, Duration::ZERO);
    bucket.lower_to(900, Duration::ZERO);
    assert_eq!(bucket.left(Duration::ZERO), 4);
}

proptest! {
    #[test]
    fn no_window_sees_more_than_the_burst_and_what_it_earns(
        per_minute in 1_u64..100_000,
        burst in 1_u64..1_000,
        steps in vec((0_u64..2_000_000_000, 0_u64..1_200), 1..60),
    ) {
        let mut bucket = Gcra::new(per_minute, burst);
        let mut now = Duration::ZERO;
        let mut granted = Vec::new();
        for (nanos, cost) in steps {
            now += Duration::from_nanos(nanos);
            if take(&mut bucket, cost, now) {
                granted.push((now, cost));
            }
        }
        for (first, &(from, _)) in granted.iter().enumerate() {
            let mut sum = 0;
            for &(to, cost) in &granted[first..] {
                sum += u128::from(cost);
                let earned = u128::from(per_minute) * (to - from).as_nanos();
                prop_assert!(sum * PARTS <= u128::from(burst) * PARTS + earned);
            }
        }
    }

    #[test]
    fn after_the_wait_it_names_a_cost_fits_and_not_a_nanosecond_before(
        per_minute in 1_u64..1_000_000,
        burst in 1_u64..1_000,
        charged in 0_u64..3_000,
        cost in 1_u64..1_000,
    ) {
        let mut bucket = Gcra::new(per_minute, burst);
        bucket.charge(charged);
        let Some(wait) = bucket.ready_in(cost, 0, Duration::ZERO) else {
            prop_assert!(cost > burst);
            return Ok(());
        };
        if let Some(before) = wait.checked_sub(Duration::from_nanos(1)) {
            prop_assert!(!take(&mut bucket, cost, before));
        }
        prop_assert!(take(&mut bucket, cost, wait));
    }

    #[test]
    fn whatever_happens_it_holds_between_nothing_and_its_burst(
        per_minute in any::<u64>(),
        burst in any::<u64>(),
        steps in vec((0_u8..4, any::<u64>(), any::<u64>()), 1..40),
    ) {
        let mut bucket = Gcra::new(per_minute, burst);
        for (what, amount, nanos) in steps {
            let now = Duration::from_nanos(nanos);
            match what {
                0 => bucket.charge(amount),
                1 => bucket.give_back(amount),
                2 => bucket.lower_to(amount, now),
                _ => { take(&mut bucket, amount, now); }
            }
            prop_assert!(bucket.left(now) <= bucket.burst());
            prop_assert!(bucket.owed <= bucket.capacity() + u128::from(bucket.per_minute) * PARTS);
        }
    }
}
