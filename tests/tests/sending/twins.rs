//! Sends of the same text to the same talker, and sends that are cancelled.

use std::time::Duration;

use bili_im_proto::{Confirmation, Error, MsgKey};
use bili_im_sim::{
    Message,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{Running, Turn, local_account};

use crate::{
    simulated::{
        FANS, FRIEND, OWN, login, lose_request, posts, stage, text, until_send, warm_stage, written,
    },
    tickets::dies_while_sending,
};

#[test]
fn of_two_identical_sends_at_once_the_lost_one_is_found() {
    for nth in [1, 2] {
        let (mut stage, account) = warm_stage();
        let rule = Rule::new("send_msg", When::Nth(nth), Kind::BreakOff).after_effect();
        stage.fault(rule);
        let flows = [0; 2].map(|_| account.send(FRIEND, text("hi")));
        let mut keys: Vec<MsgKey> = (stage.run_all(flows).into_iter())
            .map(|sent| sent.unwrap().msg_key)
            .collect();
        keys.sort();
        let mut there = written(&stage, "hi");
        there.sort();
        assert_eq!(keys, there);
        assert_eq!((there.len(), posts(&stage)), (2, 2));
    }
}

#[test]
fn of_two_identical_sends_at_once_the_lost_request_is_unconfirmed() {
    for nth in [1, 2] {
        let (mut stage, account) = warm_stage();
        let rule = Rule::new("send_msg", When::Nth(nth), Kind::BreakOff);
        stage.fault(rule);
        let flows = [0; 2].map(|_| account.send(FRIEND, text("hi")));
        let results = stage.run_all(flows);
        let there = written(&stage, "hi");
        assert_eq!((there.len(), posts(&stage)), (1, 2));
        let keys: Vec<_> = results.iter().flatten().map(|sent| sent.msg_key).collect();
        assert_eq!(keys, there);
        let lost: Vec<_> = results
            .iter()
            .flat_map(|result| result.as_ref().err())
            .collect();
        assert!(matches!(lost[..], [Error::Unconfirmed(_)]), "{lost:?}");
    }
}

#[test]
fn of_two_identical_sends_at_once_the_second_waits_for_the_first() {
    let (mut stage, account) = warm_stage();
    let mut first = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let mut second = Running::new(account.send(FRIEND, text("hi")));
    for _ in 0..20 {
        stage.turn(&mut second);
        assert!(matches!(second.turn, Turn::Waits(_)), "{second:?}");
    }
    stage.finish(&mut first).unwrap();
    stage.finish(&mut second).unwrap();
    assert_eq!(written(&stage, "hi").len(), 2);
}

#[test]
fn different_sends_at_once_do_not_wait_for_each_other() {
    let (mut stage, account) = warm_stage();
    let flows = [
        account.send(FRIEND, text("hi")),
        account.send(FRIEND, text("ho")),
        account.send(FANS, text("hi")),
    ];
    let results = stage.run_all(flows);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(posts(&stage), 3);
}

#[test]
fn a_later_identical_send_is_not_confused_with_a_cancelled_one() {
    for (arrives, lost, after) in [
        (true, false, false),
        (true, true, true),
        (true, true, false),
        (false, false, false),
        (false, true, true),
        (false, true, false),
    ] {
        let (mut stage, account) = warm_stage();
        let mut cancelled = until_send(&mut stage, account.send(FRIEND, text("hi")));
        let outgoing = cancelled.take_outgoing().unwrap();
        if arrives {
            stage.deliver(outgoing);
        }
        drop(cancelled);
        let before = written(&stage, "hi");
        assert_eq!(before.len(), usize::from(arrives));
        if lost {
            let rule = Rule::new("send_msg", When::Once, Kind::BreakOff);
            stage.fault(if after { rule.after_effect() } else { rule });
        }
        let result = stage.run(account.send(FRIEND, text("hi")));
        let own: Vec<MsgKey> = (written(&stage, "hi").into_iter())
            .filter(|key| !before.contains(key))
            .collect();
        match result {
            Ok(sent) => assert_eq!(own, [sent.msg_key]),
            Err(error) => {
                assert!(lost && matches!(error, Error::Unconfirmed(_)), "{error}");
            }
        }
        assert_eq!(posts(&stage), 1);
    }
}

#[test]
fn a_cancelled_send_that_arrives_late_confirms_no_other() {
    let (mut stage, account) = warm_stage();
    let mut cancelled = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let late = cancelled.take_outgoing().unwrap();
    drop(cancelled);
    lose_request(&mut stage);
    let mut second = until_send(&mut stage, account.send(FRIEND, text("hi")));
    stage.turn(&mut second);
    stage.deliver(late);
    let result = stage.finish(&mut second);
    assert_eq!(written(&stage, "hi").len(), 1);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
}

#[test]
fn a_send_cancelled_before_its_request_left_delays_no_other() {
    let mut stage = stage();
    let account = local_account(login(), 1).build();
    let mut cancelled = Running::new(account.send(FRIEND, text("hi")));
    stage.turn(&mut cancelled);
    assert_eq!(cancelled.turn, Turn::Sends);
    drop(cancelled);
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
}

#[test]
fn a_text_typed_when_a_lost_request_can_no_longer_arrive_is_not_its_message() {
    for (minutes, is_taken) in [(0, true), (30, false), (60 * 24, false)] {
        let mut stage = stage();
        let (ticket, _lost, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
        stage.time.advance(Duration::from_secs(minutes * 60));
        let (typed, _) = stage.write(Message::text(
            OWN,
            bili_im_sim::Talker::user(FRIEND.0),
            "hi",
        ));
        stage.time.advance(Duration::from_secs(3600));
        let found = stage.run(restarted.confirm(ticket)).unwrap();
        let wanted = match is_taken {
            true => Confirmation::Sent(MsgKey(typed.0)),
            false => Confirmation::CannotTell,
        };
        assert_eq!(found, wanted, "{minutes} minutes later");
    }
}
