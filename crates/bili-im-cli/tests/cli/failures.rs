//! Failures of the service and the network, and their exit codes.

use std::net::TcpListener;

use bili_im_sim::faults::{Kind, PageBody, Rule, VoucherPlace, When};

use crate::support::{Stage, bare, finish, status};

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: Some("words\u{1b}[2J".to_owned()),
    }
}

#[test]
fn a_user_who_does_not_exist_is_told_as_such() {
    let stage = Stage::demo();
    let nobody = "there is no user 999";
    let lines = [
        ("send 999 hi", nobody),
        ("send-image 999 https://i0.hdslb.com/x.jpg", nobody),
        ("history 999", nobody),
    ];
    stage.fail(4, &lines);
    for (line, _) in lines {
        let error = stage.run(&format!("{line} --json")).error();
        assert_eq!(error["kind"], "NotFound", "{line}");
    }
    // Without an answer about the user, the refusal stays what it is.
    let stage = Stage::demo().with_fault("user/cards", code(-500));
    (stage.run("send 999 hi")).failed(4, "send_msg was refused with code -404");
    assert_eq!(stage.run("history 999").code, 0);
}

#[test]
fn without_a_login_it_says_how_to_give_one() {
    let ran = finish(&mut bare("unread"));
    ran.failed(3, "no cookie is given");
    for way in ["BILI_IM_COOKIE", "--cookie-file", "--cookie-stdin"] {
        assert!(ran.err.contains(way));
    }
    let error = finish(&mut bare("unread --json")).error();
    assert_eq!(error["kind"], "NoCredential");
}

#[test]
fn a_cookie_that_is_no_login_any_more_is_3() {
    let stage = Stage::demo();
    for args in [
        "whoami",
        "unread",
        "send 10002 hi",
        "send 10002 hi --dry-run",
    ] {
        let old = "SESSDATA=old; bili_jct=x; DedeUserID=10001";
        stage.run_as(old, args).failed(3, "not logged in");
    }
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn a_refusal_is_4_with_its_code_and_the_services_words() {
    let stage = Stage::demo();
    stage.done("send 10003 hi");
    let ran = stage.run("send 10003 hi");
    ran.failed(
        4,
        "send_msg was refused with code 21047: only one message may be sent",
    );
    assert!(ran.err.contains("对方主动回复或关注你前"), "{ran:?}");
    let error = stage.run("send 10003 hi --json").error();
    assert_eq!(error["kind"], "StrangerLimit");
    assert_eq!(error["code"], 21047);
    assert_eq!(error["endpoint"], "send_msg");
    assert!(error["advice"].is_string());
    assert!(error["retry_after_seconds"].is_null());
}

#[test]
fn each_failure_of_the_service_has_its_exit_code_and_says_what_came() {
    use VoucherPlace::{Body, Code, Header};

    let page = |number| status(number, PageBody::Html, None);
    let unknown = &[r"with code 98765 (the service's words: words\u{1b}[2J)"][..];
    let broken = &["single_unread was refused with HTTP status 502", "<html"];
    let trouble = &["code -500: trouble at the service"];
    let risk = &[
        "single_unread was refused",
        "risk control",
        "bili-im resume",
    ];
    let unreadable = "the answer to single_unread cannot be read";
    for (fault, exit, words, kind) in [
        (code(98765), 4, unknown, "Other"),
        (page(502), 4, broken, "Service"),
        (code(-500), 4, trouble, "Service"),
        (page(412), 5, risk, "RiskControl"),
        (status(412, PageBody::Json, None), 5, risk, "RiskControl"),
        (code(-412), 5, risk, "RiskControl"),
        (Kind::Voucher(Body), 5, risk, "RiskControl"),
        (Kind::Voucher(Code), 5, risk, "RiskControl"),
        (Kind::Voucher(Header), 5, risk, "RiskControl"),
        (
            Kind::Html,
            1,
            &[unreadable, "HTTP status 200", "<html"],
            "Unreadable",
        ),
        (
            Kind::Empty,
            1,
            &[unreadable, "HTTP status 200"],
            "Unreadable",
        ),
    ] {
        let stage = Stage::demo().with_fault("single_unread", fault);
        let ran = stage.run("unread");
        ran.failed(exit, words[0]);
        for word in words {
            assert!(ran.err.contains(word), "{word}: {ran:?}");
        }
        let error = stage.run("unread --json").error();
        assert_eq!(error["kind"], kind, "{error}");
        if kind != "RiskControl" {
            assert_eq!(error["endpoint"], "single_unread");
        }
    }
}

#[test]
fn too_fast_is_5_and_says_how_long_to_wait() {
    for kind in [
        code(-799),
        status(429, PageBody::Html, None),
        status(429, PageBody::Json, Some(90)),
    ] {
        let stage = Stage::demo().with_fault("single_unread", kind);
        // At bilibili's pace the first back-off is half a minute.
        stage.run("unread --paced").failed(5, "too fast");
        // The next process waits too, and makes no request.
        let error = stage.run("unread --json").error();
        assert_eq!(error["kind"], "RateLimited");
        assert!(error["retry_after_seconds"].as_u64().unwrap() > 0);
        assert_eq!(stage.asked("single_unread"), 1);
    }
}

#[test]
fn an_answer_that_breaks_off_is_6() {
    let stage = Stage::demo();
    let cut = Kind::CutShort { bytes: 10 };
    stage.fault(Rule::new("single_unread", When::Once, cut).after_effect());
    stage.fault(Rule::new("single_unread", When::Nth(2), Kind::BreakOff));
    for _ in 0..2 {
        let ran = stage.run("unread");
        ran.failed(6, "single_unread got no whole answer");
    }
    stage.done("unread");
}

#[test]
fn nobody_listening_is_6() {
    let stage = Stage::demo();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = stage.run(&format!("unread --json --endpoint http://{closed}"));
    assert_eq!(ran.code, 6);
    let error = ran.error();
    assert_eq!(error["kind"], "Network");
    assert!(error["message"].as_str().unwrap().contains("refused"));
}

#[test]
fn a_message_of_unknown_fate_is_7() {
    let stage = Stage::demo();
    stage.done("send 10002 first");
    stage.fault(Rule::new("send_msg", When::Always, Kind::BreakOff));
    let before = stage.asked("send_msg");
    let ran = stage.run("send 10002 hi");
    ran.failed(7, "may or may not have been sent");
    assert!(ran.err.contains("look at the conversation"), "{ran:?}");
    assert_eq!(stage.asked("send_msg"), before + 1, "it is not sent twice");
    let error = stage.run("send 10002 hi --json").error();
    assert_eq!(error["kind"], "Unconfirmed");
    assert_eq!(error["endpoint"], "send_msg");
}
