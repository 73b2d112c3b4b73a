//! Sends whose outcome is unknown: the conversation is read back.

use std::time::Duration;

use bili_im_proto::{Confirmation, Error, Input};
use bili_im_sim::{
    Message,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{answers, local_account};

use crate::simulated::{
    FANS, FRIEND, OWN, code, http, login, lose_answer, lose_request, posts, stage, stage_with,
    text, until_send, warm, warm_stage, written,
};

#[test]
fn a_rewritten_emoticon_does_not_hide_the_message() {
    let mut stage = stage_with(|options| {
        (options.renamed_emoticons).insert("[doge]".to_owned(), "[tv_doge]".to_owned());
    });
    let account = warm(&mut stage);
    lose_answer(&mut stage);
    let sent = stage.run(account.send(FRIEND, text("hi[doge]"))).unwrap();
    assert_eq!(written(&stage, "hi[tv_doge]"), [sent.msg_key]);
}

#[test]
fn an_older_message_of_the_same_text_confirms_nothing() {
    let (mut stage, account) = warm_stage();
    let first = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    lose_request(&mut stage);
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
    // The same in another process, which does not know of the first message.
    let stranger = local_account(login(), 2).build();
    lose_request(&mut stage);
    let error = stage.run(stranger.send(FRIEND, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
    assert_eq!(written(&stage, "hi"), [first.msg_key]);
}

#[test]
fn an_older_message_confirms_nothing_when_its_session_could_not_be_read() {
    let (mut stage, account) = warm_stage();
    stage.run(account.send(FANS, text("hi"))).unwrap();
    stage.time.advance(Duration::from_secs(2));
    let other = local_account(login(), 2).build();
    stage.run(other.profile()).unwrap();
    let rule = Rule::new("fetch_session_msgs", When::Once, code(-404));
    stage.fault(rule);
    lose_request(&mut stage);
    let error = stage.run(other.send(FANS, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
}

#[test]
fn an_older_message_confirms_nothing_when_its_session_seemed_empty() {
    let mut stage = stage();
    let from_phone = Message::text(OWN, bili_im_sim::Talker::user(FRIEND.0), "hi");
    stage.write(from_phone);
    stage.time.advance(Duration::from_secs(3600));
    let account = local_account(login(), 1).build();
    let mut pages = 0;
    let result = stage.run_with(account.send(FRIEND, text("hi")), |endpoint| {
        let body = match endpoint {
            "fetch_session_msgs" if pages == 0 => r#"{"code":0,"data":{"messages":null}}"#,
            "send_msg" => "<html>",
            _ => return None,
        };
        pages += 1;
        Some(Input::Response(answers::answer(200, body)))
    });
    assert!(matches!(result, Err(Error::Unconfirmed(_))), "{result:?}");
}

#[test]
fn confirming_a_ticket_does_not_make_older_messages_look_new() {
    let (mut stage, account) = warm_stage();
    // Written on the phone long before.
    let friend = bili_im_sim::Talker::user(FRIEND.0);
    let old = Message::text(OWN, friend, "ok");
    stage.write(old);
    stage.time.advance(Duration::from_secs(60));
    let ticket = stage.run(account.prepare_send(FRIEND, text("ok"))).unwrap();
    assert_eq!(
        stage.run(account.confirm(ticket.clone())).unwrap(),
        Confirmation::Absent(Box::new(ticket))
    );
    lose_request(&mut stage);
    let lost = stage.run(account.send(FRIEND, text("ok")));
    assert!(matches!(lost, Err(Error::Unconfirmed(_))), "{lost:?}");
}

#[test]
fn an_answer_with_key_0_confirms_nothing() {
    for arrived in [true, false] {
        let (mut stage, account) = warm_stage();
        let mut sending = until_send(&mut stage, account.send(FRIEND, text("hi")));
        if arrived {
            stage.deliver(sending.take_outgoing().unwrap());
        }
        let answer = r#"{"code":0,"data":{"msg_key":0}}"#;
        sending.bring(Input::Response(answers::answer(200, answer)));
        let result = stage.finish(&mut sending);
        match (result, &written(&stage, "hi")[..]) {
            (Ok(sent), [key]) => assert_eq!((sent.msg_key, sent.read_back), (*key, true)),
            (Err(Error::Unconfirmed(_)), []) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_read_on_the_way_to_a_send_is_tried_three_times() {
    for name in ["nav", "fetch_session_msgs"] {
        for end in [Kind::BreakOff, Kind::Stall, http(502), code(-500)] {
            for failures in [2, 3] {
                let mut stage = stage();
                let account = local_account(login(), 1).build();
                let rule = Rule::new(name, When::First(failures), end.clone());
                stage.fault(rule);
                let sent = stage.run(account.send(FRIEND, text("hi")));
                match sent {
                    Ok(_) => assert_eq!((failures, posts(&stage)), (2, 1), "{name} {end:?}"),
                    Err(Error::NotSent(not_sent)) => {
                        assert_eq!((failures, posts(&stage)), (3, 0), "{name} {end:?}");
                        let told = not_sent.to_string();
                        assert!(
                            told.starts_with("the message to user 10002 was not sent: "),
                            "{told}"
                        );
                    }
                    Err(error) => panic!("{name} {end:?}: {error}"),
                }
                assert_eq!(stage.time.count(name), 3, "{name} {end:?}");
            }
        }
    }
}

#[test]
fn a_page_of_html_on_the_way_to_a_send_is_not_asked_for_again() {
    for name in ["nav", "fetch_session_msgs"] {
        let mut stage = stage();
        let account = local_account(login(), 1).build();
        stage.fault(Rule::new(name, When::Always, Kind::Html));
        let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error:?}");
        assert!(error.advice().unwrap().contains("repeating makes it worse"));
        assert_eq!((stage.time.count(name), posts(&stage)), (1, 0), "{name}");
    }
}
