use http::Method;
use proptest::prelude::*;

use crate::{
    faults::{Kind, Rule, VoucherPlace, When},
    ids::{Talker, Uid},
    push::{Fields, Writer},
    reply::Reply,
    testing::{
        Sim,
        push::{frame, handshake, step},
    },
    world::{
        Act, Mode,
        PushParts::{All, ByChance, Commands, Info},
        Whim,
    },
};

const CREATOR: u64 = 10001;
const FRIEND: u64 = 10002;
const STRANGER: u64 = 10003;
const GROUP: u64 = 20001;

const NOTHING: [&str; 0] = [];
/// What the creator is told of a message from the friend.
const RIGHT: &str = "10001 info 10002 1";

#[test]
fn a_connection_is_told_of_messages_while_it_is_subscribed() {
    let mut sim = Sim::with_push(Info);
    let id = sim.push_connect(CREATOR);
    assert_eq!(id.uid(), Uid(CREATOR));
    sim.say(FRIEND, CREATOR, "early");
    assert_eq!(sim.step(id, 1, "Auth"), ["Auth 1"]);
    sim.say(FRIEND, CREATOR, "early");
    assert_eq!(sim.step(id, 2, "Subscribe"), ["Subscribe 2"]);
    assert_eq!(sim.step(id, 3, "Heartbeat"), ["Heartbeat 3"]);
    sim.say(FRIEND, CREATOR, "x");
    assert_eq!(sim.told(id), [RIGHT]);
    assert_eq!(sim.told(id), NOTHING);
    assert_eq!(sim.step(id, 4, "MessageAck"), NOTHING);
    sim.service.push_close(id);
    sim.say(FRIEND, CREATOR, "late");
    assert_eq!(sim.told(id), ["broken off"]);
    assert_eq!(sim.service.push_next(id), None);
}

#[test]
fn everyone_who_sees_a_change_is_told_over_every_connection() {
    let mut sim = Sim::with_push(Commands);
    let uids = [CREATOR, CREATOR, FRIEND, STRANGER];
    let ids = uids.map(|uid| sim.subscribe(uid));
    let check = |sim: &mut Sim, why: &str, told: [&str; 4]| {
        for ((id, uid), told) in ids.into_iter().zip(uids).zip(told) {
            let expected = (!told.is_empty()).then(|| format!("{uid}{told}"));
            assert_eq!(sim.told(id), Vec::from_iter(expected), "{why}, {uid}");
        }
    };
    let (newer, changed) = (" total list fetch", " total list");
    let data = sim.send(CREATOR, FRIEND, "own").data();
    check(&mut sim, "a message", [newer, newer, newer, ""]);
    sim.recall(CREATOR, FRIEND, &data["msg_key"]).data();
    check(&mut sim, "a recall", [newer, newer, newer, ""]);
    let (uid, talker) = (Uid(FRIEND), Talker::user(CREATOR));
    let ack = Act::Ack {
        uid,
        talker,
        upto: None,
    };
    sim.service.act(ack.clone(), sim.now).unwrap();
    check(&mut sim, "a session that was read", ["", "", changed, ""]);
    sim.service.act(ack, sim.now).unwrap();
    sim.service
        .act(Act::Remove { uid, talker }, sim.now)
        .unwrap();
    check(&mut sim, "a removed session", ["", "", changed, ""]);
    sim.say_in_group(CREATOR, GROUP, "all");
    let members = sim.state()["groups"][0]["members"].clone();
    let is_member = |uid: u64| members.as_array().unwrap().contains(&uid.into());
    let told = uids.map(|uid| if is_member(uid) { newer } else { "" });
    check(&mut sim, "a message in the group", told);
}

#[test]
fn the_options_choose_the_parts_of_a_notification() {
    let all = r#"10001 msg 10002>10001 {"content":"x"} info 10002 1 total list fetch"#;
    for (parts, expected) in [
        (Info, RIGHT),
        (Commands, "10001 total list fetch"),
        (All, all),
    ] {
        let mut sim = Sim::with_push(parts);
        let id = sim.subscribe(CREATOR);
        sim.say(FRIEND, CREATOR, "x");
        assert_eq!(sim.told(id), [expected]);
    }
}

#[test]
fn a_payload_may_be_in_base64_and_ask_for_an_acknowledgement() {
    let mut sim = Sim::with_push(Info);
    let id = sim.subscribe(CREATOR);
    sim.service.state.options.push_base64 = Whim::Always;
    sim.service.state.options.push_acks = Whim::Always;
    sim.say(FRIEND, CREATOR, "x");
    let frames = sim.service.push_take(id, sim.now).frames;
    let fields = Fields::read(&frames[0]).unwrap();
    let options = Fields::read(fields.bytes(1)).unwrap();
    assert_eq!((options.number(3), options.text(5)), (1, Some("sim")));
    assert_ne!(options.number(1), 0);
    let any = Fields::read(fields.bytes(3)).unwrap();
    let body = Fields::read(any.bytes(2)).unwrap();
    assert_eq!(body.number(4), 1);
    // 08 0a: the tenth message of the world. 1a 07 08 01 10 92 4e 18 01: type 1, user 10002.
    assert_eq!(body.text(3), Some("CAoaBwgBEJJOGAE="));
}

#[test]
fn a_wrong_handshake_is_refused_with_its_reason() {
    let mut sim = Sim::with_push(Info);
    let right = handshake(&sim.cookie(CREATOR));
    let mut posted = right.clone();
    *posted.method_mut() = Method::POST;
    let mut elsewhere = right.clone();
    *elsewhere.uri_mut() = "/other".parse().unwrap();
    let without = |name| {
        let mut request = right.clone();
        request.headers_mut().remove(name);
        request
    };
    for (request, status) in [
        (without("cookie"), 401),
        (handshake("SESSDATA=wrong"), 401),
        (without("upgrade"), 426),
        (without("connection"), 426),
        (without("sec-websocket-key"), 400),
        (without("sec-websocket-version"), 400),
        (without("sec-websocket-protocol"), 400),
        (posted, 405),
        (elsewhere, 404),
    ] {
        assert_eq!(sim.push_refusal(request), status);
    }
    sim.service.push_connect(right.clone(), sim.now).unwrap();
    sim.service.state.options.mode = Mode::Strict;
    assert_eq!(sim.push_refusal(right), 403, "no origin");
    let requests = &sim.state()["requests"]["/sub"];
    assert_eq!(
        (&requests["requests"], &requests["refused"]),
        (&11.into(), &10.into())
    );
}

#[test]
fn a_wrong_frame_is_refused() {
    let no_guid = frame(1, "Auth", "AuthReq", Writer::default());
    for (frames, refusal, end) in [
        (
            vec![step(1, "Subscribe")],
            "Subscribe 1 -101",
            "closed 1008",
        ),
        (
            vec![step(1, "Heartbeat")],
            "Heartbeat 1 -101",
            "closed 1008",
        ),
        (
            vec![step(1, "Auth"), step(2, "Auth")],
            "Auth 2 -400",
            "closed 1008",
        ),
        (
            vec![step(1, "Auth"), step(3, "Heartbeat")],
            "Heartbeat 3 -400",
            "closed 1008",
        ),
        (vec![no_guid], "Auth 1 -400", "closed 1008"),
        (
            vec![step(1, "Auth"), step(2, "Nothing")],
            "Nothing 2 -404",
            "",
        ),
        (vec![vec![0xff; 20]], "", "closed 1007"),
        (vec![vec![b' '; 100_000]], "", "closed 1009"),
    ] {
        let mut sim = Sim::with_push(Info);
        sim.service.state.options.mode = Mode::Strict;
        let id = sim.push_connect(CREATOR);
        let told = frames
            .iter()
            .map(|frame| sim.hear(id, frame))
            .last()
            .unwrap();
        let expected = [refusal, end].into_iter().filter(|text| !text.is_empty());
        assert_eq!(told, Vec::from_iter(expected));
    }
}

#[test]
fn sixty_seconds_without_a_heartbeat_end_the_connection() {
    let mut sim = Sim::with_push(Info);
    let id = sim.subscribe(CREATOR);
    sim.pass(40);
    sim.step(id, 3, "Heartbeat");
    sim.pass(40);
    sim.step(id, 4, "MessageAck");
    let silent_at = sim.now.plus_secs(20);
    assert_eq!(sim.service.push_next(id), Some(silent_at));
    sim.pass(19);
    assert_eq!(sim.told(id), NOTHING);
    sim.pass(1);
    assert_eq!(sim.told(id), ["closed 1000"]);
    assert_eq!(sim.service.push_next(id), None);
}

#[test]
fn a_fault_of_a_step_changes_its_answer_and_perhaps_its_effect() {
    let code = Kind::Code {
        code: -500,
        message: None,
    };
    for (kind, told, next) in [
        (Kind::Stall, &[][..], "Heartbeat 2 -101"),
        (Kind::Twice, &["Auth 1", "Auth 1"], "Heartbeat 2"),
        (Kind::Garbage, &["garbage"], "Heartbeat 2 -101"),
        (code, &["Auth 1 -500"], "Heartbeat 2 -101"),
        (
            Kind::Giant { bytes: 100_001 },
            &["100001 bytes"],
            "Heartbeat 2 -101",
        ),
        (Kind::KickOut, &["kick 10001"], "Heartbeat 2"),
        (Kind::Late { seconds: 3 }, &[], "Heartbeat 2"),
        (Kind::Close, &["closed 1001"], "broken off"),
        (Kind::BreakOff, &["broken off"], "broken off"),
    ] {
        let mut sim = Sim::with_push(Info);
        sim.fault("Auth", When::Once, kind.clone());
        let id = sim.push_connect(CREATOR);
        assert_eq!(sim.step(id, 1, "Auth"), told, "{kind:?}");
        assert_eq!(sim.step(id, 2, "Heartbeat")[0], next, "{kind:?}");
    }
    let mut sim = Sim::with_push(Info);
    let stall = Rule::new("Auth", When::Once, Kind::Stall).after_effect();
    sim.service.add_fault(stall).unwrap();
    let id = sim.push_connect(CREATOR);
    sim.fault("any", When::Always, Kind::BreakOff);
    assert_eq!(sim.step(id, 1, "Auth"), NOTHING);
    assert_eq!(
        sim.step(id, 2, "Heartbeat"),
        ["Heartbeat 2"],
        "no fault of requests"
    );
}

#[test]
fn a_fault_of_a_notification_changes_what_a_user_is_told() {
    for (kind, told, next) in [
        (Kind::Stall, &[][..], &[RIGHT][..]),
        (Kind::Twice, &[RIGHT, RIGHT], &[RIGHT]),
        (Kind::Garbage, &["garbage"], &[RIGHT]),
        (Kind::KickOut, &["kick 10001"], &[]),
        (Kind::OtherUid, &["10002 info 10002 1"], &[RIGHT]),
        (
            Kind::CutShort { bytes: 9 },
            &["9 bytes of 10001 info 10002 1"],
            &["broken off"],
        ),
    ] {
        let mut sim = Sim::with_push(Info);
        let rule = Rule::new("WatchNotify", When::Once, kind.clone()).after_effect();
        sim.service.add_fault(rule).unwrap();
        let id = sim.subscribe(CREATOR);
        sim.say(FRIEND, CREATOR, "x");
        assert_eq!(sim.told(id), told, "{kind:?}");
        sim.say(FRIEND, CREATOR, "x");
        assert_eq!(sim.told(id), next, "{kind:?}");
    }
}

#[test]
fn a_late_notification_comes_at_its_time_after_newer_ones() {
    let mut sim = Sim::with_push(All);
    sim.fault("WatchNotify", When::Once, Kind::Late { seconds: 5 });
    let id = sim.subscribe(CREATOR);
    sim.say(FRIEND, CREATOR, "first");
    let due = sim.now.plus_secs(5);
    assert_eq!(sim.service.push_next(id), Some(due));
    sim.say(FRIEND, CREATOR, "second");
    assert!(sim.told(id)[0].contains("second"));
    sim.pass(4);
    assert_eq!(sim.told(id), NOTHING);
    sim.pass(1);
    assert!(sim.told(id)[0].contains("first"));
}

#[test]
fn acts_send_frames_over_all_connections_of_a_user() {
    let mut sim = Sim::with_push(Info);
    sim.fault("WatchNotify", When::Once, Kind::Forged);
    let ids = [sim.subscribe(CREATOR), sim.subscribe(CREATOR)];
    let other = sim.subscribe(FRIEND);
    let before = sim.messages();
    let acts = r#"[{"push_forged":{"uid":10001}},{"push_garbage":{"uid":10001}},
                   {"kick_out":{"uid":10001}}]"#;
    sim.control_ok("/_sim/act", acts);
    assert_eq!(sim.messages(), before);
    for id in ids {
        let told = sim.told(id);
        assert!(told[0].contains("forged"), "{told:?}");
        assert_eq!(told[1..], ["garbage", "kick 10001"]);
    }
    sim.say(FRIEND, CREATOR, "x");
    assert_eq!(sim.told(ids[0]), NOTHING);
    let told = sim.told(other);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("forged"), "a fault: {told:?}");
    let error = sim.control_error("/_sim/act", r#"{"kick_out":{"uid":9}}"#);
    assert_eq!(error, "acts[0].uid: there is no user 9");
}

#[test]
fn a_handshake_suffers_the_faults_of_requests() {
    let mut sim = Sim::with_push(Info);
    let page = serde_json::from_str(r#"{"http":{"status":502}}"#).unwrap();
    let voucher = Kind::Voucher(VoucherPlace::Code);
    for kind in [Kind::Stall, Kind::BreakOff, page, voucher] {
        sim.fault("sub", When::Once, kind.clone());
        let request = handshake(&sim.cookie(CREATOR));
        let refused = sim.service.push_connect(request, sim.now);
        match (*refused.unwrap_err(), kind) {
            (Reply::Stalled, Kind::Stall) | (Reply::BrokenOff, Kind::BreakOff) => {}
            (Reply::Answer(answer), Kind::Http { .. }) => assert_eq!(answer.status(), 502),
            (Reply::Answer(answer), Kind::Voucher(_)) => assert_eq!(answer.status(), 200),
            (reply, kind) => panic!("{kind:?}: {reply:?}"),
        }
    }
    sim.subscribe(CREATOR);
    assert_eq!(sim.state()["requests"]["/sub"]["disturbed"], 4);
}

#[test]
fn the_state_counts_connections_and_notifications() {
    let mut sim = Sim::with_push(Info);
    sim.fault("WatchNotify", When::Nth(2), Kind::Stall);
    let ids = [sim.subscribe(CREATOR), sim.subscribe(CREATOR)];
    sim.say(FRIEND, CREATOR, "x");
    sim.say(FRIEND, CREATOR, "x");
    let check = |sim: &mut Sim, connections: u64| {
        let account = &sim.state()["accounts"][0];
        assert_eq!(account["push_connections"], connections);
        assert_eq!(account["notifications"], 3, "one of four was lost");
    };
    check(&mut sim, 2);
    for id in ids {
        sim.service.push_close(id);
    }
    check(&mut sim, 0);
}

#[test]
fn a_client_that_takes_nothing_is_closed_before_memory_runs_out() {
    let mut sim = Sim::with_push(Info);
    for (messages, bytes) in [(1001, 1), (5, 16 << 20)] {
        sim.service.clear_faults();
        sim.fault("WatchNotify", When::Always, Kind::Giant { bytes });
        let id = sim.subscribe(CREATOR);
        for _ in 0..messages {
            sim.say(FRIEND, CREATOR, "x");
        }
        assert_eq!(sim.told(id), ["closed 1013"]);
    }
}

#[test]
fn connections_are_limited() {
    let mut sim = Sim::with_push(Info);
    for _ in 0..10_000 {
        sim.push_connect(CREATOR);
    }
    let request = handshake(&sim.cookie(CREATOR));
    assert_eq!(sim.push_refusal(request), 503);
}

#[test]
fn the_same_world_acts_and_times_give_the_same_frames() {
    let play = || {
        let mut sim = Sim::with_push(ByChance);
        sim.fault("WatchNotify", When::Chance(0.5), Kind::Garbage);
        let id = sim.subscribe(CREATOR);
        for _ in 0..20 {
            sim.say(FRIEND, CREATOR, "x");
        }
        sim.service.push_take(id, sim.now)
    };
    assert_eq!(play().frames.len(), 20);
    assert_eq!(play(), play());
}

proptest! {
    #[test]
    fn any_frame_is_answered_or_refused(frame: Vec<u8>, cut in 0_usize..90) {
        let mut sim = Sim::with_push(Info);
        let id = sim.subscribe(CREATOR);
        let mut right = step(3, "Subscribe");
        right.truncate(cut);
        sim.service.push_receive(id, &right, sim.now);
        sim.service.push_receive(id, &frame, sim.now);
        let reply = sim.service.push_take(id, sim.now);
        prop_assert!(reply.end.is_some() || !reply.frames.is_empty());
    }
}
