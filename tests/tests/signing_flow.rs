//! Keys, signatures, the clock, pacing and what is stored of them, example by example.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::time::Duration;

use bili_im_proto::{
    Account, Credential, Error, FetchSessionMsgs, Flow, Image, Input, InvalidArgument,
    InvalidContent, InvalidSnapshot, Missing, Monotonic, MsgKey, Now, Pacing, RefusalKind, Sent,
    SingleUnread, Snapshot, Step, Talker, Text, Uid,
    http::{Response, header::COOKIE},
};
use bili_im_tests::{
    CSRF, OWN_UID, account, answers,
    drive::{Seen, World},
    plain,
};

const START: u64 = 1_700_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

fn unpaced() -> Account {
    account().unwrap().pacing(Pacing::off()).build()
}

fn paced() -> Account {
    account().unwrap().build()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// A service that has the keys of a day and does as asked.
fn well(day: u8) -> impl FnMut(&Seen) -> Input {
    move |seen| Input::Response(answers::well(seen, day))
}

/// A service that has the keys of a day and answers sends in a way of its own.
fn sends(day: u8, mut answer: impl FnMut() -> Response<Vec<u8>>) -> impl FnMut(&Seen) -> Input {
    move |seen| {
        Input::Response(match seen.endpoint() {
            "send_msg" => answer(),
            _ => answers::well(seen, day),
        })
    }
}

fn send(
    account: &Account,
    world: &mut World,
    service: impl FnMut(&Seen) -> Input,
) -> Result<(), Error> {
    let mut flow = account.send(Uid(1), text("hi"));
    world.run(&mut flow, service).map(drop)
}

fn unread(
    account: &Account,
    world: &mut World,
    service: impl FnMut(&Seen) -> Input,
) -> Result<(), Error> {
    world
        .run(&mut account.call(SingleUnread::new()), service)
        .map(drop)
}

fn fetch(
    account: &Account,
    world: &mut World,
    service: impl FnMut(&Seen) -> Input,
) -> Result<(), Error> {
    let page = FetchSessionMsgs::new(Uid(1));
    world.run(&mut account.call(page), service).map(drop)
}

/// The requests to an endpoint.
fn calls<'a>(world: &'a World, endpoint: &str) -> Vec<&'a Seen> {
    let calls = world.seen.iter().filter(|seen| seen.endpoint() == endpoint);
    calls.collect()
}

fn is_signed_on(seen: &Seen, day: u8) -> bool {
    plain::is_signed_with(seen.query(), &answers::mixin_key(day))
}

/// An account with keys of day 1 that are some time old.
fn with_keys_of_age(age: Duration) -> (Account, World) {
    let account = unpaced();
    let mut world = World::new(START);
    fetch(&account, &mut world, well(1)).unwrap();
    world.advance(age);
    world.seen.clear();
    (account, world)
}

// Keys

#[test]
fn keys_are_fetched_once_and_kept() {
    let account = unpaced();
    let mut world = World::new(START);
    for _ in 0..3 {
        send(&account, &mut world, well(1)).unwrap();
        fetch(&account, &mut world, well(2)).unwrap();
        world.advance(HOUR);
    }
    assert_eq!(world.count("nav"), 1);
    assert_eq!(world.seen[0].endpoint(), "nav");
    for seen in &world.seen[1..] {
        assert!(is_signed_on(seen, 1), "{}", seen.query());
    }
}

#[test]
fn an_unsigned_call_needs_no_keys() {
    let account = unpaced();
    let mut world = World::new(START);
    unread(&account, &mut world, well(1)).unwrap();
    assert_eq!(world.count("nav"), 0);
    assert_eq!(world.seen[0].parameter("w_rid"), None);
}

#[test]
fn flows_of_one_account_share_one_fetch_of_the_keys() {
    let account = unpaced();
    let mut world = World::new(START);
    let mut first = account.call(FetchSessionMsgs::new(Uid(1)));
    let mut second = account.clone().call(FetchSessionMsgs::new(Uid(2)));
    let Step::Send(outgoing) = first.resume(world.now, Input::Begin) else {
        panic!("the first fetches the keys")
    };
    assert_eq!(world.note(outgoing).endpoint(), "nav");
    let Step::WaitUntil(moment) = second.resume(world.now, Input::Begin) else {
        panic!("the second waits for the first")
    };
    let answer = Input::Response(answers::nav(OWN_UID, 1));
    let Step::Send(outgoing) = first.resume(world.now, answer) else {
        panic!("the first goes on")
    };
    assert!(is_signed_on(&world.note(outgoing), 1));
    world.advance_to(moment);
    let Step::Send(outgoing) = second.resume(world.now, Input::Woken) else {
        panic!("the second goes on")
    };
    let seen = world.note(outgoing);
    assert_eq!(seen.endpoint(), "fetch_session_msgs");
    assert!(is_signed_on(&seen, 1));
    assert_eq!(world.count("nav"), 1);
}

#[test]
fn a_flow_that_is_dropped_while_it_fetches_the_keys_holds_up_nobody() {
    let account = unpaced();
    let mut world = World::new(START);
    let mut first = account.call(FetchSessionMsgs::new(Uid(1)));
    assert!(matches!(
        first.resume(world.now, Input::Begin),
        Step::Send(_)
    ));
    drop(first);
    fetch(&account, &mut world, well(1)).unwrap();
    assert_eq!(world.count("nav"), 1);
}

#[test]
fn keys_are_refreshed_when_a_day_old_and_not_before() {
    let (account, mut world) = with_keys_of_age(DAY - Duration::from_secs(1));
    send(&account, &mut world, well(2)).unwrap();
    assert_eq!(world.count("nav"), 0);

    let (account, mut world) = with_keys_of_age(DAY);
    send(&account, &mut world, well(2)).unwrap();
    assert_eq!(world.count("nav"), 1);
    assert_eq!(world.seen[0].endpoint(), "nav");
    assert!(is_signed_on(calls(&world, "send_msg")[0], 2));
}

#[test]
fn a_stale_signature_is_made_anew_exactly_once() {
    for (name, refusal) in answers::stale() {
        let (account, mut world) = with_keys_of_age(HOUR);
        let mut left = 1;
        let service = sends(2, || {
            left -= 1;
            if left == 0 {
                refusal.clone()
            } else {
                answers::sent()
            }
        });
        send(&account, &mut world, service).unwrap();
        let sends = calls(&world, "send_msg");
        assert_eq!(sends.len(), 2, "{name}");
        assert_eq!(world.count("nav"), 1, "{name}");
        assert!(
            is_signed_on(sends[0], 1) && is_signed_on(sends[1], 2),
            "{name}"
        );
        let content = |seen: &Seen| seen.field("msg[content]").unwrap();
        assert_eq!(content(sends[0]), content(sends[1]), "{name}");
    }
}

#[test]
fn a_read_with_a_stale_signature_is_repeated_too() {
    for (name, refusal) in answers::stale() {
        let (account, mut world) = with_keys_of_age(HOUR);
        let mut refused = false;
        let service = |seen: &Seen| {
            let is_first = seen.endpoint() == "fetch_session_msgs" && !refused;
            refused |= is_first;
            Input::Response(if is_first {
                refusal.clone()
            } else {
                answers::well(seen, 2)
            })
        };
        fetch(&account, &mut world, service).unwrap();
        assert_eq!(
            (world.count("nav"), world.count("fetch_session_msgs")),
            (1, 2),
            "{name}"
        );
    }
}

/// The kind that each of `answers::stale` is reported as.
const KINDS: [RefusalKind; 5] = [
    RefusalKind::RiskControl,
    RefusalKind::RiskControl,
    RefusalKind::RiskControl,
    RefusalKind::Forbidden,
    RefusalKind::BadRequest,
];

#[test]
fn a_call_refused_again_is_reported_as_refused() {
    for ((name, refusal), kind) in answers::stale().into_iter().zip(KINDS) {
        let (account, mut world) = with_keys_of_age(HOUR);
        let error = send(&account, &mut world, sends(2, || refusal.clone())).unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{name}: {error:?}");
        assert_eq!(error.kind(), Some(kind), "{name}");
        assert_eq!(
            (world.count("nav"), world.count("send_msg")),
            (1, 2),
            "{name}"
        );
    }
}

#[test]
fn a_refusal_is_reported_when_the_keys_did_not_change() {
    for ((name, refusal), kind) in answers::stale().into_iter().zip(KINDS) {
        let (account, mut world) = with_keys_of_age(HOUR);
        let error = send(&account, &mut world, sends(1, || refusal.clone())).unwrap_err();
        assert_eq!(error.kind(), Some(kind), "{name}");
        assert_eq!(
            (world.count("nav"), world.count("send_msg")),
            (1, 1),
            "{name}"
        );
    }
}

#[test]
fn keys_fetched_within_the_last_minute_are_not_fetched_again() {
    for ((name, refusal), kind) in answers::stale().into_iter().zip(KINDS) {
        let (account, mut world) = with_keys_of_age(MINUTE - Duration::from_secs(2));
        let error = send(&account, &mut world, sends(2, || refusal.clone())).unwrap_err();
        assert_eq!(error.kind(), Some(kind), "{name}");
        assert_eq!(
            (world.count("nav"), world.count("send_msg")),
            (0, 1),
            "{name}"
        );
    }
    let (account, mut world) = with_keys_of_age(MINUTE + Duration::from_secs(1));
    let _ = send(&account, &mut world, sends(2, || answers::refused(-400)));
    assert_eq!((world.count("nav"), world.count("send_msg")), (1, 2));
}

#[test]
fn a_refusal_that_is_no_matter_of_signatures_is_not_repeated() {
    for refusal in [
        answers::refused(21047),
        answers::refused(-101),
        answers::refused(-111),
        answers::refused(-412),
        answers::answer(412, "<html>"),
    ] {
        let (account, mut world) = with_keys_of_age(HOUR);
        assert!(send(&account, &mut world, sends(2, || refusal.clone())).is_err());
        assert_eq!((world.count("nav"), world.count("send_msg")), (0, 1));
    }
    // An unsigned call cannot have a stale signature.
    let (account, mut world) = with_keys_of_age(HOUR);
    let error = unread(&account, &mut world, |_| {
        Input::Response(answers::refused(-400))
    });
    assert_eq!(error.unwrap_err().kind(), Some(RefusalKind::BadRequest));
    assert_eq!(world.seen.len(), 1);
}

#[test]
fn when_the_keys_cannot_be_fetched_anew_the_refusal_is_reported() {
    for trouble in [
        answers::answer(502, "<html>"),
        answers::refused(-500),
        answers::success("{}"),
    ] {
        let (account, mut world) = with_keys_of_age(HOUR);
        let service = |seen: &Seen| {
            Input::Response(match seen.endpoint() {
                "nav" => trouble.clone(),
                "send_msg" => answers::refused(-400),
                _ => answers::empty_page(),
            })
        };
        let error = send(&account, &mut world, service).unwrap_err();
        assert_eq!(error.kind(), Some(RefusalKind::BadRequest));
        assert_eq!(world.count("send_msg"), 1);
    }
}

#[test]
fn a_call_that_waited_while_another_fetched_new_keys_is_not_repeated_with_them() {
    let account = paced();
    let mut world = World::new(START);
    for peer in [1, 2] {
        let page = FetchSessionMsgs::new(Uid(peer));
        world.run(&mut account.call(page), well(1)).unwrap();
        send(&account, &mut world, well(1)).unwrap();
        let mut flow = account.send(Uid(2), text("hi"));
        world.run(&mut flow, well(1)).unwrap();
    }
    world.advance(HOUR);
    world.seen.clear();

    // One goes out and is refused; the other waits its second.
    let mut first = account.send(Uid(1), text("one"));
    let mut second = account.send(Uid(2), text("two"));
    let step_to_send = |flow: &mut Flow<_, _>, world: &mut World, mut input: Input| loop {
        input = match flow.resume(world.now, input) {
            Step::Send(outgoing) if outgoing.request.uri().path().ends_with("send_msg") => {
                world.note(outgoing);
                return None;
            }
            Step::Send(outgoing) => {
                let seen = world.note(outgoing);
                Input::Response(answers::well(&seen, 2))
            }
            Step::WaitUntil(moment) => return Some(moment),
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(step_to_send(&mut first, &mut world, Input::Begin), None);
    let turn = step_to_send(&mut second, &mut world, Input::Begin).unwrap();
    let stale = Input::Response(answers::refused(-400));
    // The first learns the keys of day 2 and waits for its turn to repeat.
    assert!(step_to_send(&mut first, &mut world, stale).is_some());
    assert_eq!(world.count("nav"), 1);

    world.advance_to(turn);
    assert_eq!(step_to_send(&mut second, &mut world, Input::Woken), None);
    let sends = calls(&world, "send_msg");
    assert!(is_signed_on(sends[1], 2), "it is signed with the new keys");
    // These are seconds old, so a refusal is no matter of keys.
    let refused = Input::Response(answers::refused(-400));
    let Step::Done(Err(error)) = second.resume(world.now, refused) else {
        panic!("it is repeated with the same keys")
    };
    assert_eq!(error.kind(), Some(RefusalKind::BadRequest));
}

#[test]
fn a_login_that_is_over_is_told_as_such() {
    let account = unpaced();
    let mut world = World::new(START);
    let [img, sub] = answers::key_urls(1);
    let body = format!(
        r#"{{"code":-101,"message":"账号未登录","ttl":1,"data":{{"isLogin":false,"wbi_img":{{"img_url":"{img}","sub_url":"{sub}"}}}}}}"#
    );
    let error = send(&account, &mut world, |_| {
        Input::Response(answers::answer(200, body.clone()))
    });
    assert_eq!(error.unwrap_err().kind(), Some(RefusalKind::NotLoggedIn));
    assert_eq!(world.count("send_msg"), 0);
}

// The clock

#[test]
fn a_wrong_clock_is_corrected_by_the_date_of_any_answer() {
    for (local, service) in [(START - 3600, START), (START + 86_400, START)] {
        let account = unpaced();
        let mut world = World::new(local);
        // START is 2023-11-14 22:13:20 GMT.
        let dated = |seen: &Seen| {
            let answer = answers::well(seen, 1);
            Input::Response(answers::with_header(
                answer,
                "date",
                "Tue, 14 Nov 2023 22:13:20 GMT",
            ))
        };
        send(&account, &mut world, dated).unwrap();
        let sends = calls(&world, "send_msg");
        let wts = sends[0].wts().unwrap();
        assert!(wts.abs_diff(service) <= 2, "{wts}");
        let timestamp = sends[0].field("msg[timestamp]").unwrap();
        assert_eq!(timestamp, wts.to_string());
        assert!(is_signed_on(sends[0], 1));
    }
}

#[test]
fn an_unsigned_answer_corrects_the_clock_too() {
    let account = unpaced();
    let mut world = World::new(START + 5000);
    unread(&account, &mut world, |seen| {
        let answer = answers::well(seen, 1);
        Input::Response(answers::with_header(
            answer,
            "date",
            "Tue, 14 Nov 2023 22:13:20 GMT",
        ))
    })
    .unwrap();
    world.advance(MINUTE);
    fetch(&account, &mut world, well(1)).unwrap();
    let wts = calls(&world, "fetch_session_msgs")[0].wts().unwrap();
    assert!(wts.abs_diff(START + 60) <= 2, "{wts}");
}

// Whose login it is

#[test]
fn a_cookie_without_its_uid_learns_it_from_nav() {
    let credential = Credential::parse(&format!("SESSDATA=a%2C; bili_jct={CSRF}")).unwrap();
    assert_eq!(credential.uid(), None);
    let account = Account::builder(credential, [7; 24])
        .pacing(Pacing::off())
        .build();
    assert_eq!(account.uid(), None);
    let mut world = World::new(START);
    send(&account, &mut world, |seen| {
        Input::Response(match seen.endpoint() {
            "nav" => answers::nav(77, 1),
            _ => answers::well(seen, 1),
        })
    })
    .unwrap();
    let sent = calls(&world, "send_msg")[0];
    assert_eq!(sent.field("msg[sender_uid]").as_deref(), Some("77"));
    assert_eq!(sent.parameter("w_sender_uid").as_deref(), Some("77"));
    assert_eq!(account.uid(), Some(Uid(77)));
}

// Refused before anything is sent

#[test]
fn what_can_never_be_sent_is_refused_before_any_request() {
    assert_eq!(Text::new(""), Err(InvalidContent::EmptyText));
    assert!(matches!(
        Text::new("x".repeat(2000)),
        Err(InvalidContent::TooLong { .. })
    ));
    assert!(matches!(
        Image::new("https://example.com/x.png"),
        Err(InvalidContent::ImageHost(_))
    ));
    let account = unpaced();
    let refused = |flow: &mut Flow<_, ()>| {
        let mut world = World::new(START);
        let error = world.run(flow, |seen| panic!("{} is called", seen.endpoint()));
        match error {
            Err(Error::Invalid(invalid)) => invalid,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused(&mut account.recall(Uid(1), MsgKey(0))),
        InvalidArgument::NoMessagesKey.into()
    );
    assert_eq!(
        refused(&mut account.recall(Uid(0), MsgKey(1))),
        InvalidArgument::NobodysNumber.into()
    );
    for (talker, invalid) in [
        (Talker::user(0), InvalidArgument::NobodysNumber.into()),
        (Talker::group(0), InvalidArgument::NobodysNumber.into()),
        (Talker::user(OWN_UID), InvalidArgument::ToSelf.into()),
    ] {
        let mut world = World::new(START);
        let mut flow = account.send(talker, text("hi"));
        let error = world.run(&mut flow, |seen| panic!("{} is called", seen.endpoint()));
        assert_eq!(error.unwrap_err(), Error::Invalid(invalid));
    }
    let read_only = Credential::parse("SESSDATA=a%2C; DedeUserID=5").unwrap();
    let account = Account::builder(read_only, [7; 24]).build();
    let mut world = World::new(START);
    let error = send(&account, &mut world, |seen| {
        panic!("{} is called", seen.endpoint())
    });
    assert_eq!(error.unwrap_err(), Missing::CsrfToken.into());
    // Reading needs no CSRF token.
    unread(&account, &mut world, well(1)).unwrap();
}

// Pacing

#[test]
fn writes_are_at_least_a_second_apart() {
    let account = paced();
    let mut world = World::new(START);
    for _ in 0..4 {
        send(&account, &mut world, well(1)).unwrap();
    }
    world
        .run(&mut account.recall(Uid(1), MsgKey(5)), well(1))
        .unwrap();
    let times: Vec<Monotonic> = calls(&world, "send_msg")
        .iter()
        .map(|seen| seen.at.mono)
        .collect();
    assert_eq!(times.len(), 5);
    for pair in times.windows(2) {
        let gap = pair[1].since(pair[0]);
        assert!(gap >= Duration::from_secs(1), "{gap:?}");
        assert!(
            gap <= Duration::from_secs(4),
            "{gap:?}: nothing asks for that"
        );
    }
}

#[test]
fn reads_are_a_second_apart_after_a_burst_of_five() {
    let account = paced();
    let mut world = World::new(START);
    for _ in 0..8 {
        unread(&account, &mut world, well(1)).unwrap();
    }
    let times: Vec<Monotonic> = world.seen.iter().map(|seen| seen.at.mono).collect();
    assert_eq!(times[4], times[0], "a burst of five goes at once");
    for pair in times[4..].windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_secs(1));
    }
    // After a rest there may be a burst again.
    world.advance(MINUTE);
    world.seen.clear();
    for _ in 0..5 {
        unread(&account, &mut world, well(1)).unwrap();
    }
    assert_eq!(world.seen[4].at.mono, world.seen[0].at.mono);
}

#[test]
fn writes_that_are_begun_together_go_out_one_after_the_other() {
    let account = paced();
    let mut world = World::new(START);
    send(&account, &mut world, well(1)).unwrap();
    world.advance(MINUTE);
    let begin = |peer| account.recall(Uid(peer), MsgKey(5));
    let mut flows = [begin(1), begin(2), begin(3)];
    let mut moments = vec![];
    for flow in &mut flows {
        match flow.resume(world.now, Input::Begin) {
            Step::Send(_) => moments.push(world.now.mono),
            Step::WaitUntil(moment) => moments.push(moment),
            other => panic!("{other:?}"),
        }
    }
    for pair in moments.windows(2) {
        assert!(
            pair[1].since(pair[0]) >= Duration::from_secs(1),
            "{moments:?}"
        );
    }
}

/// What a call comes to that is told `answer`; or that nothing was sent, by an account that is held
/// back.
fn retry_after(
    account: &Account,
    world: &mut World,
    answer: Option<Response<Vec<u8>>>,
) -> Duration {
    let before = world.seen.len();
    let mut flow = account.call(SingleUnread::new());
    let result = world.run(&mut flow, |seen| {
        let answer = answer.clone();
        Input::Response(answer.unwrap_or_else(|| panic!("{} is called", seen.endpoint())))
    });
    assert_eq!(world.seen.len() - before, usize::from(answer.is_some()));
    match result {
        Err(Error::RateLimited(limited)) => limited.retry_after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_fast_is_told_with_a_wait_that_doubles_to_half_an_hour() {
    let account = paced();
    let mut world = World::new(START);
    let mut waits = vec![];
    for _ in 0..9 {
        let wait = retry_after(&account, &mut world, Some(answers::refused(-799)));
        // Meanwhile nothing is sent, and nothing sleeps.
        let before = world.now.mono;
        let left = retry_after(&account, &mut world, None);
        assert_eq!(world.now.mono, before);
        assert!(left <= wait && left > Duration::ZERO);
        world.advance(wait.saturating_sub(Duration::from_millis(1)));
        retry_after(&account, &mut world, None);
        world.advance(Duration::from_millis(1));
        waits.push(wait.as_secs_f64());
    }
    for (wait, least) in waits.iter().zip([
        30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0, 1800.0,
    ]) {
        assert!(
            (least..=least * 1.5).contains(wait),
            "{wait} s, not {least} s: {waits:?}"
        );
    }
    unread(&account, &mut world, well(1)).unwrap();
    let wait = retry_after(&account, &mut world, Some(answers::refused(-799)));
    assert!(wait < MINUTE, "a success ends the doubling: {wait:?}");
}

#[test]
fn the_jitter_of_a_wait_comes_from_the_seed() {
    let wait = |seed: u8| {
        let credential = bili_im_tests::credential().unwrap();
        let account = Account::builder(credential, [seed; 24]).build();
        retry_after(
            &account,
            &mut World::new(START),
            Some(answers::refused(-799)),
        )
    };
    assert_eq!(wait(1), wait(1));
    assert!(
        (2..9).any(|seed| wait(seed) != wait(1)),
        "there is no jitter"
    );
}

#[test]
fn a_wait_that_the_service_asks_for_is_obeyed() {
    for answer in [
        answers::answer(429, ""),
        answers::refused(-509),
        answers::answer(429, "<html>"),
    ] {
        let account = paced();
        let mut world = World::new(START);
        let answer = answers::with_header(answer, "retry-after", "5000");
        let wait = retry_after(&account, &mut world, Some(answer));
        assert!(wait >= Duration::from_secs(5000), "{wait:?}");
        world.advance(Duration::from_secs(4999));
        retry_after(&account, &mut world, None);
        world.advance(wait);
        unread(&account, &mut world, well(1)).unwrap();
    }
}

#[test]
fn after_21046_nothing_is_sent_for_a_day() {
    let account = paced();
    let mut world = World::new(START);
    let error = send(&account, &mut world, sends(1, || answers::refused(21046))).unwrap_err();
    let Error::RateLimited(limited) = error else {
        panic!("{error:?}")
    };
    assert!(limited.retry_after >= DAY);
    let sent = world.count("send_msg");
    for _ in 0..3 {
        world.advance(8 * HOUR - Duration::from_secs(1));
        let error = send(&account, &mut world, well(1)).unwrap_err();
        assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
        assert_eq!(world.count("send_msg"), sent);
        // Reading is another matter.
        unread(&account, &mut world, well(1)).unwrap();
    }
    world.advance(HOUR);
    send(&account, &mut world, well(1)).unwrap();
}

#[test]
fn risk_control_stops_the_account() {
    let account = paced();
    let mut world = World::new(START);
    let refusal = |_: &Seen| Input::Response(answers::answer(412, "<html>"));
    let error = unread(&account, &mut world, refusal).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::RiskControl));
    world.advance(Duration::from_secs(30));
    let before = world.seen.len();
    let error = unread(&account, &mut world, well(1)).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::RiskControl));
    assert_eq!(world.seen.len(), before, "stop means stop");
}

// What is stored

/// What another process makes of a snapshot: its clock that never goes back begins anew.
fn elsewhere(world: &World) -> World {
    let mut other = World::new(START);
    other.now = Now {
        unix: world.now.unix,
        mono: Monotonic(Duration::from_millis(3)),
    };
    other
}

fn stored(account: &Account, now: Now) -> Snapshot {
    let json = serde_json::to_string(&account.snapshot(now)).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn a_restored_account_goes_on_with_its_device_keys_clock_and_pace() {
    let account = paced();
    let mut world = World::new(START + 5000);
    send(&account, &mut world, |seen| {
        let answer = answers::well(seen, 1);
        Input::Response(answers::with_header(
            answer,
            "date",
            "Tue, 14 Nov 2023 22:13:20 GMT",
        ))
    })
    .unwrap();
    let first = calls(&world, "send_msg")[0].clone();
    let snapshot = stored(&account, world.now);
    assert_eq!(snapshot, account.snapshot(world.now));

    let mut other = elsewhere(&world);
    let credential = bili_im_tests::credential().unwrap();
    let builder = Account::builder(credential, [99; 24]);
    let restored = builder.restore(&snapshot, other.now).unwrap().build();
    assert_eq!(restored.device_id(), account.device_id());
    send(&restored, &mut other, well(2)).unwrap();
    assert_eq!(other.count("nav"), 0, "the keys are there");
    let second = calls(&other, "send_msg")[0];
    assert!(is_signed_on(second, 1));
    assert_eq!(second.field("msg[dev_id]"), first.field("msg[dev_id]"));
    assert!(
        second.wts().unwrap().abs_diff(START) < 60,
        "the clock is corrected"
    );
    let gap = second.at.unix.since(first.at.unix);
    assert!(
        gap >= Duration::from_secs(1),
        "two processes keep one pace: {gap:?}"
    );
}

#[test]
fn a_restored_account_is_still_held_back() {
    for (answer, held) in [
        (answers::refused(-799), RefusalKind::RateLimited),
        (answers::answer(412, ""), RefusalKind::RiskControl),
    ] {
        let account = paced();
        let mut world = World::new(START);
        unread(&account, &mut world, |_| Input::Response(answer.clone())).unwrap_err();
        world.advance(Duration::from_secs(10));
        let mut other = elsewhere(&world);
        let builder = bili_im_tests::account().unwrap();
        let snapshot = stored(&account, world.now);
        let restored = builder.restore(&snapshot, other.now).unwrap().build();
        let error = unread(&restored, &mut other, |seen| {
            panic!("{} is called", seen.endpoint())
        });
        assert_eq!(error.unwrap_err().kind(), Some(held));
        other.advance(2 * HOUR);
        unread(&restored, &mut other, well(1)).unwrap();
    }
}

#[test]
fn keys_grow_old_while_they_are_stored() {
    let (account, world) = with_keys_of_age(HOUR);
    let snapshot = stored(&account, world.now);
    let mut other = elsewhere(&world);
    other.advance(DAY);
    let builder = bili_im_tests::account().unwrap();
    let restored = builder.restore(&snapshot, other.now).unwrap().build();
    fetch(&restored, &mut other, well(2)).unwrap();
    assert_eq!(other.seen[0].endpoint(), "nav");
}

#[test]
fn another_accounts_snapshot_is_refused() {
    let account = unpaced();
    let snapshot = stored(&account, World::new(START).now);
    let other = Credential::new("a%2C", CSRF, Uid(OWN_UID + 1)).unwrap();
    let refused = Account::builder(other, [7; 24]).restore(&snapshot, Now::default());
    assert_eq!(refused.unwrap_err(), InvalidSnapshot::Foreign(Uid(OWN_UID)));
}

#[test]
fn the_revision_tells_that_there_is_something_to_store() {
    let account = unpaced();
    let mut world = World::new(START);
    let before = account.revision();
    fetch(&account, &mut world, well(1)).unwrap();
    assert!(account.revision() > before);
    let before = account.revision();
    let _ = unread(&account, &mut world, |_| {
        Input::Response(answers::refused(-799))
    });
    assert!(account.revision() > before);
}

// What goes out

#[test]
fn every_request_has_the_headers_that_the_service_wants() {
    let account = unpaced();
    let mut world = World::new(START);
    send(&account, &mut world, well(1)).unwrap();
    unread(&account, &mut world, well(1)).unwrap();
    for seen in &world.seen {
        let headers = seen.request.headers();
        assert_eq!(headers["referer"], "https://message.bilibili.com/");
        assert_eq!(headers["origin"], "https://message.bilibili.com");
        assert!(headers[COOKIE].is_sensitive());
        let agent = headers["user-agent"].to_str().unwrap();
        assert!(
            agent.starts_with("Mozilla/5.0 (compatible; bili-im/"),
            "{agent}"
        );
        let host = seen.request.uri().host().unwrap();
        let expected = match seen.endpoint() {
            "nav" => "api.bilibili.com",
            _ => "api.vc.bilibili.com",
        };
        assert_eq!(
            (host, seen.request.uri().scheme_str()),
            (expected, Some("https"))
        );
    }
}

#[test]
fn a_message_is_found_by_reading_back_and_told_apart_from_older_ones() {
    let account = unpaced();
    let mut world = World::new(START);
    let mut asked = 0;
    let sent = world
        .run(&mut account.send(Uid(1), text("hi")), |seen| {
            let now = seen.at.unix.seconds().0;
            Input::Response(match seen.endpoint() {
                "send_msg" => return answers::lost(Sent::Maybe),
                "fetch_session_msgs" => {
                    asked += 1;
                    let mut messages = vec![(true, 50, 5, "hi"), (false, 40, 4, "hi")];
                    if asked > 2 {
                        messages.insert(0, (true, 60, 6, "hi"));
                    }
                    answers::page(1, now, &messages)
                }
                _ => answers::well(seen, 1),
            })
        })
        .unwrap();
    assert_eq!(sent.msg_key, MsgKey(60));
    assert_eq!(world.count("send_msg"), 1);
}
