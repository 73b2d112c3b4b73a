//! Answers to messages: nothing stops the program that gives them, and none is sent twice.

use std::time::Duration;

use bili_im_proto::{
    Account, AnswerStep, Answered, Error, Event, EventKind, Failure, Input, Invalid, Outgoing,
    Pacing, RefusalKind, SendTicket, Sent, WatchOptions,
};
use bili_im_sim::{
    Message, Talker,
    faults::{Kind, Rule, When},
};
use bili_im_tests::{Running, Stage, local_account};

use crate::simulated::{
    FRIEND, OWN, code, login, lose_answer, lose_request, posts, restart, stage, text, warm,
    warm_stage, written,
};

type Answering = Running<Answered, AnswerStep>;

/// The event of a message that the friend writes.
fn asked(stage: &mut Stage) -> Event {
    let watcher = local_account(login(), 9).build();
    let cursor = stage.run(watcher.cursor_now()).unwrap();
    let message = Message::text(FRIEND.0, Talker::user(OWN), "are you there?");
    stage.write(message);
    let mut watching = Running::new(watcher.watch(cursor, WatchOptions::default()));
    stage.turn_until(&mut watching, |watching| !watching.items.is_empty());
    let event = watching.items.remove(0);
    stage.time.seen.clear();
    event
}

fn answering(account: &Account, event: &Event) -> Answering {
    Running::new(account.answer(event, text("yes")).unwrap())
}

/// The tickets that were handed out to be stored, oldest first.
fn stored(answering: &Answering) -> Vec<&SendTicket> {
    let tickets = answering.items.iter().filter_map(|step| match step {
        AnswerStep::Store(ticket) => Some(&**ticket),
        _ => None,
    });
    tickets.collect()
}

/// Why the answer waited, each time.
fn waits(answering: &Answering) -> Vec<&Error> {
    let causes = answering.items.iter().filter_map(|step| match step {
        AnswerStep::Waits { cause, .. } => Some(cause),
        _ => None,
    });
    causes.collect()
}

/// The key of a sent answer.
#[track_caller]
fn sent(answered: Result<Answered, Error>) -> bili_im_proto::MsgKey {
    match answered {
        Ok(Answered::Sent { msg_key, .. }) => msg_key,
        other => panic!("{other:?}"),
    }
}

/// An answer whose program dies once it is as wanted: the last stored ticket, the request that was
/// out, and the account in the next process.
fn dies_when(
    stage: &mut Stage,
    is_wanted: impl Fn(&Answering) -> bool,
) -> (SendTicket, Option<Outgoing>, Account) {
    let account = warm(stage);
    let event = asked(stage);
    let mut dying = answering(&account, &event);
    stage.turn_until(&mut dying, is_wanted);
    let ticket = serde_json::to_string(stored(&dying).last().unwrap()).unwrap();
    let restarted = restart(stage, &account, 2);
    let outgoing = dying.take_outgoing();
    (serde_json::from_str(&ticket).unwrap(), outgoing, restarted)
}

#[test]
fn an_answer_is_stored_before_its_request_may_leave() {
    let (mut stage, account) = warm_stage();
    let event = asked(&mut stage);
    let mut answering = answering(&account, &event);
    stage.turn_until(&mut answering, |answering| {
        answering.asks() == Some("send_msg")
    });
    let begun: Vec<bool> = (stored(&answering).iter())
        .map(|one| one.has_begun())
        .collect();
    assert_eq!((posts(&stage), &begun[..]), (0, &[false, true][..]));
    let key = sent(stage.finish(&mut answering));
    assert_eq!(written(&stage, "yes"), [key]);
}

#[test]
fn a_refusal_for_good_ends_the_answer_and_not_the_program() {
    for (number, kind) in [
        (25003, RefusalKind::RefusedByReceiver),
        (21047, RefusalKind::StrangerLimit),
        (25005, RefusalKind::Blocked),
        (21035, RefusalKind::Unavailable),
        (-404, RefusalKind::NotFound),
        (99_999, RefusalKind::Other),
    ] {
        let (mut stage, account) = warm_stage();
        let event = asked(&mut stage);
        stage.fault(Rule::new("send_msg", When::Once, code(number)));
        let mut refused = answering(&account, &event);
        let Answered::NotSent(error) = stage.finish(&mut refused).unwrap() else {
            panic!("{number}")
        };
        assert_eq!(error.kind(), Some(kind), "{number}");
        assert_eq!((posts(&stage), waits(&refused)), (1, vec![]), "{number}");
        assert!(!stored(&refused).last().unwrap().has_begun(), "{number}");
        let next = asked(&mut stage);
        let key = sent(stage.finish(&mut answering(&account, &next)));
        assert_eq!(written(&stage, "yes"), [key], "{number}");
    }
}

#[test]
fn what_ends_all_sending_ends_the_program() {
    for number in [-101, -102, -352] {
        let (mut stage, account) = warm_stage();
        let event = asked(&mut stage);
        stage.fault(Rule::new("send_msg", When::Always, code(number)));
        let error = stage.finish(&mut answering(&account, &event)).unwrap_err();
        assert!(error.ends_login(), "{number}: {error}");
        assert_eq!(written(&stage, "yes"), [], "{number}");
    }
}

#[test]
fn an_answer_waits_for_a_lost_network() {
    let (mut stage, account) = warm_stage();
    let event = asked(&mut stage);
    let mut answering = answering(&account, &event);
    let back = stage.time.now.mono.after(Duration::from_secs(2 * 60 * 60));
    while answering.result.is_none() {
        if answering.outgoing().is_some() && stage.time.now.mono < back {
            let failure = Failure::new(Sent::No, "no route to host");
            answering.bring(Input::Failed(failure));
        } else {
            stage.turn(&mut answering);
        }
    }
    let key = sent(stage.finish(&mut answering));
    assert_eq!(written(&stage, "yes"), [key]);
    let waits = waits(&answering).len();
    assert!((10..20).contains(&waits), "{waits} tries in two hours");
}

#[test]
fn a_lost_answer_to_the_send_is_read_back_and_a_lost_send_is_not_repeated() {
    for is_there in [true, false] {
        let (mut stage, account) = warm_stage();
        let event = asked(&mut stage);
        if is_there {
            lose_answer(&mut stage);
        } else {
            lose_request(&mut stage);
        }
        let answered = stage.finish(&mut answering(&account, &event)).unwrap();
        match &answered {
            Answered::Sent { .. } => assert!(is_there),
            Answered::Unconfirmed(Some(Error::Unconfirmed(_))) => assert!(!is_there),
            _ => panic!("{answered:?}"),
        }
        assert_eq!(posts(&stage), 1);
        assert_eq!(written(&stage, "yes").len(), usize::from(is_there));
    }
}

#[test]
fn an_answer_waits_five_minutes_at_most_for_rate_limits() {
    for pacing in [Pacing::off(), Pacing::default()] {
        let mut stage = stage();
        let account = local_account(login(), 3).pacing(pacing).build();
        let event = asked(&mut stage);
        stage.fault(Rule::new("send_msg", When::Always, code(21020)));
        let before = stage.time.now.mono;
        let answered = stage.finish(&mut answering(&account, &event)).unwrap();
        assert!(
            matches!(&answered, Answered::NotSent(Error::RateLimited(_))),
            "{answered:?}"
        );
        let took = stage.time.now.mono.since(before).as_secs();
        assert!(took <= 330, "{took}");
    }
}

#[test]
fn a_program_killed_before_the_request_left_answers_in_its_next_run() {
    for tickets in [1, 2] {
        let mut stage = stage();
        let (ticket, outgoing, restarted) =
            dies_when(&mut stage, |dying| stored(dying).len() == tickets);
        assert!(outgoing.is_none());
        assert_eq!(ticket.has_begun(), tickets == 2);
        let answered = stage.run(restarted.settle_answer(ticket)).unwrap();
        match &answered {
            Answered::Sent { .. } => assert_eq!(tickets, 1),
            // Its request may have left for all that the next run knows.
            Answered::Unconfirmed(None) => assert_eq!(tickets, 2),
            _ => panic!("{answered:?}"),
        }
        assert_eq!(written(&stage, "yes").len(), 2 - tickets);
    }
}

#[test]
fn an_event_that_is_no_message_of_another_person_is_not_answered() {
    let (mut stage, account) = warm_stage();
    let mut event = asked(&mut stage);
    let EventKind::Message { direction, .. } = &mut event.kind else {
        panic!("{event:?}")
    };
    *direction = bili_im_proto::Direction::Own;
    let refused = account.answer(&event, text("yes")).unwrap_err();
    assert_eq!(refused, Invalid::NotAnswerable);
}

#[test]
fn what_may_pass_is_waited_for_when_an_earlier_answer_is_settled_but_not_for_ever() {
    for (when, is_sent) in [(When::Once, true), (When::Always, false)] {
        let mut stage = stage();
        let (ticket, _, _) = dies_when(&mut stage, |dying| !stored(dying).is_empty());
        assert!(!ticket.has_begun());
        // A new account has no keys, and has to ask for them.
        let account = local_account(login(), 3).build();
        stage.fault(Rule::new("nav", when, Kind::Html));
        let mut settling = Running::new(account.settle_answer(ticket));
        let answered = stage.finish(&mut settling);
        let waited = waits(&settling).len();
        if is_sent {
            sent(answered);
            assert_eq!((waited, posts(&stage)), (1, 1));
        } else {
            assert!(matches!(answered, Ok(Answered::NotSent(_))), "{answered:?}");
            assert_eq!((waited, posts(&stage)), (2, 0));
        }
    }
}
