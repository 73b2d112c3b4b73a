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

#[test]
fn waits_double_up_to_five_minutes_with_a_fifth_of_jitter() {
    let mut waits = Waits::default();
    let middle: Vec<u64> = (0..9)
        .map(|_| waits.after_loss(Some(Duration::ZERO), 0.5).as_secs())
        .collect();
    assert_eq!(middle, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    let [least, most] = [0.0, 0.999_999].map(|chance| {
        Waits::default()
            .after_loss(Some(Duration::ZERO), chance)
            .as_secs_f64()
    });
    assert!((least - 4.0).abs() < 0.001, "{least}");
    assert!((most - 6.0).abs() < 0.001, "{most}");
}

#[test]
fn waits_after_kicks_double_up_to_an_hour() {
    let mut waits = Waits::default();
    let minutes: Vec<u64> = (0..5)
        .map(|_| waits.after_kick(Some(seconds(60)), 0.5).as_secs() / 60)
        .collect();
    assert_eq!(minutes, [10, 20, 40, 60, 60]);
    let after_an_hour = waits.after_kick(Some(seconds(3600)), 0.5);
    assert_eq!(after_an_hour, seconds(600));
}

#[test]
fn the_waits_of_a_session_differ_and_stay_within_their_bounds() {
    let mut driver = Driver::new();
    driver.begin();
    let mut waits = Vec::new();
    for middle in [
        30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0, 1800.0,
    ] {
        let step = driver.resume(PushInput::Closed("refused".to_owned()));
        let (_, wait) = driver.ended(step);
        let factor = wait.as_secs_f64() / middle;
        assert!((0.8..=1.2).contains(&factor), "{factor}");
        waits.push(factor);
        driver.wake();
    }
    waits.dedup();
    assert_eq!(waits.len(), 9, "there is no jitter");
}

#[test]
fn a_connection_that_lived_for_a_minute_begins_anew() {
    for (lives, least, most) in [(59, 16, 24), (60, 4, 6)] {
        let mut driver = Driver::new();
        driver.begin();
        for _ in 0..2 {
            let step = driver.resume(PushInput::Closed("refused".to_owned()));
            driver.ended(step);
            driver.wake();
        }
        driver.go_live();
        driver.pass(seconds(lives));
        let step = driver.resume(PushInput::Closed("reset".to_owned()));
        let (_, wait) = driver.ended(step);
        assert!(wait >= seconds(least) && wait <= seconds(most), "{wait:?}");
    }
}

/// Does what the session asks for until it waits, and gives the events.
fn events(driver: &mut Driver, mut step: PushStep) -> Vec<PushEvent> {
    let mut events = Vec::new();
    while !matches!(step, PushStep::WaitUntil(_)) {
        if let PushStep::Event(event) = step {
            events.push(event);
        }
        step = driver.resume(PushInput::Woken);
    }
    events
}

#[test]
fn a_flood_is_folded_into_one_change_at_the_end_of_the_second() {
    let mut driver = Driver::live();
    let told = notification(&told_of(1, 7));
    let mut given = 0;
    for _ in 0..60 {
        let step = driver.frame(&told);
        given += events(&mut driver, step).len();
    }
    assert_eq!(given, 10);
    let hints = driver.hints();
    assert_eq!(hints, 61);
    assert_eq!(driver.wait(), seconds(1));
    assert_eq!(event(driver.wake()), PushEvent::Changed(None));
    assert_eq!(driver.hints(), hints + 1);
    assert_eq!(driver.wait(), seconds(19), "nothing more is folded");
}

#[test]
fn a_flood_that_does_not_end_gives_few_events_and_puts_no_heartbeat_off() {
    let mut driver = Driver::live();
    let told = notification(&told_of(1, 7));
    let (mut given, mut beats) = (0, 0);
    // A minute with a hundred notifications a second.
    for _ in 0..6000 {
        driver.pass(Duration::from_millis(10));
        let mut step = driver.frame(&told);
        while !matches!(step, PushStep::WaitUntil(_)) {
            given += u32::from(matches!(step, PushStep::Event(_)));
            beats += u32::from(matches!(step, PushStep::Send(_)));
            step = driver.resume(PushInput::Woken);
        }
        driver.frame(&answer(HEARTBEAT, 0));
    }
    assert!((540..=610).contains(&given), "{given}");
    assert_eq!(beats, 3);
}

#[test]
fn ten_changes_within_a_second_are_given_one_by_one() {
    let mut driver = Driver::live();
    let users = 1..=10;
    let given: Vec<PushEvent> = (users.clone())
        .flat_map(|user| {
            driver.pass(Duration::from_millis(100));
            let step = driver.frame(&notification(&told_of(1, user)));
            events(&mut driver, step)
        })
        .collect();
    let wanted = users.map(|user| PushEvent::Changed(Some(Talker::user(user))));
    assert!(given.into_iter().eq(wanted));
}
