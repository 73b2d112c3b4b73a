//! What flows promise whoever drives them, whatever they are told and whatever the service says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::time::{Duration, UNIX_EPOCH};

use bili_im_proto::{
    Account, Credential, Error, Failure, FetchSessionMsgs, Flow, Hosts, Input, Monotonic, MsgKey,
    Now, Outgoing, Pacing, SendTicket, Sent, SentMessage, SingleUnread, Step, Text, Uid,
    UnixMicros,
    http::{HeaderValue, Response, header},
};
use bili_im_tests::cases;
use proptest::{collection, prelude::*, sample};

const TEXT: &str = "hi";
const OWN: u64 = 293_793_435;
const PEER: u64 = 2;
const START: u64 = 1_760_011_200;

fn config(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// How a request fares.
#[derive(Debug, Clone)]
enum Fate {
    /// What was asked for. `keys` is which signing keys there are, `own` which own messages of the same text
    /// (sequence numbers, from which keys follow) are listed.
    Granted {
        keys: usize,
        own: Vec<u64>,
    },
    /// Success without what was asked for.
    Hollow,
    Code(i64),
    Voucher,
    VoucherInHeader,
    VoucherWithCode,
    Status(u16, &'static str),
    Garbage(Vec<u8>),
    Failed(Sent),
    /// Status and headers came, and no body.
    Broken(u16),
    /// The driver was dropped and came back.
    Interrupted(bool),
}

/// What the service said of a send, by docs/protocol.md §3 to §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// In one of the ways that a stale signature is.
    RefusedForSignature,
    Refused,
    Unknown,
    NeverLeft,
}

impl Fate {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Granted { .. } => Verdict::Accepted,
            Self::Voucher | Self::VoucherInHeader | Self::VoucherWithCode => {
                Verdict::RefusedForSignature
            }
            Self::Code(-352 | -403 | -400) => Verdict::RefusedForSignature,
            Self::Code(-500 | -503 | -504 | -8888) => Verdict::Unknown,
            Self::Code(_) => Verdict::Refused,
            Self::Status(401 | 412 | 429, _) | Self::Broken(401 | 412 | 429) => Verdict::Refused,
            Self::Failed(Sent::No) => Verdict::NeverLeft,
            Self::Hollow
            | Self::Status(..)
            | Self::Garbage(_)
            | Self::Failed(Sent::Maybe)
            | Self::Broken(_)
            | Self::Interrupted(_) => Verdict::Unknown,
        }
    }

    fn input(&self, path: &str, now: Now) -> Input {
        let json = |text: String| Input::Response(Response::new(text.into_bytes()));
        match self {
            Self::Granted { keys, own } => json(granted(path, *keys, own, now)),
            Self::Hollow => json(r#"{"code":0,"message":"0","data":{}}"#.to_owned()),
            Self::Code(code) => json(format!(r#"{{"code":{code},"message":"no","ttl":1}}"#)),
            Self::Voucher => json(r#"{"code":0,"data":{"v_voucher":"voucher_x"}}"#.to_owned()),
            Self::VoucherWithCode => {
                json(r#"{"code":-352,"data":{"v_voucher":"voucher_x"}}"#.to_owned())
            }
            Self::VoucherInHeader => {
                let mut response = Response::new(br#"{"code":0,"message":"0"}"#.to_vec());
                let voucher = HeaderValue::from_static("voucher_x");
                response
                    .headers_mut()
                    .insert("x-bili-gaia-vvoucher", voucher);
                Input::Response(response)
            }
            Self::Status(status, body) => {
                let response = Response::builder().status(*status);
                Input::Response(response.body(body.as_bytes().to_vec()).unwrap())
            }
            Self::Garbage(bytes) => Input::Response(Response::new(bytes.clone())),
            Self::Failed(sent) => Input::Failed(Failure::new(*sent, "broken")),
            Self::Broken(status) => {
                let response = Response::builder().status(*status).body(()).unwrap();
                let mut failure = Failure::new(Sent::Maybe, "broken within the body");
                failure.head = Some(Box::new(response.into_parts().0));
                Input::Failed(failure)
            }
            Self::Interrupted(begin) => {
                if *begin {
                    Input::Begin
                } else {
                    Input::Woken
                }
            }
        }
    }
}

const IMG: [&str; 3] = [
    "7cd084941338484aae1ad9425b84077c",
    "0123456789abcdef0123456789abcdef",
    "ffffffffffffffff0000000000000000",
];

fn granted(path: &str, keys: usize, own: &[u64], now: Now) -> String {
    let data = match path.rsplit('/').next().unwrap() {
        "nav" => format!(
            r#"{{"isLogin":true,"mid":{OWN},"wbi_img":{{"img_url":"https://x/{}.png","sub_url":"https://x/4932caff0ff746eab6f01bf08b70ac45.png"}}}}"#,
            IMG[keys % 3]
        ),
        "fetch_session_msgs" => {
            let messages: Vec<String> = (own.iter())
                .map(|seqno| {
                    format!(
                        r#"{{"sender_uid":{OWN},"receiver_type":1,"receiver_id":{PEER},"msg_type":1,"content":"{{\"content\":\"{TEXT}\"}}","msg_seqno":{seqno},"msg_key":{},"timestamp":{}}}"#,
                        listed_key(*seqno),
                        now.unix.0 / 1_000_000
                    )
                })
                .collect();
            format!(r#"{{"messages":[{}],"has_more":0}}"#, messages.join(","))
        }
        "single_unread" => r#"{"follow_unread":1}"#.to_owned(),
        "send_msg" => r#"{"msg_key":"7354295169819585966"}"#.to_owned(),
        other => panic!("nobody knows {other}"),
    };
    format!(r#"{{"code":0,"message":"0","data":{data}}}"#)
}

const SENT_KEY: MsgKey = MsgKey(7_354_295_169_819_585_966);

fn listed_key(seqno: u64) -> u64 {
    7_000_000_000_000_000_000 + seqno
}

fn any_fate() -> impl Strategy<Value = Fate> {
    const CODES: [i64; 22] = [
        -352, -403, -400, -400, -403, -352, -500, -503, -504, -8888, -3, -101, -111, -412, -509,
        -799, 21007, 21042, 21046, 21047, 1000004, 99,
    ];
    let garbage = prop_oneof![
        Just(b"<html>busy</html>".to_vec()),
        Just(Vec::new()),
        Just(br#"{"code":0,"data":{"msg_key":73542"#.to_vec()),
        collection::vec(any::<u8>(), 0..30)
            .prop_filter("not by chance an answer", |bytes| !bytes.contains(&b'{')),
    ];
    prop_oneof![
        8 => (0..3usize, collection::vec(1..40u64, 0..3)).prop_map(|(keys, own)| Fate::Granted { keys, own }),
        1 => Just(Fate::Hollow),
        4 => sample::select(CODES.to_vec()).prop_map(Fate::Code),
        1 => Just(Fate::Voucher),
        1 => Just(Fate::VoucherInHeader),
        1 => Just(Fate::VoucherWithCode),
        2 => (
            sample::select(vec![200u16, 302, 401, 404, 412, 429, 500, 502, 504]),
            sample::select(vec!["<html>", "", r#"{"code":0,"data":{}}"#]),
        )
            .prop_map(|(status, body)| Fate::Status(status, body)),
        2 => garbage.prop_map(Fate::Garbage),
        2 => Just(Fate::Failed(Sent::Maybe)),
        1 => Just(Fate::Failed(Sent::No)),
        1 => sample::select(vec![200u16, 412, 429, 502]).prop_map(Fate::Broken),
        1 => any::<bool>().prop_map(Fate::Interrupted),
    ]
}

/// What happens around one step.
#[derive(Debug, Clone)]
struct Beat {
    fate: Fate,
    /// The service's clock, seconds ahead, when its answer tells.
    date: Option<i64>,
    /// How long it takes.
    milliseconds: u64,
    /// The driver comes back too early so many times, with a clock that may go back.
    early: Vec<(u8, i64)>,
    /// How far somebody sets the wall clock, in seconds.
    wall_clock: i64,
    /// How far the other clock, which should not, goes back for once, in milliseconds.
    back: u64,
}

fn any_beat() -> impl Strategy<Value = Beat> {
    (
        any_fate(),
        proptest::option::of(sample::select(vec![0i64, 0, 0, 3600, -3600, 40])),
        prop_oneof![Just(10u64), Just(90_000), 0..100_000u64],
        collection::vec((0..4u8, -5_000..5_000i64), 0..2),
        prop_oneof![9 => Just(0i64), 1 => -4000..4000i64],
        prop_oneof![9 => Just(0u64), 1 => 0..5_000u64],
    )
        .prop_map(|(fate, date, milliseconds, early, wall_clock, back)| Beat {
            fate,
            date,
            milliseconds,
            early,
            wall_clock,
            back,
        })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unread,
    Fetch,
    Send,
    Recall,
    Profile,
    Prepare,
    SendTicket,
    Confirm,
}

const KINDS: [Kind; 8] = [
    Kind::Unread,
    Kind::Fetch,
    Kind::Send,
    Kind::Recall,
    Kind::Profile,
    Kind::Prepare,
    Kind::SendTicket,
    Kind::Confirm,
];

enum Seen {
    Send(Outgoing),
    Wait(Monotonic),
    Done(Result<Option<SentMessage>, Error>),
}

type Resume = Box<dyn FnMut(Now, Input) -> Seen>;

fn watched<Item: 'static, Output: 'static>(
    mut flow: Flow<Item, Output>,
    sent: fn(Output) -> Option<SentMessage>,
) -> Resume {
    Box::new(move |now, mut input| {
        loop {
            match flow.resume(now, input) {
                Step::Send(outgoing) => return Seen::Send(outgoing),
                Step::WaitUntil(until) => return Seen::Wait(until),
                Step::Item(_) => input = Input::Woken,
                Step::Done(result) => return Seen::Done(result.map(sent)),
            }
        }
    })
}

fn start() -> Now {
    Now {
        unix: UnixMicros(START * 1_000_000),
        mono: Monotonic(Duration::from_secs(500)),
    }
}

fn account(pacing: Pacing) -> Account {
    let credential = Credential::new("x", "0123", Uid(OWN)).unwrap();
    Account::builder(credential, [9; 24])
        .hosts(Hosts::single("http://127.0.0.1:1".parse().unwrap()))
        .pacing(pacing)
        .build()
}

fn text() -> Text {
    Text::new(TEXT).unwrap()
}

/// A ticket made while all was well.
fn ticket(account: &Account) -> SendTicket {
    let mut flow = account.prepare_send(Uid(PEER), text());
    let mut input = Input::Begin;
    loop {
        input = match flow.resume(start(), input) {
            Step::Send(outgoing) => {
                let fate = Fate::Granted {
                    keys: 0,
                    own: vec![3],
                };
                fate.input(outgoing.request.uri().path(), start())
            }
            Step::Done(ticket) => return ticket.unwrap(),
            Step::WaitUntil(_) => panic!("nothing to wait for"),
            Step::Item(never) => match never {},
        };
    }
}

fn begin(kind: Kind, account: &Account, warm: bool) -> Resume {
    let needs_ticket = matches!(kind, Kind::SendTicket | Kind::Confirm);
    let ticket = (warm || needs_ticket).then(|| ticket(account));
    match kind {
        Kind::Unread => watched(account.call(SingleUnread::new()), |_| None),
        Kind::Fetch => watched(account.call(FetchSessionMsgs::new(Uid(PEER))), |_| None),
        Kind::Send => watched(account.send(Uid(PEER), text()), Some),
        Kind::Recall => watched(account.recall(Uid(PEER), MsgKey(5)), |()| None),
        Kind::Profile => watched(account.profile(), |_| None),
        Kind::Prepare => watched(account.prepare_send(Uid(PEER), text()), |_| None),
        Kind::SendTicket => watched(account.send_ticket(ticket.unwrap()), Some),
        Kind::Confirm => watched(account.confirm(ticket.unwrap()), |_| None),
    }
}

/// A request, and what became of it.
struct Asked {
    line: String,
    path: String,
    is_post: bool,
    msg_type: Option<String>,
    wts: Option<u64>,
    w_rid: Option<String>,
    fate: Fate,
    at: Now,
}

struct Played {
    asked: Vec<Asked>,
    waits: Vec<Monotonic>,
    result: Result<Option<SentMessage>, Error>,
}

fn field(text: &[u8], name: &str) -> Option<String> {
    let (_, value) = form_urlencoded::parse(text).find(|(other, _)| other == name)?;
    Some(value.into_owned())
}

/// Plays a flow against a script, checking what holds at each step.
fn play(kind: Kind, warm: bool, pacing: Pacing, beats: &[Beat]) -> Result<Played, TestCaseError> {
    let account = account(pacing);
    let mut resume = begin(kind, &account, warm);
    let mut now = start();
    let mut latest = Monotonic::default();
    let mut back = true;
    let mut script = beats.iter().cycle();
    let mut asked = Vec::new();
    let mut waits = Vec::new();
    let mut input = Input::Begin;
    for _ in 0..400 {
        let beat = script.next().unwrap();
        now.unix = UnixMicros(
            now.unix
                .0
                .saturating_add_signed(beat.wall_clock * 1_000_000),
        );
        let mono = if back {
            (now.mono.0).saturating_sub(Duration::from_millis(beat.back))
        } else {
            now.mono.0
        };
        back = true;
        let shown = Now {
            mono: Monotonic(mono),
            ..now
        };
        latest = latest.max(shown.mono);
        let waited = waits.last().is_some_and(|until| *until > latest);
        match resume(shown, input) {
            Seen::Wait(until) if waited => {
                prop_assert_eq!(Some(&until), waits.last());
                back = false;
                input = Input::Woken;
            }
            Seen::Send(outgoing) => {
                let request = &outgoing.request;
                let query = request
                    .uri()
                    .query()
                    .unwrap_or_default()
                    .as_bytes()
                    .to_vec();
                let body = request.body().as_ref();
                let path = request.uri().path().to_owned();
                prop_assert_eq!(request.method() == "POST", path.ends_with("send_msg"));
                // A script can run dry of good ends: then nothing can be sent any more.
                let fate = if asked.len() < 60 {
                    beat.fate.clone()
                } else {
                    Fate::Failed(Sent::No)
                };
                now.unix = now
                    .unix
                    .saturating_add(Duration::from_millis(beat.milliseconds));
                now.mono = now.mono.after(Duration::from_millis(beat.milliseconds));
                input = fate.input(&path, now);
                if let (Input::Response(response), Some(ahead)) = (&mut input, beat.date) {
                    let seconds = (now.unix.0 / 1_000_000).saturating_add_signed(ahead);
                    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
                    response
                        .headers_mut()
                        .insert(header::DATE, date.try_into().unwrap());
                }
                asked.push(Asked {
                    line: format!(
                        "{} {} {:?} {:?}",
                        request.method(),
                        request.uri(),
                        request.headers(),
                        body
                    ),
                    is_post: request.method() == "POST",
                    msg_type: field(body, "msg[msg_type]"),
                    wts: field(&query, "wts").map(|wts| wts.parse().unwrap()),
                    w_rid: field(&query, "w_rid"),
                    path,
                    fate,
                    at: now,
                });
            }
            Seen::Wait(until) => {
                prop_assert!(until > latest, "a wait that is over already");
                waits.push(until);
                for (what, back) in &beat.early {
                    // Any time before, even an earlier one than before.
                    let micros = now.mono.0.as_micros() as u64;
                    let early = Duration::from_micros(micros.saturating_add_signed(*back * 1000));
                    if early >= until.0 {
                        continue;
                    }
                    let early = Now {
                        mono: Monotonic(early),
                        ..now
                    };
                    latest = latest.max(early.mono);
                    let input = match what {
                        0 => Input::Begin,
                        1 => Input::Response(Response::new(
                            br#"{"code":0,"data":{"msg_key":1}}"#.to_vec(),
                        )),
                        2 => Input::Failed(Failure::new(Sent::No, "x")),
                        _ => Input::Woken,
                    };
                    let Seen::Wait(again) = resume(early, input) else {
                        return Err(TestCaseError::fail("did not wait when woken too early"));
                    };
                    prop_assert_eq!(again, until);
                }
                let slept = until.since(now.mono);
                now.unix = now.unix.saturating_add(slept);
                now.mono = until;
                input = Input::Woken;
            }
            Seen::Done(result) => {
                for (index, beat) in beats.iter().take(4).enumerate() {
                    let input = if index == 0 {
                        Input::Begin
                    } else {
                        beat.fate.input("/send_msg", now)
                    };
                    let Seen::Done(Err(Error::Finished)) = resume(now, input) else {
                        return Err(TestCaseError::fail("did not stay ended"));
                    };
                }
                return Ok(Played {
                    asked,
                    waits,
                    result,
                });
            }
        }
    }
    Err(TestCaseError::fail("does not end"))
}

/// Which keys a request was signed with is not to be seen, but whether two were signed alike is.
fn signs_otherwise(first: &Asked, second: &Asked, asked: &[Asked]) -> bool {
    let keys_came = asked
        .iter()
        .any(|asked| asked.path.ends_with("nav") && matches!(asked.fate, Fate::Granted { .. }));
    let passed = second.at.mono.since(first.at.mono).as_secs();
    let signed = i128::from(second.wts.unwrap()) - i128::from(first.wts.unwrap());
    keys_came || signed.abs_diff(i128::from(passed)) > 30
}

fn check_send(played: &Played) -> Result<(), TestCaseError> {
    let sends: Vec<usize> = (0..played.asked.len())
        .filter(|&index| matches!(played.asked[index].msg_type.as_deref(), Some("1" | "2")))
        .collect();
    prop_assert!(sends.len() <= 2, "sent {} times", sends.len());
    if let [first, second] = sends[..] {
        let between = &played.asked[first..second];
        let (first, second) = (&played.asked[first], &played.asked[second]);
        prop_assert_eq!(first.fate.verdict(), Verdict::RefusedForSignature);
        prop_assert!(
            signs_otherwise(first, second, between),
            "repeated with the same signature"
        );
        prop_assert_ne!(&first.w_rid, &second.w_rid);
    }
    let last = sends
        .last()
        .map(|&index| played.asked[index].fate.verdict());
    match (last, &played.result) {
        (Some(Verdict::Accepted), Ok(Some(sent))) => {
            prop_assert!(sent.msg_key == SENT_KEY && !sent.read_back);
        }
        (Some(Verdict::Unknown), Ok(Some(sent))) => {
            prop_assert!(sent.read_back);
            let seqno = sent.msg_key.0 - listed_key(0);
            let after = &played.asked[*sends.last().unwrap()..];
            let listed = after.iter().any(|asked| {
                asked.path.ends_with("fetch_session_msgs")
                    && matches!(&asked.fate, Fate::Granted { own, .. } if own.contains(&seqno))
            });
            prop_assert!(listed, "confirmed by a message that nobody listed");
        }
        (Some(Verdict::Unknown), Err(Error::Unconfirmed(_))) => {}
        (
            None | Some(Verdict::Refused | Verdict::RefusedForSignature | Verdict::NeverLeft),
            Err(error),
        ) => {
            prop_assert!(!matches!(error, Error::Unconfirmed(_)), "{error}");
            prop_assert!(sends.is_empty() || error.took_no_effect(), "{error}");
        }
        (verdict, result) => prop_assert!(false, "{verdict:?} ended in {result:?}"),
    }
    Ok(())
}

fn check(kind: Kind, played: &Played) -> Result<(), TestCaseError> {
    let count = |name: &str| {
        (played.asked.iter())
            .filter(|asked| asked.path.ends_with(name))
            .count()
    };
    match kind {
        Kind::Send | Kind::SendTicket => check_send(played)?,
        Kind::Recall => {
            for asked in played.asked.iter().filter(|asked| asked.is_post) {
                prop_assert_eq!(asked.msg_type.as_deref(), Some("5"));
            }
            prop_assert!(count("send_msg") <= 6);
        }
        Kind::Unread => prop_assert_eq!((played.asked.len(), count("single_unread")), (1, 1)),
        Kind::Profile => prop_assert_eq!((played.asked.len(), count("nav")), (1, 1)),
        Kind::Fetch => prop_assert!(count("fetch_session_msgs") <= 2),
        Kind::Prepare | Kind::Confirm => {}
    }
    if !matches!(kind, Kind::Send | Kind::SendTicket) {
        prop_assert!(!matches!(played.result, Err(Error::Unconfirmed(_))));
    }
    if !matches!(kind, Kind::Send | Kind::SendTicket | Kind::Recall) {
        prop_assert_eq!(played.asked.iter().filter(|asked| asked.is_post).count(), 0);
    }
    prop_assert!(!matches!(played.result, Err(Error::Finished)));
    Ok(())
}

proptest! {
    #![proptest_config(config(1000))]

    /// Whatever the service answers, a message goes out once, or once more when it was refused as a
    /// stale signature is and is signed otherwise; an unknown outcome is read back or unconfirmed; what
    /// was refused or never left is a plain error; nothing else ever sends anything.
    #[test]
    fn whatever_happens_flows_keep_their_promises(
        kind in prop_oneof![3 => Just(Kind::Send), 1 => sample::select(KINDS.to_vec())],
        warm in any::<bool>(),
        paced in any::<bool>(),
        beats in collection::vec(any_beat(), 1..12),
    ) {
        let pacing = if paced { Pacing::default() } else { Pacing::off() };
        let played = play(kind, warm, pacing, &beats)?;
        check(kind, &played)?;
    }

    /// Same inputs, same bytes: requests, waits and the end are the same each time.
    #[test]
    fn the_same_inputs_give_the_same_bytes(
        kind in sample::select(KINDS.to_vec()),
        warm in any::<bool>(),
        beats in collection::vec(any_beat(), 1..12),
    ) {
        let one = play(kind, warm, Pacing::default(), &beats)?;
        let other = play(kind, warm, Pacing::default(), &beats)?;
        let lines = |played: &Played| -> Vec<String> { played.asked.iter().map(|asked| asked.line.clone()).collect() };
        prop_assert_eq!(lines(&one), lines(&other));
        prop_assert_eq!(one.waits, other.waits);
        prop_assert_eq!(one.result, other.result);
    }

    /// Any inputs at any times, whether they fit or not, never panic; a wait is kept until the clock,
    /// which cannot go back, has reached it; after the end comes nothing.
    #[test]
    fn no_sequence_of_inputs_and_clock_readings_breaks_a_flow(
        kind in sample::select(KINDS.to_vec()),
        warm in any::<bool>(),
        steps in collection::vec((any_fate(), 0..4u8, any::<u64>(), prop_oneof![any::<u64>(), 0..100_000_000u64]), 1..30),
    ) {
        let account = account(Pacing::default());
        let mut resume = begin(kind, &account, warm);
        let mut path = String::from("/send_msg");
        let mut latest = start().mono;
        let mut waiting = None;
        let mut ended = false;
        for (fate, what, unix, mono) in steps {
            let now = Now { unix: UnixMicros(unix), mono: Monotonic(Duration::from_micros(mono)) };
            latest = latest.max(now.mono);
            let input = match what {
                0 => Input::Begin,
                1 => Input::Woken,
                _ => fate.input(&path, start()),
            };
            let seen = resume(now, input);
            if let Some(until) = waiting.filter(|until| latest < *until) {
                let Seen::Wait(again) = seen else {
                    return Err(TestCaseError::fail("did not wait when woken too early"));
                };
                prop_assert_eq!(again, until);
                continue;
            }
            waiting = None;
            match seen {
                Seen::Send(outgoing) => {
                    prop_assert!(!ended);
                    path = outgoing.request.uri().path().to_owned();
                }
                Seen::Wait(until) => {
                    prop_assert!(!ended);
                    waiting = Some(until);
                }
                Seen::Done(result) => {
                    prop_assert_eq!(ended, matches!(result, Err(Error::Finished)));
                    ended = true;
                }
            }
        }
    }
}
