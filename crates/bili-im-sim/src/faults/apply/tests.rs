use super::{
    super::{Effect, Rule, When},
    *,
};
use crate::{
    ids::{Talker, Uid},
    testing::{Answer, Sim, world},
};

const UNREAD: &str = "/session_svr/v1/session_svr/single_unread";

fn with_fault(kind: Kind, effect: Effect) -> Sim {
    let mut sim = Sim::demo();
    let mut rule = Rule::new("send_msg", When::Once, kind);
    rule.effect = effect;
    sim.service.add_fault(rule).unwrap();
    sim
}

/// What a send gets, and whether it took effect.
fn send(sim: &mut Sim) -> (Reply, bool) {
    let before = sim.service.snapshot(sim.now).messages.len();
    let sending = sim.sending(10001, Talker::User(Uid(10002)), 1, r#"{"content":"x"}"#);
    let reply = sim.handle(sending.request());
    (reply, sim.service.snapshot(sim.now).messages.len() > before)
}

fn answer(reply: Reply) -> Answer {
    Answer(reply.answer().expect("an answer"))
}

#[test]
fn a_send_takes_effect_with_faults_after_it_only() {
    let kinds = [
        Kind::Code {
            code: -500,
            message: None,
        },
        Kind::BreakOff,
        Kind::Stall,
        Kind::Html,
        Kind::Empty,
        Kind::Http {
            status: 502,
            body: PageBody::Html,
            retry_after: None,
        },
        Kind::Voucher(VoucherPlace::Body),
    ];
    for kind in kinds {
        for (effect, expected) in [(Effect::Before, false), (Effect::After, true)] {
            let (_, took_effect) = send(&mut with_fault(kind.clone(), effect));
            assert_eq!(took_effect, expected, "{kind:?}");
        }
    }
}

#[test]
fn connections_break_off_and_stall() {
    assert!(matches!(
        send(&mut with_fault(Kind::BreakOff, Effect::After)),
        (Reply::BrokenOff, true)
    ));
    assert!(matches!(
        send(&mut with_fault(Kind::Stall, Effect::Before)),
        (Reply::Stalled, false)
    ));
}

#[test]
fn an_answer_is_always_cut_before_its_end() {
    for (bytes, expected) in [(10, 10), (usize::MAX, 0)] {
        let (reply, took_effect) = send(&mut with_fault(Kind::CutShort { bytes }, Effect::After));
        let Reply::CutShort { answer, sent } = reply else {
            panic!("{reply:?}")
        };
        assert!(took_effect);
        assert_eq!(
            sent,
            if expected == 0 {
                answer.body().len() - 1
            } else {
                expected
            }
        );
        assert!(answer.headers().contains_key("date"));
    }
}

#[test]
fn codes_come_with_their_messages() {
    let kind = Kind::Code {
        code: 21046,
        message: Some("24小时内不能再发".to_owned()),
    };
    let (reply, _) = send(&mut with_fault(kind, Effect::Before));
    assert_eq!(
        answer(reply).text(),
        r#"{"code":21046,"message":"24小时内不能再发","ttl":1}"#
    );
}

#[test]
fn pages_have_their_status_and_retry_after() {
    let html = Kind::Http {
        status: 412,
        body: PageBody::Html,
        retry_after: None,
    };
    let html = answer(send(&mut with_fault(html, Effect::Before)).0);
    assert_eq!(
        (html.status(), html.text().starts_with("<!DOCTYPE html>")),
        (412, true)
    );
    let json = Kind::Http {
        status: 412,
        body: PageBody::Json,
        retry_after: None,
    };
    let json = answer(send(&mut with_fault(json, Effect::Before)).0);
    assert_eq!(
        (json.status(), json.json()["code"].as_i64()),
        (412, Some(-412))
    );
    let limit = Kind::Http {
        status: 429,
        body: PageBody::Html,
        retry_after: Some(30),
    };
    let limit = answer(send(&mut with_fault(limit, Effect::Before)).0);
    assert_eq!(
        (limit.status(), limit.header("retry-after")),
        (429, Some("30"))
    );
    let ok = answer(send(&mut with_fault(Kind::Html, Effect::Before)).0);
    assert_eq!(
        (ok.status(), ok.text().starts_with("<!DOCTYPE html>")),
        (200, true)
    );
    assert_eq!(
        answer(send(&mut with_fault(Kind::Empty, Effect::Before)).0).text(),
        ""
    );
}

#[test]
fn a_voucher_is_in_the_body_with_the_code_or_in_the_header_alone() {
    for (place, code, in_body, in_header) in [
        (VoucherPlace::Body, 0, true, false),
        (VoucherPlace::Code, -352, true, false),
        (VoucherPlace::Header, 0, false, true),
    ] {
        let answer = answer(send(&mut with_fault(Kind::Voucher(place), Effect::Before)).0);
        assert_eq!(answer.code(), code);
        assert_eq!(answer.json()["data"]["v_voucher"].is_string(), in_body);
        assert_eq!(answer.header("x-bili-gaia-vvoucher").is_some(), in_header);
    }
}

#[test]
fn rotating_the_keys_makes_the_same_request_stale() {
    let (reply, took_effect) = send(&mut with_fault(Kind::RotateKeys, Effect::Before));
    assert!(answer(reply).data()["v_voucher"].is_string());
    assert!(!took_effect);
}

#[test]
fn a_skewed_clock_shows_in_the_date_and_checks_signatures_by_it() {
    let mut sim = with_fault(Kind::Skew { seconds: 3600 }, Effect::Before);
    let (reply, took_effect) = send(&mut sim);
    let answer = answer(reply);
    assert_eq!(answer.header("date"), Some("Thu, 09 Oct 2025 09:53:20 GMT"));
    assert!(!took_effect);
    assert!(
        send(&mut sim).1,
        "signed for the clock that the service shows"
    );
}

#[test]
fn faults_fire_as_often_as_their_rule_says() {
    for (when, expected) in [
        (When::Once, [true, false, false, false]),
        (When::Always, [true; 4]),
        (When::Nth(3), [false, false, true, false]),
        (When::First(2), [true, true, false, false]),
        (When::Chance(0.0), [false; 4]),
        (When::Chance(1.0), [true; 4]),
    ] {
        let mut sim = Sim::demo();
        sim.service
            .add_fault(Rule::new("single_unread", when, Kind::Stall))
            .unwrap();
        let seen = expected.map(|_| {
            let request = http::Request::get(UNREAD).body(Vec::new()).unwrap();
            matches!(sim.handle(request), Reply::Stalled)
        });
        assert_eq!(seen, expected, "{when:?}");
        assert_eq!(sim.get(10001, "/x/web-interface/nav").code(), 0);
    }
}

#[test]
fn the_fault_that_was_set_first_wins() {
    let mut sim = Sim::demo();
    for code in [-1, -2] {
        let kind = Kind::Code {
            code,
            message: None,
        };
        sim.service
            .add_fault(Rule::new("any", When::Once, kind))
            .unwrap();
    }
    assert_eq!(sim.get(10001, UNREAD).code(), -1);
    assert_eq!(sim.get(10001, UNREAD).code(), 0);
    assert!(
        sim.service
            .faults()
            .iter()
            .all(|state| (state.seen, state.fired) == (2, 1))
    );
}

#[test]
fn faults_are_set_shown_and_cleared_over_http() {
    let mut sim = Sim::demo();
    let set = r#"[{"what":"single_unread","when":"always","kind":"empty"},
                  {"what":"nav","when":{"chance":0.5},"effect":"after","kind":"break_off"}]"#;
    assert_eq!(sim.control("POST", "/_sim/faults", set).status(), 200);
    assert_eq!(sim.get(10001, UNREAD).text(), "");
    let shown = sim.control("GET", "/_sim/faults", "").json();
    assert_eq!(shown["faults"][0]["fired"], 1);
    assert_eq!(shown["faults"][1]["what"], "nav");
    assert_eq!(
        sim.control("DELETE", "/_sim/faults", "").json()["faults"],
        serde_json::json!([])
    );
    assert_eq!(sim.get(10001, UNREAD).code(), 0);
}

#[test]
fn all_faults_are_set_or_none() {
    let mut sim = Sim::demo();
    let set = r#"[{"what":"any","when":"always","kind":"empty"},{"what":"any","when":{"nth":0},"kind":"empty"}]"#;
    let answer = sim.control("POST", "/_sim/faults", set);
    assert_eq!(answer.status(), 400);
    assert_eq!(
        answer.json()["error"],
        "faults[1].when: requests are counted from 1"
    );
    let misspelt = sim.control(
        "POST",
        "/_sim/faults",
        r#"{"what":"any","when":"always","kind":"empt"}"#,
    );
    assert!(
        misspelt.json()["error"]
            .as_str()
            .unwrap()
            .contains("unknown variant `empt`")
    );
    assert!(sim.service.faults().is_empty());
}

#[test]
fn a_world_comes_with_its_faults() {
    let mut sim = Sim::new(world(
        r#"{"accounts":[{"uid":1}],"faults":[{"what":"nav","when":"once","kind":{"code":{"code":-503}}}]}"#,
    ));
    assert_eq!(sim.get(1, "/x/web-interface/nav").code(), -503);
    assert_eq!(sim.get(1, "/x/web-interface/nav").code(), 0);
}
