//! One ticket in several flows, processes and confirmations at once.

use std::time::Duration;

use bili_im_proto::{Account, Confirmation, Error, Invalid, Pacing, SendTicket, SentMessage};
use bili_im_sim::faults::{Kind, Rule, When};
use bili_im_tests::{Running, Stage, Turn, local_account};

use crate::{
    simulated::{FRIEND, code, login, prepared, restart, stage, text, until_send, written},
    tickets::dies_while_sending,
};

/// Longer than a send may be at work. After that it no longer stops another of its ticket.
const STANDSTILL: Duration = Duration::from_secs(121);

/// Longer than the account waits after the first refusal as too fast.
const BACK_OFF: Duration = Duration::from_secs(60);

/// After so long a request can no longer arrive.
const TOO_LATE: Duration = Duration::from_secs(400);

fn waits<Output, Item>(flow: &Running<Output, Item>) -> bool {
    matches!(flow.turn, Turn::Waits(_))
}

#[test]
fn two_flows_with_one_ticket_send_it_once() {
    let (mut stage, account, ticket) = prepared();
    // Both wait for a send of the same content.
    let mut twin = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let mut flows = [0; 2].map(|_| Running::new(account.send_ticket(ticket.clone())));
    for flow in &mut flows {
        stage.turn_until(flow, waits);
    }
    stage.finish(&mut twin).unwrap();
    let [one, other] = flows.map(|mut flow| stage.finish(&mut flow));
    one.unwrap();
    assert_eq!(other.unwrap_err(), Error::Invalid(Invalid::UsedTicket));
    let again = stage.run(account.send_ticket(ticket)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 2);
}

/// A ticket, its flow, which waits because the account has just sent, and the account.
fn flow_waiting_for_pace(
    stage: &mut Stage,
) -> (SendTicket, Running<SentMessage, SendTicket>, Account) {
    let paced = local_account(login(), 1).pacing(Pacing::default());
    let account = paced.build();
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    stage.run(account.send(FRIEND, text("before"))).unwrap();
    let mut flow = Running::new(account.send_ticket(ticket.clone()));
    stage.turn_until(&mut flow, waits);
    assert!(flow.items.is_empty());
    (ticket, flow, account)
}

#[test]
fn a_flow_that_stood_still_does_not_send_what_another_has_sent() {
    let mut stage = stage();
    let (ticket, mut late, account) = flow_waiting_for_pace(&mut stage);
    stage.time.advance(STANDSTILL);
    stage.run(account.send_ticket(ticket)).unwrap();
    let refused = stage.finish(&mut late).unwrap_err();
    assert_eq!(refused, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_flow_that_waits_does_not_send_what_another_process_has_sent() {
    let mut stage = stage();
    let (ticket, mut late, account) = flow_waiting_for_pace(&mut stage);
    let other = restart(&stage, &account, 2);
    stage.run(other.send_ticket(ticket)).unwrap();
    let now = stage.time.now;
    account.absorb(&other.snapshot(now), now).unwrap();
    let refused = stage.finish(&mut late).unwrap_err();
    assert_eq!(refused, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_refused_ticket_can_be_sent_again_after_processes_exchange_state() {
    let (mut stage, account, ticket) = prepared();
    let other = restart(&stage, &account, 2);
    stage.fault(Rule::new("send_msg", When::Once, code(21020)));
    let mut sending = until_send(&mut stage, account.send_ticket(ticket.clone()));
    let now = stage.time.now;
    other.absorb(&account.snapshot(now), now).unwrap();
    let refused = stage.finish(&mut sending).unwrap_err();
    let Error::RateLimited(refused) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.refusal.unwrap().code, Some(21020));
    account.absorb(&other.snapshot(now), now).unwrap();
    stage.time.advance(BACK_OFF);
    stage.run(account.send_ticket(ticket)).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn two_confirmations_at_once_say_the_same() {
    let mut stage = stage();
    let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, SendTicket::at_least_once);
    stage.deliver(outgoing);
    stage.time.advance(TOO_LATE);
    let mut flows = [0; 2].map(|_| Running::new(restarted.confirm(ticket.clone())));
    for flow in &mut flows {
        stage.turn_until(flow, |flow| flow.outgoing().is_some());
    }
    let key = written(&stage, "hi")[0];
    for mut flow in flows {
        let found = stage.finish(&mut flow).unwrap();
        assert_eq!(found, Confirmation::Sent(key));
    }
}

#[test]
fn a_confirmation_during_a_read_back_finds_the_same_message() {
    let (mut stage, account, ticket) = prepared();
    let rule = Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect();
    stage.fault(rule);
    let mut sending = until_send(&mut stage, account.send_ticket(ticket.clone()));
    stage.turn_until(&mut sending, |sending| {
        sending.asks() == Some("fetch_session_msgs")
    });
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
