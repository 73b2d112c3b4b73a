use http::Method;
use proptest::prelude::*;

use crate::{
    faults::{Kind, VoucherPlace, When},
    ids::{Talker, Uid},
    push::PushId,
    reply::Reply,
    testing::Sim,
    testing::push::{frame, handshake, step},
    world::PushParts::{All, ByChance, Commands, Info},
    world::{Act, Mode, Whim},
};

const CREATOR: u64 = 10001;
const FRIEND: u64 = 10002;
const STRANGER: u64 = 10003;
const GROUP: u64 = 20001;

/// What the creator is told of a message from the friend.
const RIGHT: &str = "10001 info 10002 1";

fn subscribed() -> (Sim, PushId) {
    let mut sim = Sim::with_push(Info);
    let id = sim.subscribe(CREATOR);
    (sim, id)
}

/// What the creator is told when the friend writes.
fn told_of_message(sim: &mut Sim, id: PushId) -> String {
    sim.say(FRIEND, CREATOR, "x");
    sim.told(id)
}

#[test]
fn a_connection_is_told_of_messages_while_it_is_subscribed() {
    let mut sim = Sim::with_push(Info);
    let id = sim.push_connect(CREATOR);
    assert_eq!(id.uid(), Uid(CREATOR));
    sim.say(FRIEND, CREATOR, "early");
    assert_eq!(sim.step(id, "Auth 1"), "Auth 1");
    sim.say(FRIEND, CREATOR, "early");
    assert_eq!(sim.step(id, "Subscribe 2"), "Subscribe 2");
    assert_eq!(sim.step(id, "Heartbeat 3"), "Heartbeat 3");
    assert_eq!(told_of_message(&mut sim, id), RIGHT);
    assert_eq!(sim.told(id), "");
    assert_eq!(sim.step(id, "MessageAck 4"), "");
    sim.service.push_close(id);
    sim.say(FRIEND, CREATOR, "late");
    assert_eq!(sim.told(id), "broken off");
    assert_eq!(sim.service.push_next(id), None);
}

#[test]
fn everyone_who_sees_a_change_is_told_over_every_connection() {
    let mut sim = Sim::with_push(Commands);
    let uids = [CREATOR, CREATOR, FRIEND, STRANGER];
    let ids = uids.map(|uid| sim.subscribe(uid));
    let check = |sim: &mut Sim, why: &str, told: [&str; 4]| {
        for ((id, uid), told) in ids.into_iter().zip(uids).zip(told) {
            let told = told.replace("UID", &uid.to_string());
            assert_eq!(sim.told(id), told, "{why}, {uid}");
        }
    };
    let (newer, changed) = ("UID total list fetch", "UID total list");
    let data = sim.send(CREATOR, FRIEND, "own").data();
    check(&mut sim, "a message", [newer, newer, newer, ""]);
    sim.recall(CREATOR, FRIEND, &data["msg_key"]).data();
    check(&mut sim, "a recall", [newer, newer, newer, ""]);
    let (uid, talker) = (Uid(FRIEND), Talker::user(CREATOR));
    let upto = None;
    let ack = Act::Ack { uid, talker, upto };
    sim.service.act(ack.clone(), sim.now).unwrap();
    check(&mut sim, "a session that was read", ["", "", changed, ""]);
    sim.service.act(ack, sim.now).unwrap();
    let remove = Act::Remove { uid, talker };
    sim.service.act(remove, sim.now).unwrap();
    check(&mut sim, "a removed session", ["", "", changed, ""]);
    sim.say_in_group(CREATOR, GROUP, "all");
    let members = sim.state()["groups"][0]["members"].clone();
    let is_member = |uid: u64| members.as_array().unwrap().contains(&uid.into());
    let told = uids.map(|uid| if is_member(uid) { newer } else { "" });
    check(&mut sim, "a message in the group", told);
}

#[test]
fn the_options_choose_the_form_of_a_notification() {
    let commands = "10001 total list fetch";
    let all = r#"10001 msg 10002>10001 {"content":"x"} info 10002 1 total list fetch"#;
    // 08 0a: the tenth message of the world. 1a 07 08 01 10 92 4e 18 01: type 1, user 10002.
    let base64 = "10001 base64 CAoaBwgBEJJOGAE=, ack sim";
    for (parts, whim, expected) in [
        (Info, Whim::Never, RIGHT),
        (Commands, Whim::Never, commands),
        (All, Whim::Never, all),
        (Info, Whim::Always, base64),
    ] {
        let mut sim = Sim::with_push(parts);
        sim.service.state.options.push_base64 = whim;
        sim.service.state.options.push_acks = whim;
        let id = sim.subscribe(CREATOR);
        assert_eq!(told_of_message(&mut sim, id), expected);
    }
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
    let request = without("origin");
    let accepted = sim.service.push_connect(request.clone(), sim.now);
    assert!(accepted.is_ok());
    sim.service.state.options.mode = Mode::Strict;
    assert_eq!(sim.push_refusal(request), 403);
    let requests = &sim.state()["requests"]["/sub"];
    assert_eq!(requests["requests"], 11);
    assert_eq!(requests["refused"], 10);
}

#[test]
fn a_wrong_frame_is_refused() {
    let auth = step("Auth 1");
    let no_guid = frame("Auth 1", "AuthReq", "");
    for (frames, told) in [
        (&[&step("Subscribe 1")][..], "Subscribe 1 -101, closed 1008"),
        (&[&step("Heartbeat 1")], "Heartbeat 1 -101, closed 1008"),
        (&[&no_guid], "Auth 1 -400, closed 1008"),
        (&[&auth, &step("Auth 2")], "Auth 2 -400, closed 1008"),
        (&[&auth, &step("Beat 2")], "Beat 2 -404"),
        (&[&auth, &step("Beat 3")], "Beat 3 -400, closed 1008"),
        (&[&vec![0xff; 20]], "closed 1007"),
        (&[&vec![b' '; 100_000]], "closed 1009"),
    ] {
        let mut sim = Sim::with_push(Info);
        sim.service.state.options.mode = Mode::Strict;
        let id = sim.push_connect(CREATOR);
        let heard = frames.iter().map(|frame| sim.hear(id, frame));
        assert_eq!(heard.last().unwrap(), told);
    }
}

#[test]
fn sixty_seconds_without_a_heartbeat_end_the_connection() {
    let (mut sim, id) = subscribed();
    sim.pass(40);
    sim.step(id, "Heartbeat 3");
    sim.pass(40);
    sim.step(id, "MessageAck 4");
    let silent_at = sim.now.plus_secs(20);
    assert_eq!(sim.service.push_next(id), Some(silent_at));
    sim.pass(19);
    assert_eq!(sim.told(id), "");
    sim.pass(1);
    assert_eq!(sim.told(id), "closed 1000");
    assert_eq!(sim.service.push_next(id), None);
}

#[test]
fn a_fault_of_a_step_changes_its_answer_and_perhaps_its_effect() {
    let (refused, message) = ("Heartbeat 2 -101, closed 1008", None);
    let giant = Kind::Giant { bytes: 100_001 };
    let code = -500;
    let code = Kind::Code { code, message };
    for (kind, told, next) in [
        (Kind::Stall, "", refused),
        (Kind::Twice, "Auth 1, Auth 1", "Heartbeat 2"),
        (Kind::Garbage, "garbage", refused),
        (code, "Auth 1 -500", refused),
        (giant, "100001 bytes", refused),
        (Kind::KickOut, "kick 10001", "Heartbeat 2"),
        (Kind::Late { seconds: 3 }, "", "Heartbeat 2"),
        (Kind::Close, "closed 1001", "broken off"),
        (Kind::BreakOff, "broken off", "broken off"),
    ] {
        let mut sim = Sim::with_push(Info);
        sim.fault("Auth", When::Once, kind.clone());
        let id = sim.push_connect(CREATOR);
        assert_eq!(sim.step(id, "Auth 1"), told, "{kind:?}");
        assert_eq!(sim.step(id, "Heartbeat 2"), next, "{kind:?}");
    }
    let mut sim = Sim::with_push(Info);
    sim.fault_after("Auth", Kind::Stall);
    let id = sim.push_connect(CREATOR);
    assert_eq!(sim.step(id, "Auth 1"), "");
    sim.fault("any", When::Always, Kind::BreakOff);
    assert_eq!(sim.step(id, "Heartbeat 2"), "Heartbeat 2");
}

#[test]
fn a_fault_of_a_notification_changes_what_a_user_is_told() {
    let (twice, part) = (format!("{RIGHT}, {RIGHT}"), format!("9 bytes of {RIGHT}"));
    for (kind, told, next) in [
        (Kind::Stall, "", RIGHT),
        (Kind::Twice, &*twice, RIGHT),
        (Kind::Garbage, "garbage", RIGHT),
        (Kind::KickOut, "kick 10001", ""),
        (Kind::OtherUid, "10002 info 10002 1", RIGHT),
        (Kind::CutShort { bytes: 9 }, &*part, "broken off"),
    ] {
        let (mut sim, id) = subscribed();
        sim.fault_after("WatchNotify", kind.clone());
        assert_eq!(told_of_message(&mut sim, id), told, "{kind:?}");
        assert_eq!(told_of_message(&mut sim, id), next, "{kind:?}");
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
    assert!(sim.told(id).contains("second"));
    sim.pass(4);
    assert_eq!(sim.told(id), "");
    sim.pass(1);
    assert!(sim.told(id).contains("first"));
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
        assert_eq!(told.matches("forged").count(), 1, "{told}");
        assert!(told.ends_with(", garbage, kick 10001"), "{told}");
    }
    assert_eq!(told_of_message(&mut sim, ids[0]), "");
    assert_eq!(sim.told(other).matches("forged").count(), 1, "by the fault");
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
    for connections in [2, 0] {
        let account = &sim.state()["accounts"][0];
        assert_eq!(account["push_connections"], connections);
        assert_eq!(account["notifications"], 3, "one of four was lost");
        ids.iter().for_each(|id| sim.service.push_close(*id));
    }
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
        assert_eq!(sim.told(id), "closed 1013");
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
        let (mut sim, id) = subscribed();
        let mut right = step("Subscribe 3");
        right.truncate(cut);
        sim.service.push_receive(id, &right, sim.now);
        sim.service.push_receive(id, &frame, sim.now);
        let reply = sim.service.push_take(id, sim.now);
        prop_assert!(reply.end.is_some() || !reply.frames.is_empty());
    }
}
