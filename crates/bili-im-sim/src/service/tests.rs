use http::{Method, Request};
use proptest::prelude::*;

use crate::{
    endpoints::{self, Found},
    ids::{Talker, Uid},
    reply::Reply,
    testing::{DAY, Sim},
    world::{Mode, World},
};

const UNREAD: &str = "/session_svr/v1/session_svr/single_unread";

#[test]
fn an_unknown_path_gets_a_web_page() {
    let answer = Sim::demo().get(10001, "/x/nothing");
    assert_eq!(answer.status(), 404);
    let content_type = answer.header("content-type").unwrap();
    assert!(content_type.starts_with("text/html"), "{content_type}");
}

#[test]
fn an_answer_to_a_wrong_method_names_the_right_one() {
    let mut sim = Sim::demo();
    let (get, post) = (sim.get(10001, "send_msg"), sim.post(10001, "nav", ""));
    for (answer, allowed) in [(get, "POST"), (post, "GET")] {
        assert_eq!(
            (answer.status(), answer.header("allow")),
            (405, Some(allowed))
        );
    }
}

#[test]
fn every_answer_tells_the_services_time() {
    let mut sim = Sim::demo();
    sim.service.advance_clock(DAY);
    for path in ["single_unread", "/x/nothing", "/_sim/state"] {
        let answer = sim.get(10001, path);
        let date = Some("Fri, 10 Oct 2025 08:53:20 GMT");
        assert_eq!(answer.header("date"), date, "{path}");
    }
}

#[test]
fn the_hosts_are_told_apart_by_path_alone() {
    let path = "https://api.vc.bilibili.com/session_svr/v1/session_svr/single_unread";
    assert_eq!(Sim::demo().code(10001, path), 0);
}

#[test]
fn the_same_world_requests_and_times_give_the_same_bytes() {
    let play = || {
        let mut sim = Sim::demo();
        let first = sim.get_with_cookie("", "spi").text().to_owned();
        let sent = sim.send(10001, 10002, "x").text().to_owned();
        (first, sent, sim.state())
    };
    assert_eq!(play(), play());
}

#[test]
fn the_state_shows_messages_with_keys_as_text_and_no_login_token() {
    let mut sim = Sim::demo();
    let data = sim.send(10001, 10002, "你好").data();
    let newest = sim.newest_message();
    assert_eq!(newest["msg_key"], data["msg_key"].to_string());
    assert_eq!(newest["from"], 10001);
    assert_eq!(newest["talker"]["user"], 10002);
    assert_eq!(newest["timestamp"], sim.now.as_secs());
    let state = sim.state();
    let session = &state["accounts"][1]["sessions"][0];
    assert_eq!(session["talker"]["user"], 10001);
    assert_eq!(session["unread"], 1);
    for secret in ["sim-10001", &sim.csrf(10001)] {
        assert!(!state.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn requests_are_counted_by_endpoint() {
    let mut sim = Sim::demo();
    sim.get(10001, UNREAD);
    sim.get_with_cookie("", UNREAD);
    sim.get(10001, "/a");
    sim.get(10001, "/b");
    let requests = sim.state()["requests"].clone();
    let counts = serde_json::json!({ "requests": 2, "refused": 1, "disturbed": 0 });
    assert_eq!(requests[UNREAD], counts);
    assert_eq!(requests["unknown"]["requests"], 2);
}

#[test]
fn a_login_token_may_be_percent_encoded() {
    let mut sim = Sim::from_json(r#"{"accounts":[{"uid":1,"sessdata":"a,b*c"}]}"#);
    assert!(sim.cookie(1).starts_with("SESSDATA=a%2Cb%2Ac;"));
    assert_eq!(sim.code(1, "single_unread"), 0);
}

#[test]
fn any_world_is_todays_until_the_classic_mode_is_asked_for_by_hand_or_in_its_file() {
    let in_file = r#"{"accounts":[{"uid":10001}],"options":{"mode":"classic"}}"#;
    for (world, is_classic) in [
        (World::seed(), false),
        (World::demo(), false),
        (World::seed().in_mode(Mode::Classic), true),
        (World::demo().in_mode(Mode::Classic), true),
        (World::from_json(in_file).unwrap(), true),
    ] {
        let uid = world.accounts[0].uid.0;
        let answer = Sim::new(world).get(uid, "single_unread");
        let has_classic_field = answer.data().get("_gt_").is_some();
        assert_eq!(has_classic_field, is_classic, "{}", answer.text());
    }
}

#[test]
fn the_page_of_endpoints_has_every_path_with_its_method() {
    let page = include_str!("../../../../docs/endpoints.md");
    for path in endpoints::paths() {
        let method = match endpoints::find(&Method::POST, path) {
            Found::Endpoint(_) => "POST",
            _ => "GET",
        };
        assert!(page.contains(&format!("{method} `{path}`")), "{path}");
    }
}

fn paths() -> impl Strategy<Value = String> {
    let control = [
        "/_sim/message",
        "/_sim/act",
        "/_sim/clock",
        "/_sim/faults",
        "/_sim/qr",
    ];
    let known = [endpoints::paths(), control.to_vec()].concat();
    prop_oneof![
        9 => prop::sample::select(known).prop_map(str::to_owned),
        1 => "/[a-z_/]{0,20}",
    ]
}

fn fields() -> impl Strategy<Value = String> {
    let names = "talker_id session_type size begin_seqno end_seqno begin_ts end_ts ack_seqno uids \
        sort_rule unread_type wts w_rid msg[content] msg[msg_type] csrf csrf_token op_type \
        status setting uid dnd_uid talker_uid msg_notify qrcode_key biliCSRF";
    let name = prop::sample::select(names.split(' ').collect::<Vec<_>>());
    let value = prop_oneof![
        Just("00000000000000000000000000010001".to_owned()),
        Just("10002".to_owned()),
        "[0-9]{0,21}",
        "[1-9]",
        "-?[0-9.,]{1,5}",
        "%[0-9A-F]{2}",
        "[a-z{}%+]{0,8}",
    ];
    prop::collection::vec((name, value), 0..6).prop_map(|pairs| {
        pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&")
    })
}

proptest! {
    #[test]
    fn every_request_gets_an_answer(
        is_post in any::<bool>(),
        path in paths(),
        query in fields(),
        cookie in "(SESSDATA=sim-10001; bili_jct=00000000000000000000000000010001; DedeUserID=10001|[ -~]{0,20})",
        content_type in "(application/x-www-form-urlencoded|multipart/form-data; boundary=b|[ -~]{0,20})",
        body in prop_oneof![fields().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..60)],
        now in any::<u64>(),
    ) {
        let mut sim = Sim::demo();
        sim.now = crate::time::UnixMicros(now);
        let request = Request::builder()
            .method(if is_post { "POST" } else { "GET" })
            .uri(format!("{path}?{query}"))
            .header("cookie", cookie)
            .header("content-type", content_type)
            .body(body);
        if let Ok(request) = request {
            let reply = sim.handle(request);
            let Reply::Answer(answer) = reply else { panic!("{reply:?}") };
            prop_assert!(answer.headers().contains_key("date"));
        }
    }

    #[test]
    fn a_sent_text_is_read_back_the_same(text in "\\PC{1,80}") {
        let mut sim = Sim::demo();
        let key = sim.send(10001, 10002, &text).data()["msg_key"].clone();
        let page = sim.data(10002, "fetch_session_msgs?talker_id=10001&session_type=1&size=1");
        prop_assert_eq!(&page["messages"][0]["msg_key"], &key);
        let content: serde_json::Value =
            serde_json::from_str(page["messages"][0]["content"].as_str().unwrap()).unwrap();
        prop_assert_eq!(content["content"].as_str(), Some(text.as_str()));
    }

    #[test]
    fn the_unread_count_is_the_number_of_messages_after_the_last_send(said in prop::collection::vec(any::<bool>(), 0..20)) {
        let mut sim = Sim::demo();
        sim.say(10001, 10002, "start");
        let mut unread = 0;
        for by_friend in said {
            if by_friend {
                sim.say(10002, 10001, "x");
                unread += 1;
            } else {
                sim.send(10001, 10002, "x").data();
                unread = 0;
            }
        }
        prop_assert_eq!(sim.unread(10001), unread);
        let view = sim.service.snapshot(sim.now);
        let session = view.accounts[0].sessions.iter().find(|it| it.talker == Talker::User(Uid(10002)));
        prop_assert_eq!(session.map(|it| it.unread as u64), Some(unread));
    }
}
