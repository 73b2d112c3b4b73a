//! Waits between connections, and floods.

use std::time::Duration;

use crate::{
    PushEvent, PushInput, PushStep, Talker,
    push::{
        pace::Waits,
        tests::{
            driver::{Driver, event, seconds},
            wire::{HEARTBEAT, answer, notification, told_of},
        },
    },
};

type After = fn(&mut Waits, Option<Duration>, f64) -> Duration;

#[test]
fn waits_double_and_begin_anew_after_a_long_life() {
    let (loss, kick): (After, After) = (Waits::after_loss, Waits::after_kick);
    let [short, hour] = [0, 3600].map(|lived| Some(seconds(lived)));
    for (after, lived, wanted) in [
        (loss, short, &[5, 10, 20, 40, 80, 160, 300, 300, 300][..]),
        (loss, None, &[30, 60, 120, 240, 480, 960, 1800, 1800, 1800]),
        (kick, Some(seconds(60)), &[600, 1200, 2400, 3600, 3600]),
        (kick, hour, &[600, 600]),
    ] {
        let mut waits = Waits::default();
        for wanted in wanted {
            assert_eq!(after(&mut waits, lived, 0.5), seconds(*wanted));
        }
    }
    for (chance, wanted) in [(0.0, 4.0), (0.999_999, 6.0)] {
        let wait = Waits::default().after_loss(short, chance).as_secs_f64();
        assert!((wait - wanted).abs() < 0.001, "{wait}");
    }
}

#[test]
fn the_waits_of_a_session_differ_and_begin_anew_after_a_minute() {
    for (lives, least, most) in [(59, 16, 24), (60, 4, 6)] {
        let mut driver = Driver::new();
        driver.begin();
        let [one, two] = [30.0, 60.0].map(|middle| {
            let (wait, _) = driver.lost("refused");
            driver.wake();
            wait.as_secs_f64() / middle
        });
        assert!(one != two, "there is no jitter");
        assert!(one.min(two) >= 0.8 && one.max(two) <= 1.2, "{one} {two}");
        driver.go_on(2);
        driver.pass(seconds(lives));
        let (wait, _) = driver.lost("reset");
        assert!(wait >= seconds(least) && wait <= seconds(most), "{wait:?}");
    }
}

/// Tells of a message, and goes on until the session waits. Gives its events, and how many frames
/// it sent.
fn tell(driver: &mut Driver, user: u64) -> (Vec<PushEvent>, usize) {
    let (mut events, mut sent) = (Vec::new(), 0);
    let mut step = driver.frame(&notification(&told_of(1, user)));
    loop {
        match step {
            PushStep::Event(event) => events.push(event),
            PushStep::Send(_) => sent += 1,
            _ => return (events, sent),
        }
        step = driver.resume(PushInput::Woken);
    }
}

#[test]
fn a_flood_is_folded_into_one_change_at_the_end_of_the_second() {
    let mut driver = Driver::live();
    let given: usize = (0..60).map(|_| tell(&mut driver, 7).0.len()).sum();
    assert_eq!((given, driver.hints()), (10, 61));
    assert_eq!(driver.wait(), seconds(1));
    assert_eq!(event(driver.wake()), PushEvent::Changed(None));
    assert_eq!(driver.hints(), 62);
    assert_eq!(driver.wait(), seconds(19), "nothing more is folded");
}

#[test]
fn a_flood_that_does_not_end_gives_few_events_and_puts_no_heartbeat_off() {
    let mut driver = Driver::live();
    let (mut given, mut beats) = (0, 0);
    // A minute with a hundred notifications a second.
    for _ in 0..6000 {
        driver.pass(Duration::from_millis(10));
        let (events, sent) = tell(&mut driver, 7);
        (given, beats) = (given + events.len(), beats + sent);
        driver.frame(&answer(HEARTBEAT, 0));
    }
    assert!((540..=610).contains(&given), "{given}");
    assert_eq!(beats, 3);
}

#[test]
fn ten_changes_within_a_second_are_given_one_by_one() {
    let mut driver = Driver::live();
    for user in 1..=10 {
        driver.pass(Duration::from_millis(100));
        let changed = PushEvent::Changed(Some(Talker::user(user)));
        assert_eq!(tell(&mut driver, user).0, [changed]);
    }
}
