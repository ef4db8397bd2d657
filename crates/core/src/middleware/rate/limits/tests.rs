use super::*;

const SECOND: Duration = Duration::from_secs(1);
const NOW: Duration = Duration::from_secs(100);

fn limits() -> Limits {
    Limits::new(Some(Gcra::new(60, 6)), Some(Gcra::new(6_000, 6_000)))
}

fn wait(limits: &mut Limits, tokens: u64, now: Duration) -> Duration {
    let ready = limits.ready_in(Cost::of_request(tokens), Cost::default(), now);
    ready.unwrap()
}

#[test]
fn the_scarcer_of_requests_and_tokens_decides() {
    let mut limits = limits();
    limits.take(Cost::of_request(5_000));
    assert_eq!(wait(&mut limits, 1_000, Duration::ZERO), Duration::ZERO);
    assert_eq!(wait(&mut limits, 2_000, Duration::ZERO), 10 * SECOND);
    for _ in 0..5 {
        limits.take(Cost::of_request(0));
    }
    assert_eq!(wait(&mut limits, 1_000, Duration::ZERO), SECOND);
}

#[test]
fn f107_more_than_the_bucket_ever_holds_is_said_with_both_figures() {
    let refused = limits().ready_in(Cost::of_request(7_000), Cost::default(), NOW);
    let most = 6_000;
    assert_eq!(
        refused,
        Err(NeverFits {
            tokens: 7_000,
            most
        })
    );
}

#[test]
fn f090_nothing_left_pauses_until_the_reset() {
    let mut limits = Limits::default();
    limits.learn(Counted::Requests, 0, Some(6 * SECOND), NOW);
    assert_eq!(limits.paused_until(NOW), Some(NOW + 6 * SECOND));
    assert_eq!(wait(&mut limits, 1, NOW + SECOND), 5 * SECOND);
    assert_eq!(wait(&mut limits, 1, NOW + 6 * SECOND), Duration::ZERO);
    assert_eq!(limits.paused_until(NOW + 6 * SECOND), None);
}

#[test]
fn something_left_pauses_nothing() {
    let mut limits = Limits::default();
    limits.learn(Counted::Tokens, 1, Some(6 * SECOND), NOW);
    assert_eq!(limits.paused_until(NOW), None);
}

#[test]
fn a_pause_is_never_shortened_and_an_hour_at_most() {
    let mut limits = Limits::default();
    limits.pause(Duration::MAX, NOW);
    limits.pause(SECOND, NOW);
    assert_eq!(limits.paused_until(NOW), Some(NOW + LONGEST_PAUSE));
}

#[test]
fn what_the_provider_may_not_have_counted_yet_is_taken_off_what_it_says_is_left() {
    let mut limits = limits();
    for _ in 0..3 {
        limits.take(Cost::of_request(0));
    }
    limits.hear(Cost::of_request(0));
    // Two are under way: of the three that are left, one is for us.
    limits.learn(Counted::Requests, 3, None, Duration::ZERO);
    assert_eq!(limits.requests.unwrap().left(Duration::ZERO), 1);
}

#[test]
fn tokens_of_one_direction_say_nothing_of_their_sum() {
    let mut limits = limits();
    limits.learn(Counted::Other, 5, Some(SECOND), NOW);
    assert_eq!(wait(&mut limits, 6_000, NOW), Duration::ZERO);
}
