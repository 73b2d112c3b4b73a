//! Whatever a session is told, in any order: it goes on, and says little.

use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use crate::{
    Monotonic, PushEvent, PushInput, PushSession, PushStep,
    push::tests::{
        driver::Driver,
        wire::{
            AUTH, HEARTBEAT, NOTIFY, SUBSCRIBE, answer, bytes, frame, kick, notification, number,
            told_of,
        },
    },
};

#[derive(Debug, Clone)]
enum Told {
    Begin,
    Woken,
    Connected,
    Closed(String),
    Frame(Vec<u8>),
    Passed(u64),
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let path = prop::sample::select(vec![AUTH, SUBSCRIBE, HEARTBEAT, NOTIFY, ""]);
    let field = prop_oneof![
        (1..9u64, any::<u64>()).prop_map(|(field, value)| number(field, value)),
        (1..9u64, vec(any::<u8>(), 0..20)).prop_map(|(field, value)| bytes(field, value)),
    ];
    let fields = || vec(field.clone(), 0..6).prop_map(|fields| fields.concat());
    prop_oneof![
        vec(any::<u8>(), 0..60),
        (path.clone(), prop_oneof![Just(0), any::<i64>()]).prop_map(|(p, code)| answer(p, code)),
        (path, fields(), fields()).prop_map(|(path, o, body)| frame(path, &o, &body)),
        fields().prop_map(|payload| notification(&payload)),
        (0..200u64, any::<u64>()).prop_map(|(kind, user)| notification(&told_of(kind, user))),
        Just(kick()),
        Just(frame(NOTIFY, &number(3, 1), b"x")),
        Just(vec![0; PushSession::MAX_FRAME + 1]),
    ]
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        1 => Just(Told::Begin),
        4 => Just(Told::Woken),
        4 => Just(Told::Connected),
        1 => any::<String>().prop_map(Told::Closed),
        4 => Just(Told::Frame(answer(AUTH, 0))),
        4 => Just(Told::Frame(answer(SUBSCRIBE, 0))),
        8 => frames().prop_map(Told::Frame),
        4 => (0..40_000u64).prop_map(Told::Passed),
        1 => any::<u64>().prop_map(Told::Passed),
    ]
}

fn check(step: &PushStep) {
    match step {
        PushStep::Send(frame) => assert!(frame.len() < 1000),
        PushStep::Event(PushEvent::Closed { cause, .. }) => assert!(cause.len() < 2500),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_input_in_any_order_is_taken(said in vec(told(), 0..120)) {
        let mut driver = Driver::new();
        let mut waits: Option<Monotonic> = None;
        for told in said {
            let input = match &told {
                Told::Begin => PushInput::Begin,
                Told::Woken => PushInput::Woken,
                Told::Connected => PushInput::Connected,
                Told::Closed(cause) => PushInput::Closed(cause.clone()),
                Told::Frame(frame) => PushInput::Frame(frame),
                Told::Passed(millis) => {
                    driver.pass(Duration::from_millis(*millis));
                    continue;
                }
            };
            let step = driver.resume(input);
            check(&step);
            let next = match step {
                PushStep::WaitUntil(until) => Some(until),
                _ => None,
            };
            if let (Some(until), Told::Woken) = (waits, told) && driver.now.mono < until {
                prop_assert_eq!(next, waits, "woken too early, it does something else");
            }
            waits = next;
        }
        // A driver that does what it is asked for is soon at rest.
        let comes_to_rest = (0..10).any(|_| {
            let step = driver.resume(PushInput::Woken);
            check(&step);
            matches!(step, PushStep::WaitUntil(until) if until > driver.now.mono)
        });
        prop_assert!(comes_to_rest);
    }
}
