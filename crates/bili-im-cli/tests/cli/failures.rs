//! Failures of the service and the network, and their exit codes.

use std::net::TcpListener;

use bili_im_sim::{
    Accepts, World,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};

use crate::support::{FRIEND, STRANGER, Stage, bare, finish};

fn status(status: u16, body: PageBody) -> Kind {
    Kind::Http {
        status,
        body,
        retry_after: None,
    }
}

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: Some("words\u{1b}[2J".to_owned()),
    }
}

#[test]
fn without_a_login_it_says_how_to_give_one() {
    let ran = finish(&mut bare(&["unread"]));
    ran.failed(3, "no cookie is given");
    for way in ["BILI_IM_COOKIE", "--cookie-file", "--cookie-stdin"] {
        assert!(ran.err.contains(way));
    }
    assert_eq!(
        finish(&mut bare(&["unread", "--json"])).error()["kind"],
        "NoCredential"
    );
}

#[test]
fn a_cookie_that_is_no_login_any_more_is_3() {
    let stage = Stage::demo();
    for args in [&["whoami"][..], &["unread"], &["send", FRIEND, "hi"]] {
        let mut command = stage.command(args);
        let old = "SESSDATA=old; bili_jct=x; DedeUserID=10001";
        finish(command.env("BILI_IM_COOKIE", old)).failed(3, "not logged in");
    }
    assert_eq!(stage.asked("send_msg"), 0);
}

#[test]
fn a_refusal_is_4_with_its_code_and_the_services_words() {
    let stage = Stage::demo();
    assert_eq!(stage.run(&["send", STRANGER, "hi"]).code, 0);
    let ran = stage.run(&["send", STRANGER, "hi"]);
    ran.failed(
        4,
        "send_msg was refused with code 21047: only one message may be sent",
    );
    assert!(ran.err.contains("对方主动回复或关注你前"), "{ran:?}");
    let error = stage.run(&["send", STRANGER, "hi", "--json"]).error();
    assert_eq!(error["kind"], "StrangerLimit");
    assert_eq!(error["code"], 21047);
    assert_eq!(error["endpoint"], "send_msg");
    assert!(error["advice"].is_string());
    assert!(error["retry_after_seconds"].is_null());
}

#[test]
fn what_the_receiver_does_not_want_is_4() {
    let mut world = World::demo();
    world.accounts[1].accepts = Accepts::Nobody;
    Stage::of(world)
        .run(&["send", FRIEND, "hi"])
        .failed(4, "25003");
}

#[test]
fn an_unknown_code_is_4_and_its_words_are_made_harmless() {
    let stage = Stage::demo().with_fault("single_unread", code(98765));
    let ran = stage.run(&["unread"]);
    ran.failed(4, r"with code 98765 (the service's words: words\u{1b}[2J)");
    assert_eq!(stage.run(&["unread", "--json"]).error()["kind"], "Other");
}

#[test]
fn trouble_at_the_service_is_4_with_status_and_the_start_of_the_page() {
    let stage = Stage::demo().with_fault("single_unread", status(502, PageBody::Html));
    let ran = stage.run(&["unread"]);
    ran.failed(4, "single_unread was refused with HTTP status 502");
    assert!(ran.err.contains("<html"), "{ran:?}");
    let stage = Stage::demo().with_fault("single_unread", code(-500));
    stage
        .run(&["unread"])
        .failed(4, "code -500: trouble at the service");
}

#[test]
fn too_fast_is_5_and_says_how_long_to_wait() {
    for kind in [
        code(-799),
        status(429, PageBody::Html),
        Kind::Http {
            status: 429,
            body: PageBody::Json,
            retry_after: Some(90),
        },
    ] {
        let stage = Stage::demo().with_fault("single_unread", kind);
        // At bilibili's pace the first back-off is half a minute.
        stage.run(&["unread", "--paced"]).failed(5, "too fast");
        // The next process waits too, and makes no request.
        let error = stage.run(&["unread", "--json"]).error();
        assert_eq!(error["kind"], "RateLimited");
        assert!(error["retry_after_seconds"].as_u64().unwrap() > 0);
        assert_eq!(stage.asked("single_unread"), 1);
    }
}

#[test]
fn risk_control_is_5_in_each_of_its_shapes() {
    for kind in [
        status(412, PageBody::Html),
        status(412, PageBody::Json),
        code(-412),
        Kind::Voucher(VoucherPlace::Body),
        Kind::Voucher(VoucherPlace::Code),
        Kind::Voucher(VoucherPlace::Header),
    ] {
        let stage = Stage::demo().with_fault("single_unread", kind);
        let ran = stage.run(&["unread"]);
        ran.failed(5, "single_unread was refused");
        assert!(ran.err.contains("risk control"), "{ran:?}");
        assert!(ran.err.contains("bili-im resume"), "{ran:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_read_is_1_with_its_beginning() {
    for (kind, beginning) in [(Kind::Html, "<html"), (Kind::Empty, "")] {
        let stage = Stage::demo().with_fault("single_unread", kind);
        let ran = stage.run(&["unread"]);
        ran.failed(1, "the answer to single_unread cannot be read");
        assert!(ran.err.contains("HTTP status 200"), "{ran:?}");
        assert!(ran.err.contains(beginning), "{ran:?}");
        let error = stage.run(&["unread", "--json"]).error();
        assert_eq!(error["kind"], "Unreadable");
        assert_eq!(error["endpoint"], "single_unread");
    }
}

#[test]
fn an_answer_that_breaks_off_is_6() {
    let stage = Stage::demo();
    let cut = Kind::CutShort { bytes: 10 };
    stage.fault(Rule::new("single_unread", When::Once, cut).after_effect());
    stage.fault(Rule::new("single_unread", When::Nth(2), Kind::BreakOff));
    for _ in 0..2 {
        stage
            .run(&["unread"])
            .failed(6, "single_unread got no whole answer");
    }
    assert_eq!(stage.run(&["unread"]).code, 0);
}

#[test]
fn nobody_listening_is_6_and_a_message_was_certainly_not_sent() {
    let stage = Stage::demo();
    assert_eq!(stage.run(&["send", FRIEND, "hi"]).code, 0);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{closed}");
    let ran = stage.run(&["unread", "--json", "--endpoint", &endpoint]);
    assert_eq!(ran.code, 6);
    let error = ran.error();
    assert_eq!(error["kind"], "Network");
    assert!(error["message"].as_str().unwrap().contains("refused"));
}

#[test]
fn a_message_of_unknown_fate_is_7() {
    let stage = Stage::demo();
    assert_eq!(stage.run(&["send", FRIEND, "first"]).code, 0);
    stage.fault(Rule::new("send_msg", When::Always, Kind::BreakOff));
    let before = stage.asked("send_msg");
    let ran = stage.run(&["send", FRIEND, "hi"]);
    ran.failed(7, "may or may not have been sent");
    assert!(ran.err.contains("look at the conversation"), "{ran:?}");
    assert_eq!(stage.asked("send_msg"), before + 1, "it is not sent twice");
    let error = stage.run(&["send", FRIEND, "hi", "--json"]).error();
    assert_eq!(error["kind"], "Unconfirmed");
    assert_eq!(error["endpoint"], "send_msg");
}
