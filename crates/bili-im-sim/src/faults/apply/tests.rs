use super::{
    super::{Effect, Rule, When},
    *,
};
use crate::testing::{Got, Sim};

const FAULTS: &str = "/_sim/faults";

fn code(code: i32, message: Option<&str>) -> Kind {
    let message = message.map(str::to_owned);
    Kind::Code { code, message }
}

fn page(status: u16, body: PageBody, retry_after: Option<u64>) -> Kind {
    Kind::Http {
        status,
        body,
        retry_after,
    }
}

fn with_fault(kind: Kind, effect: Effect) -> Sim {
    let mut sim = Sim::demo();
    let rule = Rule {
        effect,
        ..Rule::new("send_msg", When::Once, kind)
    };
    sim.service.add_fault(rule).unwrap();
    sim
}

/// What a send gets, and whether it took effect.
fn send(sim: &mut Sim) -> (Reply, bool) {
    let before = sim.messages().len();
    let sending = sim.sending(10001, crate::Talker::user(10002), 1, r#"{"content":"x"}"#);
    let reply = sim.handle(sending.request());
    (reply, sim.messages().len() > before)
}

/// The answer to a send under a fault.
fn answer(kind: Kind) -> Got {
    let (reply, _) = send(&mut with_fault(kind, Effect::Before));
    Got(reply.answer().expect("an answer"))
}

#[test]
fn a_send_takes_effect_with_faults_after_it_only() {
    for kind in [
        code(-500, None),
        Kind::BreakOff,
        Kind::Stall,
        Kind::Html,
        Kind::Empty,
        page(502, PageBody::Html, None),
        Kind::Voucher(VoucherPlace::Body),
    ] {
        for (effect, expected) in [(Effect::Before, false), (Effect::After, true)] {
            let (reply, took_effect) = send(&mut with_fault(kind.clone(), effect));
            assert_eq!(took_effect, expected, "{kind:?}");
            assert_eq!(matches!(reply, Reply::BrokenOff), kind == Kind::BreakOff);
            assert_eq!(matches!(reply, Reply::Stalled), kind == Kind::Stall);
        }
    }
}

#[test]
fn an_answer_is_always_cut_before_its_end() {
    for (bytes, from_the_end) in [(10, None), (usize::MAX, Some(1))] {
        let (reply, took_effect) = send(&mut with_fault(Kind::CutShort { bytes }, Effect::After));
        let Reply::CutShort { answer, sent } = reply else {
            panic!("{reply:?}")
        };
        assert!(took_effect);
        let length = answer.body().len();
        assert_eq!(sent, from_the_end.map_or(bytes, |left| length - left));
        assert!(answer.headers().contains_key("date"));
    }
}

#[test]
fn codes_come_with_their_messages() {
    assert_eq!(
        answer(code(21046, Some("24小时内不能再发"))).text(),
        r#"{"code":21046,"message":"24小时内不能再发","ttl":1}"#
    );
}

#[test]
fn pages_have_their_status_and_retry_after() {
    let html = "<!DOCTYPE html>";
    for (kind, status, text, retry_after) in [
        (page(412, PageBody::Html, None), 412, html, None),
        (
            page(412, PageBody::Json, None),
            412,
            r#"{"code":-412,"#,
            None,
        ),
        (page(429, PageBody::Html, Some(30)), 429, html, Some("30")),
        (Kind::Html, 200, html, None),
    ] {
        let answer = answer(kind);
        assert_eq!(answer.status(), status);
        assert!(answer.text().starts_with(text), "{}", answer.text());
        assert_eq!(answer.header("retry-after"), retry_after);
    }
    let empty = answer(Kind::Empty);
    assert_eq!((empty.status(), empty.text()), (200, ""));
}

#[test]
fn a_voucher_is_in_the_body_with_the_code_or_in_the_header_alone() {
    for (place, code, in_body, in_header) in [
        (VoucherPlace::Body, 0, true, false),
        (VoucherPlace::Code, -352, true, false),
        (VoucherPlace::Header, 0, false, true),
    ] {
        let answer = answer(Kind::Voucher(place));
        assert_eq!(answer.code(), code);
        assert_eq!(answer.json()["data"]["v_voucher"].is_string(), in_body);
        assert_eq!(answer.header("x-bili-gaia-vvoucher").is_some(), in_header);
    }
}

#[test]
fn rotated_keys_or_another_clock_make_the_same_request_stale() {
    for (kind, date) in [
        (Kind::RotateKeys, "Thu, 09 Oct 2025 08:53:20 GMT"),
        (
            Kind::Skew { seconds: 3600 },
            "Thu, 09 Oct 2025 09:53:20 GMT",
        ),
    ] {
        let mut sim = with_fault(kind, Effect::Before);
        let (reply, took_effect) = send(&mut sim);
        let answer = Got(reply.answer().expect("an answer"));
        assert!(answer.data()["v_voucher"].is_string());
        assert_eq!(answer.header("date"), Some(date));
        assert!(!took_effect);
        assert!(send(&mut sim).1, "signed with what the service shows now");
    }
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
        let rule = Rule::new("single_unread", when, code(-1, None));
        sim.service.add_fault(rule).unwrap();
        let seen = expected.map(|_| sim.code(10001, "single_unread") == -1);
        assert_eq!(seen, expected, "{when:?}");
        assert_eq!(sim.code(10001, "nav"), 0);
    }
}

#[test]
fn the_fault_that_was_set_first_wins() {
    let mut sim = Sim::demo();
    for kind in [code(-1, None), code(-2, None)] {
        let rule = Rule::new("any", When::Once, kind);
        sim.service.add_fault(rule).unwrap();
    }
    assert_eq!(sim.code(10001, "single_unread"), -1);
    assert_eq!(sim.code(10001, "single_unread"), 0);
    for state in sim.service.faults() {
        assert_eq!((state.seen, state.fired), (2, 1));
    }
}

#[test]
fn faults_are_set_shown_and_cleared_over_http() {
    let mut sim = Sim::demo();
    let set = r#"[{"what":"single_unread","when":"always","kind":"empty"},
                  {"what":"nav","when":{"chance":0.5},"effect":"after","kind":"break_off"}]"#;
    sim.control_ok(FAULTS, set);
    assert_eq!(sim.get(10001, "single_unread").text(), "");
    let shown = sim.control("GET", FAULTS, "").json();
    assert_eq!(shown["faults"][0]["fired"], 1);
    assert_eq!(shown["faults"][1]["what"], "nav");
    let left = sim.control("DELETE", FAULTS, "").json();
    assert_eq!(left["faults"], serde_json::json!([]));
    assert_eq!(sim.code(10001, "single_unread"), 0);
}

#[test]
fn all_faults_are_set_or_none() {
    let mut sim = Sim::demo();
    let set = r#"[{"what":"any","when":"always","kind":"empty"},
                  {"what":"any","when":{"nth":0},"kind":"empty"}]"#;
    let error = sim.control_error(FAULTS, set);
    assert_eq!(error, "faults[1].when: requests are counted from 1");
    assert!(sim.service.faults().is_empty());
}

#[test]
fn a_world_comes_with_its_faults() {
    let mut sim = Sim::from_json(
        r#"{"accounts":[{"uid":1}],"faults":[{"what":"nav","when":"once","kind":{"code":{"code":-503}}}]}"#,
    );
    assert_eq!((sim.code(1, "nav"), sim.code(1, "nav")), (-503, 0));
}
