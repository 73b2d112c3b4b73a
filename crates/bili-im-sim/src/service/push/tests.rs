mod client;

use http::Method;
use proptest::prelude::*;

use self::client::{BROADCAST, Client, frame, handshake, shown, step};
use crate::{
    faults::{Kind, Rule, VoucherPlace, When},
    ids::{Talker, Uid},
    push::{Fields, PushEnd, PushReply, Writer},
    reply::Reply,
    testing::Sim,
    world::{Act, Mode, Whim},
};

const CREATOR: u64 = 10001;
const FRIEND: u64 = 10002;
const STRANGER: u64 = 10003;
const GROUP: u64 = 20001;

#[test]
fn a_connection_is_authenticated_subscribed_and_told_of_a_message() {
    let mut client = Client::new("info");
    let id = client.subscribe(CREATOR);
    assert_eq!(id.uid(), Uid(CREATOR));
    assert_eq!(client.say(id, "Heartbeat"), ["Heartbeat 3"]);
    client.sim.say(FRIEND, CREATOR, "x");
    assert_eq!(client.told(id), [format!("{CREATOR} info {FRIEND} 1")]);
    assert_eq!(client.told(id), [""; 0]);
    assert_eq!(client.say(id, "MessageAck"), [""; 0]);
}

#[test]
fn everyone_who_sees_a_change_is_told_over_every_connection() {
    let mut client = Client::new("commands");
    let creator = client.subscribe(CREATOR);
    let again = client.subscribe(CREATOR);
    let friend = client.subscribe(FRIEND);
    let stranger = client.subscribe(STRANGER);
    let newer = |uid: u64| vec![format!("{uid} total list fetch")];
    let changed = |uid: u64| vec![format!("{uid} total list")];

    let data = client.sim.send(CREATOR, FRIEND, "own").data();
    for (id, uid) in [(creator, CREATOR), (again, CREATOR), (friend, FRIEND)] {
        assert_eq!(client.told(id), newer(uid), "a message");
    }
    client.sim.recall(CREATOR, FRIEND, &data["msg_key"]).data();
    for (id, uid) in [(creator, CREATOR), (again, CREATOR), (friend, FRIEND)] {
        assert_eq!(client.told(id), newer(uid), "a recall");
    }
    let ack = Act::Ack {
        uid: Uid(FRIEND),
        talker: Talker::user(CREATOR),
        upto: None,
    };
    client.act(ack.clone());
    assert_eq!(
        client.told(friend),
        changed(FRIEND),
        "a session that was read"
    );
    client.act(ack);
    client.act(Act::Remove {
        uid: Uid(FRIEND),
        talker: Talker::user(CREATOR),
    });
    assert_eq!(client.told(friend), changed(FRIEND), "a removed session");
    assert_eq!(client.told(creator), [""; 0]);

    assert_eq!(client.told(stranger), [""; 0]);
    client.sim.say_in_group(CREATOR, GROUP, "all");
    let members = client.sim.state()["groups"][0]["members"].clone();
    for (id, uid) in [(creator, CREATOR), (friend, FRIEND), (stranger, STRANGER)] {
        let is_member = members.as_array().unwrap().contains(&uid.into());
        let expected = if is_member { newer(uid) } else { Vec::new() };
        assert_eq!(client.told(id), expected, "{uid} in the group");
    }
}

#[test]
fn only_a_subscribed_connection_is_told() {
    let mut client = Client::new("info");
    let id = client.connect(CREATOR);
    client.sim.say(FRIEND, CREATOR, "early");
    assert_eq!(client.say(id, "Auth"), ["Auth 1"]);
    client.sim.say(FRIEND, CREATOR, "early");
    assert_eq!(client.say(id, "Subscribe"), ["Subscribe 2"]);
    client.sim.say(FRIEND, CREATOR, "x");
    assert_eq!(client.told(id).len(), 1);
    client.sim.service.push_close(id);
    client.sim.say(FRIEND, CREATOR, "late");
    let gone = PushReply {
        frames: Vec::new(),
        end: Some(PushEnd::BrokenOff),
    };
    assert_eq!(client.take(id), gone);
    assert_eq!(client.sim.service.push_next(id), None);
}

#[test]
fn the_options_choose_the_parts_of_a_notification() {
    for (parts, expected) in [
        ("info", " info 10002 1"),
        ("commands", " total list fetch"),
        (
            "all",
            r#" msg 10002>10001 {"content":"x"} info 10002 1 total list fetch"#,
        ),
    ] {
        let mut client = Client::new(parts);
        let id = client.subscribe(CREATOR);
        client.sim.say(FRIEND, CREATOR, "x");
        assert_eq!(client.told(id), [format!("{CREATOR}{expected}")]);
    }
}

#[test]
fn a_payload_may_be_in_base64_and_ask_for_an_acknowledgement() {
    let mut client = Client::new("info");
    let id = client.subscribe(CREATOR);
    client.sim.service.state.options.push_base64 = Whim::Always;
    client.sim.service.state.options.push_acks = Whim::Always;
    client.sim.say(FRIEND, CREATOR, "x");
    let frames = client.take(id).frames;
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
    let mut client = Client::new("info");
    let cookie = client.sim.cookie(CREATOR);
    let without = |name| {
        let mut request = handshake(&cookie);
        request.headers_mut().remove(name);
        request
    };
    let mut posted = handshake(&cookie);
    *posted.method_mut() = Method::POST;
    let mut elsewhere = handshake(&cookie);
    *elsewhere.uri_mut() = "/other".parse().unwrap();
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
        let refused = client.sim.service.push_connect(request, client.sim.now);
        let answer = refused.unwrap_err().answer().unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers().contains_key("x-sim-why"));
    }
    let requests = &client.sim.state()["requests"]["/sub"];
    assert_eq!(
        (&requests["requests"], &requests["refused"]),
        (&9.into(), &9.into())
    );
}

#[test]
fn strict_mode_needs_an_origin_and_counted_frames() {
    let mut client = Client::new("info");
    client.sim.service.state.options.mode = Mode::Strict;
    let mut request = handshake(&client.sim.cookie(CREATOR));
    request.headers_mut().remove("origin");
    let refused = client.sim.service.push_connect(request, client.sim.now);
    assert_eq!(refused.unwrap_err().answer().unwrap().status(), 403);
    let id = client.subscribe(CREATOR);
    client.send(id, &step(7, "Heartbeat"));
    let reply = client.take(id);
    assert_eq!(shown(&reply.frames[0]), "Heartbeat 7 -400");
    assert_eq!(reply.end, Some(PushEnd::Closed(1008)));
}

#[test]
fn a_call_of_sub_without_an_upgrade_is_asked_to_upgrade() {
    assert_eq!(Sim::demo().get(CREATOR, "/sub").status(), 426);
}

#[test]
fn steps_in_the_wrong_order_end_the_connection() {
    for (steps, refusal) in [
        (&["Subscribe"][..], "Subscribe 1 -101"),
        (&["Heartbeat"], "Heartbeat 1 -101"),
        (&["Auth", "Auth"], "Auth 1 -400"),
    ] {
        let mut client = Client::new("info");
        let id = client.connect(CREATOR);
        let (last, before) = steps.split_last().unwrap();
        for name in before {
            client.say(id, name);
        }
        let (frames, end) = client.say_to_the_end(id, last);
        assert_eq!(frames, [refusal]);
        assert_eq!(end, Some(PushEnd::Closed(1008)));
    }
}

#[test]
fn a_frame_that_is_unknown_malformed_or_too_long_is_refused() {
    let mut client = Client::new("info");
    let id = client.subscribe(CREATOR);
    assert_eq!(client.say(id, "Nothing"), ["Nothing 3 -404"]);
    for (wrong, code) in [(vec![0xff; 20], 1007), (vec![b' '; 100_000], 1009)] {
        let id = client.subscribe(CREATOR);
        client.send(id, &wrong);
        assert_eq!(client.take(id).end, Some(PushEnd::Closed(code)));
    }
    let id = client.connect(CREATOR);
    let path = format!("{BROADCAST}Auth");
    client.send(id, &frame(1, &path, "AuthReq", Writer::default()));
    assert_eq!(client.take(id).end, Some(PushEnd::Closed(1008)), "no guid");
}

#[test]
fn sixty_seconds_without_a_heartbeat_end_the_connection() {
    let mut client = Client::new("info");
    let id = client.subscribe(CREATOR);
    client.sim.pass(40);
    client.say(id, "Heartbeat");
    client.sim.pass(40);
    client.say(id, "MessageAck");
    let silent_at = client.sim.now.plus_secs(20);
    assert_eq!(client.sim.service.push_next(id), Some(silent_at));
    client.sim.pass(19);
    assert_eq!(client.take(id).end, None);
    client.sim.pass(1);
    assert_eq!(client.take(id).end, Some(PushEnd::Closed(1000)));
    assert_eq!(client.sim.service.push_next(id), None);
}

#[test]
fn a_fault_of_a_step_changes_its_answer_and_perhaps_its_effect() {
    let code = Kind::Code {
        code: -500,
        message: None,
    };
    let giant = Kind::Giant { bytes: 100_001 };
    for (kind, frames, end) in [
        (Kind::Stall, vec![], None),
        (Kind::Twice, vec!["Auth 1", "Auth 1"], None),
        (Kind::Garbage, vec!["garbage"], None),
        (code, vec!["Auth 1 -500"], None),
        (giant, vec!["100001 bytes"], None),
        (Kind::KickOut, vec!["kick 10001"], None),
        (Kind::Late { seconds: 3 }, vec![], None),
        (Kind::Close, vec![], Some(PushEnd::Closed(1001))),
        (Kind::BreakOff, vec![], Some(PushEnd::BrokenOff)),
    ] {
        let mut client = Client::new("info");
        client.fault(Rule::new("Auth", When::Once, kind.clone()));
        let id = client.connect(CREATOR);
        let (got, ended) = client.say_to_the_end(id, "Auth");
        assert_eq!(got, frames, "{kind:?}");
        assert_eq!(ended, end, "{kind:?}");
        if kind == Kind::Stall {
            let (got, _) = client.say_to_the_end(id, "Heartbeat");
            assert_eq!(got, ["Heartbeat 2 -101"], "a stalled step has no effect");
        }
    }
    let mut client = Client::new("info");
    client.fault(Rule::new("Auth", When::Once, Kind::Stall).after_effect());
    let id = client.connect(CREATOR);
    assert_eq!(client.say(id, "Auth"), [""; 0]);
    assert_eq!(client.say(id, "Heartbeat"), ["Heartbeat 2"]);
}

#[test]
fn a_fault_of_a_notification_changes_what_a_user_is_told() {
    let right = "10001 info 10002 1";
    for (kind, frames) in [
        (Kind::Stall, vec![]),
        (Kind::Twice, vec![right, right]),
        (Kind::Garbage, vec!["garbage"]),
        (Kind::KickOut, vec!["kick 10001"]),
        (Kind::OtherUid, vec!["10002 info 10002 1"]),
    ] {
        let mut client = Client::new("info");
        client.fault(Rule::new("WatchNotify", When::Once, kind.clone()));
        let id = client.subscribe(CREATOR);
        client.sim.say(FRIEND, CREATOR, "x");
        assert_eq!(client.told(id), frames, "{kind:?}");
        client.sim.say(FRIEND, CREATOR, "x");
        let is_told = kind != Kind::KickOut;
        assert_eq!(client.told(id).len(), usize::from(is_told), "{kind:?}");
    }
}

#[test]
fn a_late_notification_comes_at_its_time_after_newer_ones() {
    let mut client = Client::new("all");
    let late = Kind::Late { seconds: 5 };
    client.fault(Rule::new("WatchNotify", When::Once, late));
    let id = client.subscribe(CREATOR);
    client.sim.say(FRIEND, CREATOR, "first");
    let due = client.sim.now.plus_secs(5);
    assert_eq!(client.sim.service.push_next(id), Some(due));
    client.sim.say(FRIEND, CREATOR, "second");
    assert!(client.told(id)[0].contains("second"));
    client.sim.pass(4);
    assert_eq!(client.told(id), [""; 0]);
    client.sim.pass(1);
    assert!(client.told(id)[0].contains("first"));
}

#[test]
fn a_forged_notification_names_a_message_and_a_talker_that_do_not_exist() {
    let mut client = Client::new("all");
    client.fault(Rule::new("WatchNotify", When::Once, Kind::Forged));
    let id = client.subscribe(CREATOR);
    let before = client.sim.messages();
    for _ in 0..2 {
        client.act(Act::PushForged { uid: Uid(CREATOR) });
    }
    assert_eq!(client.sim.messages(), before);
    client.sim.say(FRIEND, CREATOR, "x");
    let told = client.take(id).frames;
    assert_eq!(told.len(), 3);
    for frame in told {
        let text = String::from_utf8_lossy(&frame).into_owned();
        assert!(text.contains("forged"), "{text}");
    }
}

#[test]
fn a_frame_can_be_cut_short() {
    let mut client = Client::new("info");
    let cut = Rule::new("WatchNotify", When::Once, Kind::CutShort { bytes: 9 }).after_effect();
    client.fault(cut);
    let id = client.subscribe(CREATOR);
    client.sim.say(FRIEND, CREATOR, "x");
    let Some(PushEnd::CutShort { frame, sent }) = client.take(id).end else {
        panic!("not cut short");
    };
    assert_eq!((shown(&frame).as_str(), sent), ("10001 info 10002 1", 9));
}

#[test]
fn a_handshake_suffers_the_faults_of_requests() {
    let mut client = Client::new("info");
    let page = r#"{"http":{"status":502}}"#;
    for kind in [
        Kind::Stall,
        Kind::BreakOff,
        serde_json::from_str(page).unwrap(),
        Kind::Voucher(VoucherPlace::Code),
    ] {
        client.fault(Rule::new("sub", When::Once, kind));
        let request = handshake(&client.sim.cookie(CREATOR));
        let refused = client.sim.service.push_connect(request, client.sim.now);
        match *refused.unwrap_err() {
            Reply::Stalled | Reply::BrokenOff => {}
            Reply::Answer(answer) => assert!([200, 502].contains(&answer.status().as_u16())),
            Reply::CutShort { .. } => panic!("nothing can be cut short"),
        }
        client.sim.service.clear_faults();
    }
    client.subscribe(CREATOR);
    assert_eq!(client.sim.state()["requests"]["/sub"]["disturbed"], 4);
}

#[test]
fn a_fault_of_any_request_leaves_frames_alone() {
    let mut client = Client::new("info");
    let id = client.connect(CREATOR);
    client.fault(Rule::new("any", When::Always, Kind::BreakOff));
    assert_eq!(client.say(id, "Auth"), ["Auth 1"]);
}

#[test]
fn acts_kick_out_and_send_garbage_over_all_connections_of_a_user() {
    let mut client = Client::new("info");
    let ids = [client.subscribe(CREATOR), client.subscribe(CREATOR)];
    let other = client.subscribe(FRIEND);
    let acts = r#"[{"push_garbage":{"uid":10001}},{"kick_out":{"uid":10001}}]"#;
    client.sim.control_ok("/_sim/act", acts);
    for id in ids {
        assert_eq!(client.told(id), ["garbage", "kick 10001"]);
    }
    client.sim.say(FRIEND, CREATOR, "x");
    assert_eq!(client.told(ids[0]), [""; 0]);
    assert_eq!(client.told(other).len(), 1);
    let error = client
        .sim
        .control_error("/_sim/act", r#"{"kick_out":{"uid":9}}"#);
    assert_eq!(error, "acts[0].uid: there is no user 9");
}

#[test]
fn the_state_counts_connections_and_notifications() {
    let mut client = Client::new("info");
    client.fault(Rule::new("WatchNotify", When::Nth(2), Kind::Stall));
    let ids = [client.subscribe(CREATOR), client.subscribe(CREATOR)];
    client.sim.say(FRIEND, CREATOR, "x");
    client.sim.say(FRIEND, CREATOR, "x");
    let account = client.sim.state()["accounts"][0].clone();
    assert_eq!(account["push_connections"], 2);
    assert_eq!(account["notifications"], 3, "one of four was lost");
    for id in ids {
        client.sim.service.push_close(id);
    }
    let account = client.sim.state()["accounts"][0].clone();
    assert_eq!(account["push_connections"], 0);
    assert_eq!(account["notifications"], 3);
}

#[test]
fn a_client_that_takes_nothing_is_closed_before_memory_runs_out() {
    let mut client = Client::new("info");
    let id = client.subscribe(CREATOR);
    for _ in 0..1001 {
        client.act(Act::PushForged { uid: Uid(CREATOR) });
    }
    let reply = client.take(id);
    assert_eq!(reply.frames.len(), 0);
    assert_eq!(reply.end, Some(PushEnd::Closed(1013)));

    let giant = Kind::Giant { bytes: 16 << 20 };
    client.fault(Rule::new("WatchNotify", When::Always, giant));
    let id = client.subscribe(CREATOR);
    for _ in 0..5 {
        client.sim.say(FRIEND, CREATOR, "x");
    }
    assert_eq!(client.take(id).end, Some(PushEnd::Closed(1013)));
}

#[test]
fn connections_are_limited() {
    let mut client = Client::new("info");
    for _ in 0..10_000 {
        client.connect(CREATOR);
    }
    let request = handshake(&client.sim.cookie(CREATOR));
    let refused = client.sim.service.push_connect(request, client.sim.now);
    assert_eq!(refused.unwrap_err().answer().unwrap().status(), 503);
}

#[test]
fn the_same_world_acts_and_times_give_the_same_frames() {
    let play = || {
        let mut client = Client::new("by_chance");
        client.fault(Rule::new("WatchNotify", When::Chance(0.5), Kind::Garbage));
        let id = client.subscribe(CREATOR);
        for _ in 0..20 {
            client.sim.say(FRIEND, CREATOR, "x");
        }
        client.take(id)
    };
    assert_eq!(play().frames.len(), 20);
    assert_eq!(play(), play());
}

proptest! {
    #[test]
    fn any_frame_is_answered_or_refused(frame: Vec<u8>, cut in 0_usize..90) {
        let mut client = Client::new("info");
        let id = client.subscribe(CREATOR);
        let mut right = step(3, "Subscribe");
        right.truncate(cut);
        client.send(id, &right);
        client.send(id, &frame);
        let reply = client.take(id);
        prop_assert!(reply.end.is_some() || !reply.frames.is_empty());
    }
}
