//! The contract of `Flow::resume`, and what every flow keeps to whatever the service does.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{convert::Infallible, fmt::Debug, sync::mpsc, thread, time::Duration};

use bili_im_proto::{
    Account, Effect, Error, Failure, FetchSessionMsgs, Flow, Input, Monotonic, MsgKey, Now, Pacing,
    RefusalKind, Sent, SingleUnread, Step, Talker, Text, Uid, UnixMicros,
    http::{Response, response::Parts},
};
use bili_im_tests::{
    OWN_UID, account,
    answers::{self, MSG_KEY},
    cases,
    drive::{Seen, World},
    plain,
};
use proptest::{collection::vec, prelude::*, sample::select};

/// The settings of a property test; a failure is to be repeated from what it prints.
fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const START: u64 = 1_700_000_000;
const PEER: u64 = 1;
const TEXT: &str = "hi [doge]";

/// What the service does with one request.
#[derive(Debug, Clone)]
enum Move {
    /// It does as asked.
    Well,
    /// It does as asked; its clock is some seconds ahead.
    WellAt(i64),
    /// It refuses as it does stale signatures, after taking new keys or not.
    Stale { way: usize, new_keys: bool },
    /// It refuses with a business code.
    Refused(i64),
    /// It refuses with an HTTP status.
    Status(u16),
    /// Nobody can tell from the answer, if there is one, whether it did as asked.
    Unknown { way: usize, did: bool },
    /// The request never left.
    NotSent { head: Option<u16> },
}

/// How many ways [`Move::Unknown`] has.
const UNKNOWN: usize = 15;

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        5 => Just(Move::Well),
        1 => (-4000..4000i64).prop_map(Move::WellAt),
        3 => (0..5usize, any::<bool>()).prop_map(|(way, new_keys)| Move::Stale { way, new_keys }),
        2 => select(vec![
            -101i64, -111, -404, -412, -509, -799, 2, 21007, 21020, 21026, 21037, 21041, 21042,
            21046, 21047, 25003, 25005, 700_013, 987_654, -3, -112, -102,
        ])
        .prop_map(Move::Refused),
        1 => select(vec![401u16, 412, 429]).prop_map(Move::Status),
        4 => (0..UNKNOWN, any::<bool>()).prop_map(|(way, did)| Move::Unknown { way, did }),
        2 => prop_oneof![Just(None), select(vec![Some(200), Some(502)])]
            .prop_map(|head| Move::NotSent { head }),
    ]
}

fn head(status: u16) -> Option<Box<Parts>> {
    Some(Box::new(answers::answer(status, "").into_parts().0))
}

fn failure(sent: Sent, status: Option<u16>) -> Input {
    let mut failure = Failure::new(sent, "connection reset");
    failure.head = status.and_then(head);
    Input::Failed(failure)
}

fn unknown(way: usize, well: &Response<Vec<u8>>) -> Input {
    Input::Response(match way {
        0 => return answers::lost(Sent::Maybe),
        1 => return Input::Woken,
        2 => return failure(Sent::Maybe, Some(200)),
        3 => return failure(Sent::Maybe, Some(503)),
        4 => answers::answer(502, "<html>bad gateway</html>"),
        5 => answers::answer(500, well.body().clone()),
        6 => answers::answer(503, r#"{"code":-101,"message":"m"}"#),
        7 => answers::refused(-500),
        8 => answers::refused(-503),
        9 => answers::refused(-504),
        10 => answers::refused(-8888),
        11 => answers::answer(200, "<!DOCTYPE html><html></html>"),
        12 => answers::answer(200, ""),
        13 => {
            let mut cut = well.clone();
            let half = cut.body().len() / 2;
            cut.body_mut().truncate(half);
            cut
        }
        _ => answers::answer(200, "{\"code\":0}}"),
    })
}

/// A service that plays a list of moves and then does as asked.
struct Service {
    moves: std::vec::IntoIter<Move>,
    day: u8,
    /// How many messages were stored, and what came of each write request.
    stored: usize,
    writes: Vec<(Move, Seen)>,
    /// What came of each request, in words that two runs can be compared by.
    last: Option<Move>,
}

impl Service {
    fn new(moves: Vec<Move>) -> Self {
        Self {
            moves: moves.into_iter(),
            day: 1,
            stored: 0,
            writes: vec![],
            last: None,
        }
    }

    /// What it says when it does as asked.
    fn well(&self, seen: &Seen) -> Response<Vec<u8>> {
        if seen.endpoint() != "fetch_session_msgs" {
            return answers::well(seen, self.day);
        }
        // The same words were said before, and are said by the other side again and again.
        let mut messages = vec![(false, 7, 8, TEXT), (true, 6, 5, TEXT)];
        for _ in 0..self.stored {
            messages.insert(0, (true, MSG_KEY, 9, TEXT));
        }
        answers::page(PEER, START + 60, &messages)
    }

    fn answer(&mut self, seen: &Seen) -> Input {
        let next = self.moves.next().unwrap_or(Move::Well);
        let is_send = seen.endpoint() == "send_msg";
        let well = self.well(seen);
        let input = match &next {
            Move::Well => Input::Response(well),
            Move::WellAt(ahead) => {
                let time = (seen.at.unix.0 / 1_000_000).saturating_add_signed(*ahead);
                Input::Response(answers::with_header(well, "date", &http_date(time)))
            }
            Move::Stale { way, new_keys } => {
                self.day = (self.day + u8::from(*new_keys)) % 16;
                let mut ways = answers::stale().into_iter();
                Input::Response(ways.nth(*way).unwrap().1)
            }
            Move::Refused(code) => Input::Response(answers::refused(*code)),
            Move::Status(status) => Input::Response(answers::answer(*status, "<html>")),
            Move::Unknown { way, .. } => unknown(*way, &well),
            Move::NotSent { head } => failure(Sent::No, *head),
        };
        let did = matches!(
            next,
            Move::Well | Move::WellAt(_) | Move::Unknown { did: true, .. }
        );
        if is_send {
            let is_text = seen.field("msg[msg_type]").as_deref() == Some("1");
            self.stored += usize::from(did && is_text);
            self.writes.push((next.clone(), seen.clone()));
        }
        self.last = Some(next);
        input
    }
}

/// The date of a time in the years that these tests live in.
fn http_date(seconds: u64) -> String {
    // 2023-11-14 22:13:20 is START, a Tuesday.
    let days = seconds / 86400;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        .get(usize::try_from(days % 7).unwrap())
        .unwrap();
    let day = days - 19_662 + 1; // 19662 is 2023-11-01.
    assert!((1..=30).contains(&day), "not in November 2023");
    format!("{weekday}, {day:02} Nov 2023 {hour:02}:{minute:02}:{second:02} GMT")
}

fn new_account(paced: bool) -> Account {
    let builder = account().unwrap();
    if paced {
        builder.build()
    } else {
        builder.pacing(Pacing::off()).build()
    }
}

fn send(account: &Account) -> Flow<Infallible, bili_im_proto::SentMessage> {
    account.send(Uid(PEER), Text::new(TEXT).unwrap())
}

/// The day whose key a request is signed with.
fn signed_on(seen: &Seen) -> u8 {
    (0..16)
        .find(|&day| plain::is_signed_with(seen.query(), &answers::mixin_key(day)))
        .unwrap_or_else(|| panic!("not signed: {}", seen.query()))
}

/// How far the clock that a request was signed by was ahead of the local one, in seconds.
fn ahead(seen: &Seen) -> i64 {
    let wts = i64::try_from(seen.wts().unwrap()).unwrap();
    wts - i64::try_from(seen.at.unix.seconds().0).unwrap()
}

/// The kind that a refusal must be reported as; `None` for what is no refusal.
fn kind(refused: &Move) -> Option<RefusalKind> {
    Some(match refused {
        Move::Stale { way, .. } => match way {
            0..=2 => RefusalKind::RiskControl,
            3 => RefusalKind::Forbidden,
            _ => RefusalKind::BadRequest,
        },
        Move::Status(401) => RefusalKind::NotLoggedIn,
        Move::Status(412) => RefusalKind::RiskControl,
        Move::Status(_) => RefusalKind::RateLimited,
        Move::Refused(code) => match code {
            -101 => RefusalKind::NotLoggedIn,
            -102 => RefusalKind::AccountBanned,
            -111 => RefusalKind::Csrf,
            -404 => RefusalKind::NotFound,
            -412 => RefusalKind::RiskControl,
            -509 | -799 | 21020 | 21046 => RefusalKind::RateLimited,
            2 => RefusalKind::BadRequest,
            -3 | -112 => RefusalKind::Service,
            21007 => RefusalKind::TooLong,
            21026 => RefusalKind::ToSelf,
            21037 => RefusalKind::BadImage,
            21041 => RefusalKind::RecallExpired,
            21042 => RefusalKind::AlreadyRecalled,
            21047 => RefusalKind::StrangerLimit,
            25003 => RefusalKind::RefusedByReceiver,
            25005 => RefusalKind::Blocked,
            700_013 => RefusalKind::GroupGone,
            _ => RefusalKind::Other,
        },
        _ => return None,
    })
}

proptest! {
    #![proptest_config(config(1500))]

    /// Laws of a send, whatever the service does:
    ///
    /// - it goes out at most once; once more only when it was refused as stale signatures are, and
    ///   then signed with other keys or by another clock
    /// - what the service stored once is never stored twice, and never reported as failed
    /// - an unknown outcome ends in `Unconfirmed`, unless the message is found; it is never found
    ///   when it was not stored, though the same words stand in the session
    /// - a refusal is reported as it is, and so is a request that never left
    #[test]
    fn a_send_is_made_once_and_its_outcome_told(moves in vec(a_move(), 0..9), paced: bool) {
        let account = new_account(paced);
        let mut service = Service::new(moves);
        let mut world = World::new(START);
        let result = world.run(&mut send(&account), |seen| service.answer(seen));

        let writes = &service.writes;
        prop_assert!(writes.len() <= 2, "sent {} times", writes.len());
        prop_assert!(service.stored <= 1, "stored {} times", service.stored);
        if let [(first, one), (_, two)] = &writes[..] {
            prop_assert!(matches!(first, Move::Stale { .. }), "repeated after {:?}", first);
            let other_keys = signed_on(one) != signed_on(two);
            let other_clock = ahead(one).abs_diff(ahead(two)) > 1;
            prop_assert!(other_keys || other_clock, "repeated with the same signature");
        }
        for seen in &world.seen {
            let effect = match seen.endpoint() {
                "send_msg" => Effect::Once,
                "nav" | "fetch_session_msgs" => Effect::Read,
                other => panic!("{other} is called"),
            };
            prop_assert_eq!(seen.effect, effect);
        }
        for (_, seen) in writes {
            prop_assert_eq!(seen.field("msg[content]"), Some(format!("{{\"content\":\"{TEXT}\"}}")));
            prop_assert_eq!(seen.field("msg[sender_uid]"), Some(OWN_UID.to_string()));
            signed_on(seen);
        }
        let last = writes.last().map(|(last, _)| last);
        match (&result, last) {
            (Ok(sent), Some(Move::Well | Move::WellAt(_) | Move::Unknown { did: true, .. })) => {
                prop_assert_eq!(sent.msg_key, MsgKey(MSG_KEY));
            }
            (Err(Error::Unconfirmed(_)), Some(Move::Unknown { .. })) => {}
            (Err(error), None) => {
                prop_assert!(!matches!(error, Error::Unconfirmed(_) | Error::Finished), "{}", error);
            }
            (Err(error), Some(refused)) if kind(refused).is_some() => {
                prop_assert_eq!(error.kind(), kind(refused), "{}", error);
                prop_assert!(error.took_no_effect());
            }
            (Err(error), Some(Move::NotSent { .. })) => {
                prop_assert!(error.took_no_effect(), "{:?}", error);
            }
            _ => prop_assert!(false, "{:?} after {:?}", result, last),
        }
        if let Err(error) = &result {
            prop_assert!(service.stored == 0 || matches!(error, Error::Unconfirmed(_)));
        }
    }

    /// Law: a recall, which may be repeated, succeeds exactly when the service did it or says that
    /// an earlier try of it did; it is never `Unconfirmed`.
    #[test]
    fn a_recall_is_told_as_it_came_out(moves in vec(a_move(), 0..9), paced: bool) {
        let account = new_account(paced);
        let mut service = Service::new(moves);
        let mut world = World::new(START);
        let mut flow = account.recall(Uid(PEER), MsgKey(MSG_KEY));
        let result = world.run(&mut flow, |seen| service.answer(seen));
        let (last, before) = match &service.writes[..] {
            [before @ .., (last, _)] => (Some(last), before),
            [] => (None, &[][..]),
        };
        let was_unknown = before.iter().any(|(earlier, _)| matches!(earlier, Move::Unknown { .. }));
        let good = match last {
            Some(Move::Well | Move::WellAt(_)) => true,
            Some(Move::Refused(21042)) => was_unknown,
            _ => false,
        };
        prop_assert_eq!(result.is_ok(), good, "{:?} after {:?}", result, last);
        prop_assert!(!matches!(result, Err(Error::Unconfirmed(_))));
        if let (Err(error), Some(kind)) = (&result, last.and_then(kind)) {
            prop_assert_eq!(error.kind(), Some(kind));
        }
        for (tried, _) in before {
            let may_repeat = matches!(tried, Move::Stale { .. } | Move::Unknown { .. });
            prop_assert!(may_repeat, "repeated after {:?}", tried);
        }
        for (_, seen) in &service.writes {
            prop_assert_eq!(seen.field("msg[content]"), Some(MSG_KEY.to_string()));
            prop_assert_eq!(seen.effect, Effect::Idempotent);
        }
    }

    /// Law: a read succeeds exactly when its last answer was a good one, and a failed one is never
    /// told as a message that may have been sent.
    #[test]
    fn a_read_is_told_as_it_came_out(moves in vec(a_move(), 0..9), which in 0..3u8, paced: bool) {
        let account = new_account(paced);
        let mut service = Service::new(moves);
        let mut world = World::new(START);
        let result = match which {
            0 => world.run(&mut account.call(SingleUnread::new()), |seen| service.answer(seen)).map(drop),
            1 => {
                let page = FetchSessionMsgs::new(Uid(PEER));
                world.run(&mut account.call(page), |seen| service.answer(seen)).map(drop)
            }
            _ => world.run(&mut account.profile(), |seen| service.answer(seen)).map(drop),
        };
        let own = ["single_unread", "fetch_session_msgs", "nav"].get(usize::from(which)).copied();
        let asked = world.seen.last().map(Seen::endpoint) == own;
        let good = asked && matches!(service.last, Some(Move::Well | Move::WellAt(_)));
        prop_assert_eq!(result.is_ok(), good, "{:?} after {:?}", result, service.last);
        prop_assert!(!matches!(result, Err(Error::Unconfirmed(_) | Error::Finished)));
        prop_assert_eq!(service.stored, 0);
    }

    /// Law: same inputs, same bytes: of requests, of waits and of what comes out.
    #[test]
    fn same_inputs_give_the_same_bytes(moves in vec(a_move(), 0..9), which in 0..5u8) {
        let run = || {
            let account = new_account(true);
            let mut service = Service::new(moves.clone());
            transcript(&account, which, |seen, _| service.answer(seen))
        };
        prop_assert_eq!(run(), run());
    }

    /// Law: `Woken` or `Begin` while a request is out is a failure of a request that may have been
    /// sent.
    #[test]
    fn waking_a_flow_while_a_request_is_out_is_a_lost_answer(
        moves in vec(a_move(), 0..9),
        which in 0..5u8,
        place in 0..6usize,
        begin: bool,
    ) {
        let run = |woken: bool| {
            let account = new_account(false);
            let mut service = Service::new(moves.clone());
            let said = "the call was interrupted while the request was out";
            transcript(&account, which, |seen, index| {
                let answer = service.answer(seen);
                match (index == place, woken, begin) {
                    (false, ..) => answer,
                    (true, true, true) => Input::Begin,
                    (true, true, false) => Input::Woken,
                    (true, false, _) => Input::Failed(Failure::new(Sent::Maybe, said)),
                }
            })
        };
        prop_assert_eq!(run(true), run(false));
    }

    /// Law: no sequence of inputs and clock readings panics, and the contract holds: see [`abide`].
    #[test]
    fn any_inputs_and_clocks_are_borne(
        resumes in vec((clock(), input()), 1..40),
        which in 0..5u8,
        paced: bool,
    ) {
        let account = new_account(paced);
        abide_any(&account, which, &resumes)?;
        // A second flow of the same account, which by now has seen everything.
        abide_any(&account, (which + 2) % 5, &resumes)?;
        let _ = account.snapshot(Now::default());
        let _ = account.context(Now::default());
    }
}

fn abide_any(
    account: &Account,
    which: u8,
    resumes: &[(Clock, InputKind)],
) -> Result<(), TestCaseError> {
    match which {
        0 => abide(&mut account.call(SingleUnread::new()), resumes),
        1 => abide(&mut account.call(FetchSessionMsgs::new(Uid(PEER))), resumes),
        2 => abide(&mut send(account), resumes),
        3 => abide(&mut account.recall(Uid(PEER), MsgKey(5)), resumes),
        _ => abide(&mut account.profile(), resumes),
    }
}

/// Everything that a flow asks for and what comes out of it, as text.
fn transcript(
    account: &Account,
    which: u8,
    answer: impl FnMut(&Seen, usize) -> Input,
) -> Vec<String> {
    match which {
        0 => transcript_of(&mut account.call(SingleUnread::new()), answer),
        1 => transcript_of(&mut account.call(FetchSessionMsgs::new(Uid(PEER))), answer),
        2 => transcript_of(&mut send(account), answer),
        3 => transcript_of(&mut account.recall(Uid(PEER), MsgKey(5)), answer),
        _ => transcript_of(&mut account.profile(), answer),
    }
}

fn transcript_of<O: Debug>(
    flow: &mut Flow<Infallible, O>,
    mut answer: impl FnMut(&Seen, usize) -> Input,
) -> Vec<String> {
    let mut world = World::new(START);
    let mut lines = vec![];
    let mut input = Input::Begin;
    loop {
        input = match flow.resume(world.now, input) {
            Step::Send(outgoing) => {
                let seen = world.note(outgoing);
                lines.push(seen.bytes());
                answer(&seen, world.seen.len() - 1)
            }
            Step::WaitUntil(moment) => {
                lines.push(format!("{moment:?}"));
                world.advance_to(moment);
                Input::Woken
            }
            Step::Item(never) => match never {},
            Step::Done(result) => {
                lines.push(format!("{result:?}"));
                return lines;
            }
        };
    }
}

/// A reading of the clocks.
#[derive(Debug, Clone)]
enum Clock {
    /// Some milliseconds after the last.
    Later(u64),
    /// Whatever it shows.
    Anything(u64, u64, u32),
    /// The end of time.
    Last,
}

fn clock() -> impl Strategy<Value = Clock> {
    prop_oneof![
        8 => (0..100_000u64).prop_map(Clock::Later),
        3 => (any::<u64>(), any::<u64>(), 0..1_000_000_000u32)
            .prop_map(|(unix, mono, nanos)| Clock::Anything(unix, mono, nanos)),
        1 => (0..2_000_000_000_000_000u64, 0..10_000u64, Just(0))
            .prop_map(|(unix, mono, nanos)| Clock::Anything(unix, mono, nanos)),
        1 => Just(Clock::Last),
    ]
}

/// What a flow is told, in a form that can be told twice.
#[derive(Debug, Clone)]
enum InputKind {
    Begin,
    Woken,
    Failed(bool, Option<u16>),
    Response(u16, usize, &'static str, &'static str),
}

fn input() -> impl Strategy<Value = InputKind> {
    prop_oneof![
        1 => Just(InputKind::Begin),
        4 => Just(InputKind::Woken),
        2 => (any::<bool>(), prop_oneof![Just(None), select(vec![Some(200), Some(429), Some(999)])])
            .prop_map(|(maybe, head)| InputKind::Failed(maybe, head)),
        8 => (
            prop_oneof![4 => Just(200u16), 1 => 100..=999u16],
            0..10usize,
            select(vec!["x-none", "date", "retry-after"]),
            select(vec![
                "", "0", "18446744073709551615", "Thu, 01 Jan 1970 00:00:00 GMT",
                "Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 14 Nov 2023 22:13:20 GMT",
            ]),
        )
            .prop_map(|(status, body, name, value)| InputKind::Response(status, body, name, value)),
    ]
}

fn told(kind: &InputKind) -> Input {
    match *kind {
        InputKind::Begin => Input::Begin,
        InputKind::Woken => Input::Woken,
        InputKind::Failed(maybe, status) => {
            failure(if maybe { Sent::Maybe } else { Sent::No }, status)
        }
        InputKind::Response(status, body, name, value) => {
            let mut response = match body {
                0..=2 => answers::nav(OWN_UID, 1),
                3 => answers::sent(),
                4 => answers::page(PEER, START, &[(true, 6, 5, TEXT)]),
                5 => answers::voucher(),
                6 => answers::refused(-400),
                7 => answers::refused(21046),
                8 => answers::answer(200, [0xff, 0xfe, b'{']),
                _ => answers::success("{}"),
            };
            *response.status_mut() = status.try_into().unwrap();
            Input::Response(answers::with_header(response, name, value))
        }
    }
}

/// The contract: a wait is over no earlier than its moment, resumed before it is asked for again; a
/// wait lies in the future; after the end there is only `Finished`.
fn abide<O: Debug>(
    flow: &mut Flow<Infallible, O>,
    resumes: &[(Clock, InputKind)],
) -> Result<(), TestCaseError> {
    let mut now = World::new(START).now;
    let mut latest = Monotonic::default();
    let mut waiting: Option<Monotonic> = None;
    let mut ended = false;
    for (clock, kind) in resumes {
        match *clock {
            Clock::Later(milliseconds) => {
                let by = Duration::from_millis(milliseconds);
                now.mono = now.mono.after(by);
                now.unix = now.unix.saturating_add(by);
            }
            Clock::Anything(unix, mono, nanos) => {
                now.unix = UnixMicros(unix);
                now.mono = Monotonic(Duration::new(mono, nanos));
            }
            Clock::Last => {
                now.unix = UnixMicros(u64::MAX);
                now.mono = Monotonic(Duration::MAX);
            }
        }
        latest = latest.max(now.mono);
        let step = flow.resume(now, told(kind));
        if ended {
            prop_assert!(
                matches!(step, Step::Done(Err(Error::Finished))),
                "{:?}",
                step
            );
            continue;
        }
        if let Some(moment) = waiting.filter(|moment| latest < *moment) {
            let same = matches!(step, Step::WaitUntil(again) if again == moment);
            prop_assert!(same, "{:?} before {:?}", step, moment);
        }
        waiting = None;
        match step {
            Step::WaitUntil(moment) => {
                prop_assert!(moment > latest, "a wait until {:?} at {:?}", moment, latest);
                waiting = Some(moment);
            }
            Step::Send(outgoing) => {
                let host = outgoing.request.uri().host().unwrap_or_default();
                prop_assert!(host.ends_with(".bilibili.com"), "{}", host);
                prop_assert!(outgoing.max_body > 0 && outgoing.timeout > Duration::ZERO);
            }
            Step::Item(never) => match never {},
            Step::Done(result) => {
                prop_assert!(!matches!(result, Err(Error::Finished)));
                ended = true;
            }
        }
    }
    Ok(())
}

/// Runs something that might never end.
fn ends(what: impl FnOnce() + Send + 'static) -> bool {
    let (done, end) = mpsc::channel();
    thread::spawn(move || {
        what();
        let _ = done.send(());
    });
    end.recv_timeout(Duration::from_secs(10)).is_ok()
}

#[test]
fn a_clock_at_its_end_does_not_hang_a_flow_that_waits_for_another() {
    let last = Now {
        unix: UnixMicros(u64::MAX),
        mono: Monotonic(Duration::MAX),
    };
    let ended = ends(move || {
        let account = new_account(false);
        let page = || account.call(FetchSessionMsgs::new(Talker::user(PEER)));
        let (mut fetching, mut waiting) = (page(), page());
        assert!(matches!(fetching.resume(last, Input::Begin), Step::Send(_)));
        // The keys are being fetched by the first: nothing to do for the second but wait.
        let _ = waiting.resume(last, Input::Begin);
    });
    assert!(ended, "resume does not return");
}

#[test]
fn pacing_of_any_length_does_not_panic() {
    let mut pacing = Pacing::default();
    pacing.first_back_off = Duration::MAX;
    pacing.longest_back_off = Duration::MAX;
    pacing.risk_stop = Duration::MAX;
    pacing.write_gap = Duration::MAX;
    pacing.read_gap = Duration::MAX;
    pacing.read_back = [Duration::MAX; 4];
    for code in [-799, -352, 21046] {
        let account = account().unwrap().pacing(pacing).build();
        for _ in 0..3 {
            let mut world = World::new(START);
            let result = world.run(&mut account.call(SingleUnread::new()), |_| {
                Input::Response(answers::refused(code))
            });
            assert!(result.is_err());
            let _ = account.snapshot(world.now);
        }
    }
}
