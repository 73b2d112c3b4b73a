//! The contract of `Flow::resume`: wrong use is defined, and the same inputs give the same bytes.

use std::{fmt::Debug, sync::mpsc, thread, time::Duration};

use bili_im_proto::{
    Account, Error, Failure, FetchSessionMsgs, Flow, History, Input, Monotonic, MsgKey, Now,
    Pacing, Sent, SingleUnread, Step, Talker, Text, Uid, UnixMicros,
};
use bili_im_tests::{OWN_UID, Seen, Timeline, account, answers};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    config,
    service::{PEER, START, Service, TEXT, a_move, failure, new_account},
};

/// A flow whose items and output are shown as text.
type Resume = Box<dyn FnMut(Now, Input) -> Step<String, String>>;

fn shown<Item: Debug + 'static, Output: Debug + 'static>(mut flow: Flow<Item, Output>) -> Resume {
    Box::new(move |now, input| match flow.resume(now, input) {
        Step::Send(outgoing) => Step::Send(outgoing),
        Step::WaitUntil(moment) => Step::WaitUntil(moment),
        Step::Item(item) => Step::Item(format!("{item:?}")),
        Step::Done(result) => Step::Done(result.map(|output| format!("{output:?}"))),
    })
}

/// How many flows [`begin`] knows, and how many of them it can begin on an account that is held
/// back.
const FLOWS: usize = 9;
const WITHOUT_TICKET: usize = 7;

fn begin(account: &Account, which: usize) -> Resume {
    let text = || Text::new(TEXT).unwrap();
    let ticket = || {
        let well = |seen: &Seen| Input::Response(answers::well(seen, 1));
        let prepare = account.prepare_send(Uid(PEER), text());
        Timeline::new(START).run(prepare, well).unwrap()
    };
    match which {
        0 => shown(account.call(SingleUnread::new())),
        1 => shown(account.call(FetchSessionMsgs::new(Uid(PEER)))),
        2 => shown(account.profile()),
        3 => shown(account.send(Uid(PEER), text())),
        4 => shown(account.recall(Uid(PEER), MsgKey(5))),
        5 => shown(account.prepare_send(Uid(PEER), text())),
        6 => shown(account.history(History::new(Uid(PEER)))),
        7 => shown(account.send_ticket(ticket())),
        _ => shown(account.confirm(ticket())),
    }
}

/// Everything that a flow asks for and what comes out of it, as text.
fn transcript(mut resume: Resume, mut answer: impl FnMut(&Seen, usize) -> Input) -> Vec<String> {
    let mut time = Timeline::new(START);
    let mut lines = vec![];
    let mut input = Input::Begin;
    loop {
        input = match resume(time.now, input) {
            Step::Send(outgoing) => {
                let seen = Seen::new(time.now, outgoing);
                lines.push(seen.bytes());
                time.seen.push(seen.clone());
                answer(&seen, time.seen.len() - 1)
            }
            Step::WaitUntil(moment) => {
                lines.push(format!("{moment:?}"));
                time.advance_to(moment);
                Input::Woken
            }
            Step::Item(item) => {
                lines.push(item);
                Input::Woken
            }
            Step::Done(result) => {
                lines.push(format!("{result:?}"));
                return lines;
            }
        };
    }
}

proptest! {
    #![proptest_config(config(1500))]

    /// Same inputs, same bytes: of requests, of waits and of what comes out.
    #[test]
    fn same_inputs_give_the_same_bytes(moves in vec(a_move(), 0..9), which in 0..FLOWS) {
        let run = || {
            let account = new_account(true);
            let mut service = Service::new(moves.clone());
            transcript(begin(&account, which), |seen, _| service.answer(seen))
        };
        prop_assert_eq!(run(), run());
    }

    /// `Woken` or `Begin` while a request is out is the failure of a request that may have been
    /// sent.
    #[test]
    fn waking_a_flow_while_a_request_is_out_is_a_lost_answer(
        moves in vec(a_move(), 0..9),
        which in 0..FLOWS,
        place in 0..6usize,
        begins: bool,
    ) {
        let run = |woken: bool| {
            let account = new_account(false);
            let mut service = Service::new(moves.clone());
            let said = "the call was interrupted while the request was out";
            transcript(begin(&account, which), |seen, index| {
                let answer = service.answer(seen);
                match (index == place, woken, begins) {
                    (false, ..) => answer,
                    (true, true, true) => Input::Begin,
                    (true, true, false) => Input::Woken,
                    (true, false, _) => Input::Failed(Failure::new(Sent::Maybe, said)),
                }
            })
        };
        prop_assert_eq!(run(true), run(false));
    }

    /// No sequence of inputs and clock readings panics, and the contract holds: see [`abide`].
    #[test]
    fn any_inputs_and_clocks_are_allowed(
        resumes in vec((clock(), input()), 1..40),
        which in 0..FLOWS,
        paced: bool,
    ) {
        let account = new_account(paced);
        abide(begin(&account, which), &resumes)?;
        // A second flow of the same account, whose state the first has changed.
        abide(begin(&account, (which + 2) % WITHOUT_TICKET), &resumes)?;
        let _ = account.snapshot(Now::default());
        let _ = account.context(Now::default());
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

/// Resumes a flow, and checks the contract: a wait that is resumed too early is asked for again, a
/// new wait lies in the future, and after the end there is only `Finished`.
fn abide(mut resume: Resume, resumes: &[(Clock, InputKind)]) -> Result<(), TestCaseError> {
    let mut now = Timeline::new(START).now;
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
        let step = resume(now, told(kind));
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
                let address = outgoing.request.uri().to_string();
                prop_assert!(address.starts_with("https://api."), "{}", address);
                prop_assert!(address.contains(".bilibili.com/"), "{}", address);
                prop_assert!(outgoing.max_body > 0 && outgoing.timeout > Duration::ZERO);
            }
            Step::Item(_) => {}
            Step::Done(result) => {
                prop_assert!(!matches!(result, Err(Error::Finished)));
                ended = true;
            }
        }
    }
    Ok(())
}

#[test]
fn a_flow_starts_with_whatever_input() {
    for which in 0..FLOWS {
        let first = |input: Input| {
            let time = Timeline::new(START);
            match begin(&new_account(false), which)(time.now, input) {
                Step::Send(outgoing) => Seen::new(time.now, outgoing).bytes(),
                other => format!("{other:?}"),
            }
        };
        let begun = first(Input::Begin);
        assert_eq!(first(Input::Woken), begun);
        assert_eq!(first(Input::Response(answers::sent())), begun);
        assert_eq!(first(failure(Sent::Maybe, None)), begun);
    }
}

/// Whether something ends within ten seconds.
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
        // The first is fetching the keys, so the second has to wait.
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
            let mut time = Timeline::new(START);
            let result = time.run(account.call(SingleUnread::new()), |_: &Seen| {
                Input::Response(answers::refused(code))
            });
            assert!(result.is_err());
            let _ = account.snapshot(time.now);
        }
    }
}
