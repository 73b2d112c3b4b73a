//! One ticket in several flows, processes and confirmations at once.

use std::time::Duration;

use bili_im_proto::{
    Account, Confirmation, Error, Invalid, Outgoing, Pacing, SendTicket, SentMessage,
};
use bili_im_sim::faults::{Kind, Rule, When};
use bili_im_tests::{Running, Stage, local_account};

use crate::{
    simulated::{FRIEND, code, http, login, prepared, restart, stage, text, until_send, written},
    tickets::dies_while_sending,
};

#[test]
fn two_flows_with_one_ticket_send_it_once() {
    let (mut stage, account, ticket) = prepared();
    // Both wait for a send of the same content.
    let mut twin = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let mut flows = [0; 2].map(|_| Running::new(account.send_ticket(ticket.clone())));
    for flow in &mut flows {
        stage.turn(flow);
    }
    stage.finish(&mut twin).unwrap();
    let [one, other] = flows.map(|mut flow| stage.finish(&mut flow));
    one.unwrap();
    assert_eq!(other.unwrap_err(), Error::Invalid(Invalid::UsedTicket));
    let again = stage.run(account.send_ticket(ticket)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 2);
}

/// A flow that is registered and waits its turn, and its account.
fn waiting(stage: &mut Stage) -> (SendTicket, Running<SentMessage, SendTicket>, Account) {
    let paced = local_account(login(), 1).pacing(Pacing::default());
    let account = paced.build();
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    stage.run(account.send(FRIEND, text("before"))).unwrap();
    let mut flow = Running::new(account.send_ticket(ticket.clone()));
    stage.turn(&mut flow);
    assert!(flow.items.is_empty());
    (ticket, flow, account)
}

#[test]
fn a_flow_that_stood_still_does_not_send_what_another_has_sent() {
    let mut stage = stage();
    let (ticket, mut late, account) = waiting(&mut stage);
    stage.time.advance(Duration::from_secs(121));
    stage.run(account.send_ticket(ticket)).unwrap();
    let refused = stage.finish(&mut late).unwrap_err();
    assert_eq!(refused, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_flow_that_waits_does_not_send_what_another_process_has_sent() {
    let mut stage = stage();
    let (ticket, mut late, account) = waiting(&mut stage);
    let other = restart(&stage, &account, 2);
    stage.run(other.send_ticket(ticket)).unwrap();
    let now = stage.time.now;
    account.absorb(&other.snapshot(now), now).unwrap();
    let refused = stage.finish(&mut late).unwrap_err();
    assert_eq!(refused, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_ticket_that_was_given_back_stays_so_in_every_process() {
    let (mut stage, account, ticket) = prepared();
    let other = restart(&stage, &account, 2);
    stage.fault(Rule::new("send_msg", When::Once, code(21020)));
    let mut sending = until_send(&mut stage, account.send_ticket(ticket.clone()));
    let now = stage.time.now;
    other.absorb(&account.snapshot(now), now).unwrap();
    stage.finish(&mut sending).unwrap_err();
    account.absorb(&other.snapshot(now), now).unwrap();
    stage.time.advance(Duration::from_secs(60));
    stage.run(account.send_ticket(ticket)).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
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
    let fetches_keys = |outgoing: &Outgoing| outgoing.request.uri().path().ends_with("/nav");
    while !sending.outgoing().is_some_and(fetches_keys) {
        stage.turn(&mut sending);
    }
    let stored = sending.items.pop().unwrap();
    let restarted = restart(&stage, &account, 2);
    drop(sending);
    let found = stage.run(restarted.confirm(stored)).unwrap();
    assert!(matches!(found, Confirmation::Absent(_)), "{found:?}");
}

#[test]
fn two_confirmations_at_once_say_the_same() {
    let mut stage = stage();
    let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, SendTicket::at_least_once);
    stage.deliver(outgoing);
    stage.time.advance(Duration::from_secs(400));
    let mut flows = [0; 2].map(|_| Running::new(restarted.confirm(ticket.clone())));
    for flow in &mut flows {
        while flow.outgoing().is_none() {
            stage.turn(flow);
        }
    }
    let key = written(&stage, "hi")[0];
    for mut flow in flows {
        while flow.result.is_none() {
            stage.turn(&mut flow);
        }
        assert_eq!(flow.result.unwrap().unwrap(), Confirmation::Sent(key));
    }
}

#[test]
fn a_confirmation_beside_a_send_that_reads_back_takes_nothing_from_it() {
    let (mut stage, account, ticket) = prepared();
    let rule = Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect();
    stage.fault(rule);
    let mut sending = until_send(&mut stage, account.send_ticket(ticket.clone()));
    stage.turn(&mut sending);
    stage.turn(&mut sending);
    let found = stage.run(account.confirm(ticket)).unwrap();
    let sent = stage.finish(&mut sending).unwrap();
    assert_eq!(found, Confirmation::Sent(sent.msg_key));
}

#[test]
fn a_ticket_that_is_confirmed_twice_is_sent_again_once() {
    let mut stage = stage();
    let (ticket, _, restarted) = dies_while_sending(&mut stage, SendTicket::at_least_once);
    let flows = [0; 2].map(|_| restarted.confirm(ticket.clone()));
    let mut renewed = Vec::new();
    for found in stage.run_all(flows) {
        match found.unwrap() {
            Confirmation::Absent(ticket) => renewed.push(*ticket),
            other => panic!("{other:?}"),
        }
    }
    let [one, other] = renewed.try_into().unwrap();
    stage.run(restarted.send_ticket(one)).unwrap();
    let again = stage.run(restarted.send_ticket(other)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    let found = stage.run(restarted.confirm(ticket)).unwrap();
    assert!(matches!(found, Confirmation::Sent(_)), "{found:?}");
    assert_eq!(written(&stage, "hi").len(), 1);
}
