//! Tickets, for programs that may die while they send.

use std::time::Duration;

use bili_im_proto::{
    Account, Confirmation, Error, Input, Invalid, Outgoing, Pacing, SendTicket, Uid,
};
use bili_im_sim::faults::{Kind, Rule, When};
use bili_im_tests::{Running, Stage, answers, local_account, sim_login};

use crate::simulated::{
    FANS, FRIEND, OWN, STRANGER, code, crowd, http, login, posts, prepared, restart, stage, text,
    until_send, warm, warm_stage, written,
};

/// A send whose program dies with the request out: its ticket as the program stored it, the
/// request, and the account in the next process.
pub(crate) fn dies_while_sending(
    stage: &mut Stage,
    change: impl FnOnce(SendTicket) -> SendTicket,
) -> (SendTicket, Outgoing, Account) {
    let account = warm(stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let mut dying = until_send(stage, account.send_ticket(change(ticket)));
    let stored = serde_json::to_string(dying.items.last().unwrap()).unwrap();
    let outgoing = dying.take_outgoing().unwrap();
    let restarted = restart(stage, &account, 2);
    (serde_json::from_str(&stored).unwrap(), outgoing, restarted)
}

/// Confirms a ticket. Its request reaches the service after so many reads of the conversation.
fn confirm_late(
    stage: &mut Stage,
    account: &Account,
    ticket: SendTicket,
    late: Outgoing,
    reads: usize,
) -> Confirmation {
    let mut confirming = Running::new(account.confirm(ticket));
    let mut late = Some(late);
    stage.time.seen.clear();
    loop {
        if let Some(result) = confirming.result.take() {
            return result.unwrap();
        }
        if stage.time.count("fetch_session_msgs") == reads
            && let Some(late) = late.take()
        {
            stage.deliver(late);
        }
        stage.turn(&mut confirming);
    }
}

#[test]
fn a_ticket_is_handed_out_to_be_stored_before_its_request_may_leave() {
    let mut stage = stage();
    let account = local_account(login(), 1).build();
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    assert!(!ticket.has_begun());
    stage.service.rotate_keys();
    stage.time.advance(Duration::from_secs(100));
    stage.time.seen.clear();
    let mut sending = Running::new(account.send_ticket(ticket));
    while sending.result.is_none() {
        let stored = sending.items.len();
        stage.turn(&mut sending);
        assert!(posts(&stage) <= stored, "it left before it was stored");
    }
    // The first request was refused because of its signature: nothing was sent until the second.
    let begun: Vec<bool> = sending.items.iter().map(SendTicket::has_begun).collect();
    assert_eq!((posts(&stage), &begun[..]), (2, &[true, false, true][..]));
}

#[test]
fn a_ticket_that_was_certainly_not_sent_is_handed_out_as_not_begun() {
    let (mut stage, account, ticket) = prepared();
    stage.fault(Rule::new("send_msg", When::Once, code(21020)));
    let mut sending = Running::new(account.send_ticket(ticket.clone()));
    stage.finish(&mut sending).unwrap_err();
    let begun: Vec<bool> = sending.items.iter().map(SendTicket::has_begun).collect();
    assert_eq!(begun, [true, false]);
    stage.time.advance(Duration::from_secs(60));
    // In the next process it may be sent.
    let restarted = restart(&stage, &account, 2);
    let stored = sending.items.pop().unwrap();
    let found = stage.run(restarted.confirm(stored)).unwrap();
    assert_eq!(found, Confirmation::Absent(Box::new(ticket.clone())));
    stage.run(restarted.send_ticket(ticket)).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_request_that_arrives_while_it_is_looked_for_is_found() {
    // Before the first look, between two of them, and after the last but one.
    for reads in 0..8 {
        let mut stage = stage();
        let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
        let found = confirm_late(&mut stage, &restarted, ticket, outgoing, reads);
        assert_eq!(found, Confirmation::Sent(written(&stage, "hi")[0]));
    }
}

#[test]
fn a_recalled_message_still_confirms_its_ticket() {
    let mut stage = stage();
    let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
    stage.deliver(outgoing);
    let key = written(&stage, "hi")[0];
    stage.run(restarted.recall(FRIEND, key)).unwrap();
    let found = stage.run(restarted.confirm(ticket)).unwrap();
    assert_eq!(found, Confirmation::Sent(key));
}

#[test]
fn a_request_that_may_arrive_later_still_is_never_sent_again() {
    let mut stage = stage();
    let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
    let before = stage.time.now.mono;
    let found = stage.run(restarted.confirm(ticket.clone())).unwrap();
    assert_eq!(found, Confirmation::CannotTell);
    let took = stage.time.now.mono.since(before);
    assert!(took >= Pacing::off().latest_arrival, "{took:?}");
    let again = stage
        .run(restarted.send_ticket(ticket.clone()))
        .unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    // Minutes later it arrives after all.
    stage.time.advance(Duration::from_secs(500));
    stage.deliver(outgoing);
    let found = stage.run(restarted.confirm(ticket)).unwrap();
    assert_eq!(found, Confirmation::Sent(written(&stage, "hi")[0]));
}

#[test]
fn a_paced_account_looks_for_a_message_for_five_minutes() {
    let mut stage = stage();
    let (ticket, _, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
    let stored = restarted.snapshot(stage.time.now);
    let paced = (local_account(login(), 3)).pacing(Pacing::default());
    let paced = paced.restore(&stored, stage.time.now).unwrap().build();
    let before = stage.time.now.mono;
    stage.time.seen.clear();
    let found = stage.run(paced.confirm(ticket)).unwrap();
    assert_eq!(found, Confirmation::CannotTell);
    let took = stage.time.now.mono.since(before).as_secs();
    assert!((300..=301).contains(&took), "{took}");
    assert_eq!(stage.time.count("fetch_session_msgs"), 10);
}

#[test]
fn at_least_once_sends_again_what_cannot_be_found() {
    for arrives in [false, true] {
        let mut stage = stage();
        let (ticket, outgoing, restarted) =
            dies_while_sending(&mut stage, SendTicket::at_least_once);
        let found = stage.run(restarted.confirm(ticket.clone())).unwrap();
        let Confirmation::Absent(renewed) = found else {
            panic!("{found:?}")
        };
        let again = stage.run(restarted.send_ticket(ticket)).unwrap_err();
        assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
        stage.run(restarted.send_ticket(*renewed)).unwrap();
        if arrives {
            stage.deliver(outgoing);
        }
        assert_eq!(written(&stage, "hi").len(), 1 + usize::from(arrives));
    }
}

#[test]
fn a_clock_that_is_wrong_after_the_restart_makes_no_message_absent_too_early() {
    for ahead in [-3600_i64, 3600] {
        let mut stage = stage();
        let (ticket, outgoing, restarted) =
            dies_while_sending(&mut stage, SendTicket::at_least_once);
        stage.time.turn_wall_clock(ahead);
        stage.service.skew_clock(-ahead);
        let found = confirm_late(&mut stage, &restarted, ticket, outgoing, 4);
        assert_eq!(
            found,
            Confirmation::Sent(written(&stage, "hi")[0]),
            "{ahead}"
        );
    }
}

#[test]
fn a_message_is_not_absent_when_its_session_could_not_be_read() {
    let (mut stage, account) = warm_stage();
    let rule = Rule::new("fetch_session_msgs", When::Once, code(-404));
    stage.fault(rule);
    let ticket = stage.run(account.prepare_send(FANS, text("hi"))).unwrap();
    stage.service.clear_faults();
    let mut sending = Running::new(account.send_ticket(ticket));
    let key = stage.finish(&mut sending).unwrap().msg_key;
    let ticket = sending.items.pop().unwrap();
    crowd(&mut stage, 150);
    stage.time.advance(Duration::from_secs(60));
    let other = local_account(login(), 2).build();
    let found = stage.run(other.confirm(ticket)).unwrap();
    assert!(
        matches!(found, Confirmation::Sent(found) if found == key)
            || found == Confirmation::CannotTell,
        "{found:?}"
    );
}

#[test]
fn a_ticket_that_has_not_begun_is_absent_whatever_the_session_answers() {
    for end in [
        http(502),
        code(-500),
        code(-404),
        code(-403),
        Kind::Html,
        Kind::BreakOff,
    ] {
        let (mut stage, account, ticket) = prepared();
        let restarted = restart(&stage, &account, 2);
        let rule = Rule::new("fetch_session_msgs", When::Once, end.clone());
        stage.fault(rule);
        let found = stage.run(restarted.confirm(ticket)).unwrap();
        assert!(
            matches!(found, Confirmation::Absent(_)),
            "{end:?}: {found:?}"
        );
    }
}

#[test]
fn a_program_killed_between_the_requests_of_a_send_that_is_signed_anew_may_send_it() {
    let (mut stage, account, ticket) = prepared();
    stage.service.rotate_keys();
    stage.time.advance(Duration::from_secs(100));
    let mut sending = until_send(&mut stage, account.send_ticket(ticket));
    stage.turn_until(&mut sending, |sending| sending.asks() == Some("nav"));
    let stored = sending.items.pop().unwrap();
    let restarted = restart(&stage, &account, 2);
    drop(sending);
    let found = stage.run(restarted.confirm(stored)).unwrap();
    let Confirmation::Absent(ticket) = found else {
        panic!("{found:?}")
    };
    stage.run(restarted.send_ticket(*ticket)).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn an_empty_page_of_a_session_that_had_messages_shows_no_message_absent() {
    let unreadable = r#"{"sender_uid":10001,"msg_type":1,"msg_seqno":999999}"#;
    for listed in ["", unreadable] {
        let (mut stage, account, ticket) = prepared();
        let mut dying = until_send(&mut stage, account.send_ticket(ticket.clone()));
        stage.deliver(dying.take_outgoing().unwrap());
        let restarted = restart(&stage, &account, 2);
        drop(dying);
        stage.time.advance(Duration::from_secs(30));
        let page = format!(r#"{{"code":0,"data":{{"messages":[{listed}]}}}}"#);
        let page = || Input::Response(answers::answer(200, &*page));
        let found = stage.run_with(restarted.confirm(ticket), |endpoint| {
            (endpoint == "fetch_session_msgs").then(page)
        });
        let found = found.unwrap();
        assert_eq!(found, Confirmation::CannotTell, "{listed}");
    }
}

#[test]
fn a_message_is_found_behind_many_others() {
    let (mut stage, account) = warm_stage();
    let ticket = stage.run(account.prepare_send(FANS, text("hi"))).unwrap();
    let sent = stage.run(account.send_ticket(ticket.clone())).unwrap();
    crowd(&mut stage, 350);
    // Another process has only the ticket.
    let other = local_account(login(), 2).build();
    for _ in 0..2 {
        let found = stage.run(other.confirm(ticket.clone())).unwrap();
        assert_eq!(found, Confirmation::Sent(sent.msg_key));
    }
    let again = stage.run(other.send_ticket(ticket)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
}

#[test]
fn two_identical_tickets_are_never_confirmed_by_one_message() {
    let (mut stage, account) = warm_stage();
    let one = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let other = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let key = stage.run(account.send_ticket(one.clone())).unwrap().msg_key;
    let restarted = restart(&stage, &account, 2);
    stage.time.advance(Duration::from_secs(30));
    let found = stage.run(restarted.confirm(other.clone())).unwrap();
    assert_eq!(found, Confirmation::Absent(Box::new(other)));
    assert_eq!(written(&stage, "hi"), [key]);
}

#[test]
fn another_accounts_ticket_is_refused() {
    let (mut stage, account) = warm_stage();
    let ticket = stage
        .run(account.prepare_send(STRANGER, text("hi")))
        .unwrap();
    let friend = local_account(sim_login(FRIEND.0), 3).build();
    for error in [
        stage.run(friend.send_ticket(ticket.clone())).unwrap_err(),
        stage.run(friend.settle_answer(ticket.clone())).unwrap_err(),
        stage.run(friend.confirm(ticket)).unwrap_err(),
    ] {
        assert_eq!(error, Error::Invalid(Invalid::ForeignTicket(Uid(OWN))));
    }
    assert_eq!(posts(&stage), 0);
}
