//! Flows, driven rightly and wrongly, over a service with arbitrary answers.

use std::{fmt::Debug, time::Duration};

use bili_im_proto::{http::Response, *};
use serde_json::{Value, json};

use crate::{
    answers::{STATUSES, head},
    bytes::Bytes,
    check_error,
};

const OWN: Uid = Uid(5);
const ORIGIN: &str = "http://127.0.0.1:1";
pub(crate) const SECRETS: [&str; 2] = ["topsecretsessdata", "0123456789abcdef0123456789abcdef"];

/// The most that is done with one input.
const ACTIONS: usize = 400;

/// The most steps until a flow ends, once the service only says that nobody is logged in. One that
/// waits for another's keys looks every 20 ms for a minute, and for another's send for minutes.
const END: usize = 20_000;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0";

pub(crate) fn account(paced: bool) -> AccountBuilder {
    let [sessdata, bili_jct] = SECRETS;
    let credential = Credential::new(sessdata, bili_jct, OWN).expect("it is a login");
    let hosts = Hosts::single(ORIGIN.parse().expect("it is an address"));
    let builder = Account::builder(credential, [7; 24]).hosts(hosts);
    if paced {
        builder.pacing(Pacing::default())
    } else {
        builder
    }
}

pub(crate) fn start() -> Now {
    Now {
        unix: UnixMicros(1_760_011_200_000_000),
        mono: Monotonic(Duration::from_secs(1000)),
    }
}

enum State {
    /// It takes any input.
    Ready,
    Out(Outgoing),
    Waits(Monotonic),
    Over,
}

/// A flow under way.
struct Running {
    resume: Box<dyn FnMut(Now, Input) -> Step<(), ()>>,
    state: State,
    /// Whether the last request that takes effect each time may have taken it.
    may_have_taken_effect: bool,
}

impl Running {
    fn new<Item: Debug + 'static, Output: Debug + 'static>(
        mut flow: Flow<Item, Output>,
        mut take: impl FnMut(Item) + 'static,
    ) -> Self {
        let resume = move |now, input| {
            let step = flow.resume(now, input);
            let shown = format!("{step:?} {flow:?}");
            for secret in SECRETS {
                assert!(!shown.contains(secret), "{shown}");
            }
            match step {
                Step::Send(outgoing) => Step::Send(outgoing),
                Step::WaitUntil(moment) => Step::WaitUntil(moment),
                Step::Item(item) => Step::Item(take(item)),
                Step::Done(result) => Step::Done(result.map(drop)),
            }
        };
        Self {
            resume: Box::new(resume),
            state: State::Ready,
            may_have_taken_effect: false,
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Brings an input, and sees to it that what comes of it is allowed.
    fn bring(&mut self, now: Now, input: Input) {
        if let State::Out(outgoing) = &self.state
            && outgoing.effect == Effect::Once
        {
            self.may_have_taken_effect = !certainly_took_no_effect(&input);
        }
        let next = (self.resume)(now, input);
        match (&self.state, &next) {
            (State::Over, Step::Done(Err(Error::Finished))) => return,
            (State::Over, _) => panic!("it goes on after its end"),
            (State::Waits(until), Step::WaitUntil(again)) if now.mono < *until => {
                assert_eq!(again, until, "woken too early, it waits for something else");
            }
            (State::Waits(until), _) => assert!(now.mono >= *until, "it did not wait"),
            _ => {}
        }
        self.state = match next {
            Step::Send(outgoing) => {
                check_outgoing(&outgoing);
                if outgoing.effect == Effect::Once {
                    assert!(!self.may_have_taken_effect, "it is sent twice");
                }
                State::Out(outgoing)
            }
            Step::WaitUntil(moment) => State::Waits(moment),
            Step::Item(()) => State::Ready,
            Step::Done(result) => {
                if let Err(error) = result {
                    check_error(&error);
                }
                State::Over
            }
        };
    }

    /// Does what the bytes say.
    fn act(&mut self, bytes: &mut Bytes<'_>, now: &mut Now) {
        const PASSING: [u64; 8] = [0, 0, 0, 20, 1000, 60_000, 3_600_000, 86_400_000];
        let choice = bytes.byte();
        let passed = Duration::from_millis(PASSING[usize::from(choice >> 5)]);
        now.mono = now.mono.after(passed);
        now.unix = now.unix.saturating_add(passed);
        let input = match (&self.state, choice & 15) {
            (State::Out(outgoing), 0..=9) => Input::Response(well(outgoing, bytes)),
            (State::Out(_), 10) => Input::Response(refused(bytes)),
            (State::Out(_), 11) => {
                let length = bytes.below(64);
                let mut response = head(bytes);
                *response.body_mut() = bytes.take(length).to_vec();
                Input::Response(response)
            }
            (State::Out(_), 12) => failed(bytes),
            (State::Waits(until), 0..=11) => {
                let left = until.since(now.mono);
                now.mono = now.mono.after(left);
                now.unix = now.unix.saturating_add(left);
                Input::Woken
            }
            (_, 13) => Input::Begin,
            (_, 14) => Input::Response(Response::new(b"{\"code\":0,\"data\":{}}".to_vec())),
            (_, 15) => {
                now.unix = UnixMicros(bytes.number());
                Input::Woken
            }
            _ => Input::Woken,
        };
        self.bring(*now, input);
    }

    /// Goes on without any more surprises, until the flow ends.
    fn finish(&mut self, mut now: Now) {
        for _ in 0..END {
            let input = match &self.state {
                State::Over => return,
                State::Out(_) => Input::Response(Response::new(
                    b"{\"code\":-101,\"message\":\"no\"}".to_vec(),
                )),
                State::Waits(until) => {
                    now.mono = now.mono.max(*until);
                    Input::Woken
                }
                State::Ready => Input::Woken,
            };
            self.bring(now, input);
        }
        panic!("it does not end");
    }
}

fn check_outgoing(outgoing: &Outgoing) {
    let uri = outgoing.request.uri();
    assert_eq!(uri.scheme_str(), Some("http"));
    assert_eq!(uri.authority().map(|at| at.as_str()), Some("127.0.0.1:1"));
    assert!(outgoing.max_body > 0 && outgoing.max_body <= 8 << 20);
    assert!(!outgoing.timeout.is_zero() && outgoing.timeout <= Duration::from_secs(120));
}

/// Whether an answer says that the call did nothing, read with other code than the crate's. What is
/// not sure counts as yes: then nothing is claimed.
fn certainly_took_no_effect(input: &Input) -> bool {
    let refuses = |status: u16| matches!(status, 401 | 412 | 429);
    let response = match input {
        Input::Begin | Input::Woken => return false,
        Input::Failed(failure) => {
            let status = failure.head.as_ref().map(|head| head.status.as_u16());
            return failure.sent == Sent::No || status.is_some_and(refuses);
        }
        Input::Response(response) => response,
    };
    let status = response.status().as_u16();
    if refuses(status) {
        return true;
    }
    if status >= 500 {
        return false;
    }
    let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(response.body()) else {
        return false;
    };
    let code = match answer.get("code") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let has_voucher = || {
        response.headers().contains_key("x-bili-gaia-vvoucher")
            || answer
                .get("data")
                .is_some_and(|data| data.get("v_voucher").is_some())
    };
    match code {
        None => false,
        Some(code) if code == 0.0 => has_voucher(),
        Some(code) => ![-500.0, -503.0, -504.0, -8888.0].contains(&code),
    }
}

fn answer(data: &Value) -> Response<Vec<u8>> {
    let answer = json!({"code": 0, "message": "0", "ttl": 1, "data": data});
    Response::new(answer.to_string().into_bytes())
}

fn refused(bytes: &mut Bytes<'_>) -> Response<Vec<u8>> {
    const CODES: [i64; 16] = [
        -101, -111, -352, -400, -403, -412, -500, -503, -8888, -799, 21046, 21047, 10005, 21042, 1,
        700_014,
    ];
    let mut response = head(bytes);
    let code = bytes.of(&CODES);
    let body = json!({"code": code, "message": "no", "data": {}});
    *response.body_mut() = body.to_string().into_bytes();
    response
}

fn failed(bytes: &mut Bytes<'_>) -> Input {
    let sent = if bytes.bool() { Sent::No } else { Sent::Maybe };
    let mut failure = Failure::new(sent, "broken");
    if bytes.bool() {
        let (mut head, _) = head(bytes).into_parts();
        if let Ok(status) = bytes.of(&STATUSES).try_into() {
            head.status = status;
        }
        failure.head = Some(Box::new(head));
    }
    Input::Failed(failure)
}

const TEXTS: [&str; 4] = ["hi", "hello", "hi[doge]", ""];

fn message(bytes: &mut Bytes<'_>) -> Value {
    let sender = bytes.of(&[OWN.0, 9, 0]);
    let content = match bytes.below(6) {
        0 => "{".to_owned(),
        1 => bytes.number().to_string(),
        2 => json!({"url": "https://i0.hdslb.com/x.png", "width": 600, "height": 400}).to_string(),
        _ => json!({"content": bytes.of(&TEXTS)}).to_string(),
    };
    json!({
        "sender_uid": sender, "receiver_type": bytes.of(&[1, 1, 1, 2]), "receiver_id": bytes.of(&[9, OWN.0]),
        "msg_type": bytes.of(&[1, 1, 1, 2, 5, 18, 99]), "content": content,
        "msg_seqno": bytes.number(), "msg_key": bytes.number(), "msg_status": bytes.of(&[0, 0, 1]),
        "msg_source": bytes.of(&[7, 7, 8, 0]), "timestamp": time(bytes) / 1_000_000,
    })
}

/// A time in microseconds, mostly about now.
fn time(bytes: &mut Bytes<'_>) -> u64 {
    match bytes.byte() {
        byte @ ..200 => start().unix.0 + u64::from(byte) * 1_000_000,
        byte @ ..220 => start().unix.0 - u64::from(byte) * 3_600_000_000,
        _ => bytes.number(),
    }
}

fn session(bytes: &mut Bytes<'_>) -> Value {
    let last = if bytes.bool() {
        message(bytes)
    } else {
        Value::Null
    };
    json!({
        "talker_id": bytes.of(&[9, 10, 11, 12]), "session_type": bytes.of(&[1, 1, 1, 2, 3]),
        "max_seqno": bytes.number(), "ack_seqno": bytes.number(), "session_ts": time(bytes),
        "unread_count": bytes.number(), "top_ts": bytes.of(&[0, 0, 5]), "last_msg": last,
        "system_msg_type": bytes.of(&[0, 0, 0, 7]),
    })
}

fn several(bytes: &mut Bytes<'_>, each: fn(&mut Bytes<'_>) -> Value) -> Value {
    match bytes.below(8) {
        0 => Value::Null,
        count => (0..count).map(|_| each(bytes)).collect(),
    }
}

/// What the service could say to a request, whether it makes sense or not.
fn well(outgoing: &Outgoing, bytes: &mut Bytes<'_>) -> Response<Vec<u8>> {
    let path = outgoing.request.uri().path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let data = match name {
        "nav" => {
            let stem = bytes.of(&["a", "b", "c"]).repeat(32);
            let mid = bytes.of(&[OWN.0, OWN.0, OWN.0, 6]);
            json!({
                "isLogin": bytes.byte() < 240, "mid": mid, "uname": "n",
                "wbi_img": {"img_url": stem, "sub_url": stem},
            })
        }
        "send_msg" => match bytes.byte() {
            255 => json!({}),
            254 => json!({"v_voucher": "v"}),
            _ => json!({"msg_key": bytes.number()}),
        },
        "fetch_session_msgs" => {
            json!({"messages": several(bytes, message), "has_more": u8::from(bytes.bool())})
        }
        "get_sessions" | "new_sessions" => {
            json!({"session_list": several(bytes, session), "has_more": u8::from(bytes.bool())})
        }
        "session_detail" => session(bytes),
        "cards" => several(bytes, |bytes| json!({"mid": bytes.number(), "name": "n"})),
        "single_unread" => {
            json!({"follow_unread": bytes.number(), "unfollow_unread": bytes.number()})
        }
        "my_group_unread" => json!({"unread_count": bytes.number()}),
        "generate" => json!({"url": "https://x/?k", "qrcode_key": "k"}),
        "poll" => json!({
            "code": bytes.of(&[86101, 86090, 86038, 0, 1]), "refresh_token": "r",
            "url": "https://x/?SESSDATA=a%2Cb&bili_jct=c&DedeUserID=5",
        }),
        "spi" => json!({"b_3": "x", "b_4": "y"}),
        "upload_bfs" => json!({
            "image_url": bytes.of(&["http://i0.hdslb.com/x.png", "https://example.com/x", ""]),
            "image_width": bytes.number(), "image_height": bytes.number(),
        }),
        _ => json!({}),
    };
    answer(&data)
}

/// A cursor that begins at a time, as `cursor_now` makes it.
fn cursor(account: &Account) -> Option<Cursor> {
    let mut flow = account.cursor_now();
    let mut bytes = Bytes(&[]);
    let mut input = Input::Begin;
    let mut now = start();
    for _ in 0..20 {
        input = match flow.resume(now, input) {
            Step::Send(outgoing) => Input::Response(well(&outgoing, &mut bytes)),
            Step::WaitUntil(until) => {
                now.mono = now.mono.max(until);
                Input::Woken
            }
            Step::Item(never) => match never {},
            Step::Done(cursor) => return cursor.ok(),
        };
    }
    None
}

fn watching(account: &Account, cursor: Cursor, bytes: &mut Bytes<'_>) -> Running {
    let which = bytes.byte();
    let is = |place: u8| which & (1 << place) != 0;
    let options = WatchOptions::default()
        .with_own(is(0))
        .with_groups(is(1))
        .with_system(is(2))
        .with_automatic(is(3))
        .with_intercepted(is(4))
        .with_changes(is(5));
    let mut mine = cursor.clone();
    Running::new(account.watch(cursor, options), move |event: Event| {
        let _ = (event.id(), event.answerable());
        if let Some(position) = &event.position {
            mine.advance(position);
        }
    })
}

fn begin(account: &Account, bytes: &mut Bytes<'_>) -> Running {
    fn plain<Item: Debug + 'static, Output: Debug + 'static>(flow: Flow<Item, Output>) -> Running {
        Running::new(flow, drop)
    }
    let talker = bytes.of(&[Talker::user(9), Talker::group(9), Talker::user(OWN.0)]);
    let text = || Text::new("hi").expect("it is a text");
    match bytes.below(20) {
        0 => plain(account.call(SingleUnread::new())),
        1 => plain(account.call(SetTop::new(talker, true))),
        2 => plain(account.call(SendMsg::new(talker, text()))),
        3 => plain(account.call(FetchSessionMsgs::new(talker))),
        4 => plain(account.profile()),
        5..=7 => plain(account.send(talker, text())),
        8 => plain(
            account
                .send_image_file(talker, PNG.to_vec())
                .expect("it is an image"),
        ),
        9 => {
            let history = History::new(talker).with_page_size(u32::from(bytes.byte()));
            plain(account.messages(history.with_after(Seqno(bytes.number()))))
        }
        10 => plain(account.sessions()),
        11 => plain(account.sessions_of(SessionFilter::Followed)),
        12 => plain(account.people((0..bytes.number().min(120)).map(Uid))),
        13 => plain(account.prepare_send(talker, text())),
        14 => plain(account.recall(talker, MsgKey(bytes.number()))),
        15 => plain(account.watch_unread(WatchOptions::default())),
        16 => plain(account.cursor_now()),
        17 => plain(qr_login(account.context(start()))),
        _ => match cursor(account) {
            Some(cursor) => watching(account, cursor, bytes),
            None => plain(account.profile()),
        },
    }
}

fn drive(running: &mut [Running], bytes: &mut Bytes<'_>) {
    let mut now = start();
    for _ in 0..ACTIONS {
        if bytes.is_empty() || running.iter().all(Running::is_over) {
            break;
        }
        let index = bytes.below(running.len());
        running[index].act(bytes, &mut now);
    }
    // One after the other: a flow that waits for another must notice when that one has ended.
    for flow in running {
        flow.finish(now);
        now.mono = now.mono.after(Duration::from_secs(3600));
    }
}

/// The first byte says how many flows of one account run side by side, and how; then follows what
/// they are, and then what happens to them.
pub fn flows(data: &[u8]) {
    let mut bytes = Bytes(data);
    let first = bytes.byte();
    let account = account(first & 4 != 0).build();
    let count = 1 + usize::from(first & 3);
    let mut running: Vec<Running> = (0..count).map(|_| begin(&account, &mut bytes)).collect();
    drive(&mut running, &mut bytes);
    let snapshot = account.snapshot(start());
    let stored = serde_json::to_string(&snapshot).expect("it can be stored");
    for secret in SECRETS {
        assert!(!stored.contains(secret), "{stored}");
    }
    let again = serde_json::from_str(&stored).expect("what was stored is read");
    assert_eq!(snapshot, again);
}

/// What a program stored, or what became of it. The first byte says what it is; behind a zero byte
/// follows what happens when it is used.
pub fn stored(data: &[u8]) {
    let mut bytes = Bytes(data);
    let what = bytes.byte();
    let end = bytes
        .0
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.0.len());
    let text = bytes.take(end);
    bytes.byte();
    let account = account(what & 4 != 0);
    let mut running = match what & 3 {
        0 => {
            let Ok(snapshot) = serde_json::from_slice::<Snapshot>(text) else {
                return;
            };
            let Ok(account) = account.restore(&snapshot, start()) else {
                return;
            };
            let account = account.build();
            let _ = account.absorb(&snapshot, start());
            vec![begin(&account, &mut bytes), begin(&account, &mut bytes)]
        }
        1 => {
            let Ok(ticket) = serde_json::from_slice::<SendTicket>(text) else {
                return;
            };
            let account = account.build();
            vec![
                Running::new(account.confirm(ticket.clone()), drop),
                Running::new(account.send_ticket(ticket.clone()), drop),
                Running::new(account.send_ticket(ticket), drop),
            ]
        }
        _ => {
            let Ok(cursor) = serde_json::from_slice::<Cursor>(text) else {
                return;
            };
            vec![watching(&account.build(), cursor, &mut bytes)]
        }
    };
    drive(&mut running, &mut bytes);
}
