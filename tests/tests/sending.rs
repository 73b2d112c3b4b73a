//! Sends over the simulated service, in virtual time: nothing is sent twice, and nothing sent is
//! reported as failed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::time::Duration;

use bili_im_proto::{
    Account, Confirmation, Credential, Error, FetchSessionMsgs, Flow, GroupId, Invalid,
    InvalidArgument, InvalidSnapshot, Missing, MsgKey, Outgoing, Pacing, RefusalKind, SendTicket,
    Sent, SentMessage, SingleUnread, Snapshot, Text, Uid, UnixMicros,
};
use bili_im_sim::{
    Message, Options, StaleSignature, World,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};
use bili_im_tests::{Running, Stage, Turn};

const OWN: u64 = 10_001;
const FRIEND: Uid = Uid(10_002);
const STRANGER: Uid = Uid(10_003);
const FANS: GroupId = GroupId(20_001);

fn stage() -> Stage {
    Stage::new(World::demo()).unwrap()
}

fn stage_with(change: impl FnOnce(&mut Options)) -> Stage {
    let mut world = World::demo();
    change(&mut world.options);
    Stage::new(world).unwrap()
}

fn login() -> Credential {
    Credential::new(&format!("sim-{OWN}"), &format!("{OWN:032}"), Uid(OWN)).unwrap()
}

/// An account that knows its keys and the newest message of its friend's session, five minutes ago.
fn warm(stage: &mut Stage) -> Account {
    let account = stage.account(login(), 1).build();
    let ticket = account.prepare_send(FRIEND, text("never sent"));
    stage.run(ticket).unwrap();
    stage.advance(Duration::from_secs(300));
    stage.log.clear();
    account
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// The keys of the own texts that say so, oldest first.
fn written(stage: &Stage, text: &str) -> Vec<MsgKey> {
    let content = serde_json::json!({ "content": text }).to_string();
    let messages = stage.service.snapshot(stage.sim_now()).messages;
    (messages.iter())
        .filter(|message| message.from.0 == OWN && message.content == content)
        .map(|message| MsgKey(message.msg_key.0))
        .collect()
}

fn posts(stage: &Stage) -> usize {
    stage
        .log
        .iter()
        .filter(|exchange| exchange.is_send())
        .count()
}

fn asked(stage: &Stage, name: &str) -> usize {
    (stage.log.iter())
        .filter(|exchange| exchange.name() == name)
        .count()
}

fn fault(stage: &mut Stage, rule: Rule) {
    stage.service.add_fault(rule).unwrap();
}

fn http(status: u16) -> Kind {
    Kind::Http {
        status,
        body: PageBody::Html,
        retry_after: None,
    }
}

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}

/// Ends that leave open whether the request took effect.
fn open_ends() -> Vec<Kind> {
    vec![
        Kind::BreakOff,
        Kind::Stall,
        Kind::Html,
        Kind::Empty,
        http(500),
        http(502),
        http(504),
        code(-500),
        code(-503),
        code(-504),
        code(-8888),
    ]
}

#[test]
fn a_send_whose_answer_is_lost_is_found_and_exists_once() {
    let mut ends = open_ends();
    ends.push(Kind::CutShort { bytes: 10 });
    for end in ends {
        for cold in [false, true] {
            let mut stage = stage();
            let account = if cold {
                stage.account(login(), 1).build()
            } else {
                warm(&mut stage)
            };
            fault(
                &mut stage,
                Rule::new("send_msg", When::Once, end.clone()).after_effect(),
            );
            let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
            assert!(sent.read_back, "{end:?}");
            assert_eq!(written(&stage, "hi"), [sent.msg_key], "{end:?}");
            assert_eq!(posts(&stage), 1, "{end:?}");
        }
    }
}

#[test]
fn a_send_that_may_have_been_lost_on_the_way_is_unconfirmed_and_not_repeated() {
    for end in open_ends() {
        let mut stage = stage();
        let account = warm(&mut stage);
        fault(&mut stage, Rule::new("send_msg", When::Once, end.clone()));
        let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
        assert!(matches!(error, Error::Unconfirmed(_)), "{end:?}: {error}");
        assert_eq!(written(&stage, "hi"), []);
        assert_eq!(posts(&stage), 1);
    }
}

#[test]
fn a_send_that_cannot_leave_is_a_plain_error() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.run(account.send(FRIEND, text("before"))).unwrap();
    stage.unreachable = 1;
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    assert!(
        matches!(&error, Error::Transport(transport) if transport.sent == Sent::No),
        "{error}"
    );
    stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_rewritten_emoticon_does_not_hide_the_message() {
    let mut stage = stage_with(|options| {
        (options.renamed_emoticons).insert("[doge]".to_owned(), "[tv_doge]".to_owned());
    });
    let account = warm(&mut stage);
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect(),
    );
    let sent = stage.run(account.send(FRIEND, text("hi[doge]"))).unwrap();
    assert_eq!(written(&stage, "hi[tv_doge]"), [sent.msg_key]);
}

#[test]
fn an_older_message_of_the_same_text_confirms_nothing() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let first = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff),
    );
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
    // Nor in another process, which does not know of the first.
    let stranger = stage.account(login(), 2).build();
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff),
    );
    let error = stage.run(stranger.send(FRIEND, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
    assert_eq!(written(&stage, "hi"), [first.msg_key]);
}

#[test]
fn a_message_of_the_same_text_from_the_phone_confirms_nothing() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let phone = Message::text(OWN, bili_im_sim::Talker::user(FRIEND.0), "hi");
    let now = stage.sim_now();
    stage.service.write(phone, now).unwrap();
    stage.advance(Duration::from_secs(60));
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff),
    );
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
}

#[test]
fn a_message_is_found_behind_many_others() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FANS, text("hi"))).unwrap();
    let sent = stage.run(account.send_ticket(ticket.clone())).unwrap();
    crowd(&mut stage, 350);
    // In a process that knows nothing but the ticket.
    let other = stage.account(login(), 2).build();
    for _ in 0..2 {
        let found = stage.run(other.confirm(ticket.clone())).unwrap();
        assert_eq!(found, Confirmation::Sent(sent.msg_key));
    }
    let again = stage.run(other.send_ticket(ticket)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
}

#[test]
fn a_ticket_that_was_reported_sent_is_confirmed_ever_after() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect(),
    );
    let sent = stage.run(account.send_ticket(ticket.clone())).unwrap();
    stage.advance(Duration::from_secs(30));
    // Its program died before it had noted down that it was sent.
    let restarted = restart(&stage, &account, 2);
    for account in [&account, &account, &restarted, &restarted] {
        let found = stage.run(account.confirm(ticket.clone())).unwrap();
        assert_eq!(found, Confirmation::Sent(sent.msg_key));
        let again = stage.run(account.send_ticket(ticket.clone())).unwrap_err();
        assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    }
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
}

/// Others write to the group.
fn crowd(stage: &mut Stage, messages: usize) {
    let now = stage.sim_now();
    for _ in 0..messages {
        let message = Message::text(FRIEND.0, bili_im_sim::Talker::group(FANS.0), "me too");
        stage.service.write(message, now).unwrap();
    }
}

/// The account in another process, which has the snapshot alone.
fn restart(stage: &Stage, account: &Account, entropy: u8) -> Account {
    let stored = serde_json::to_string(&account.snapshot(stage.now())).unwrap();
    let snapshot: Snapshot = serde_json::from_str(&stored).unwrap();
    let builder = stage.account(login(), entropy);
    builder.restore(&snapshot, stage.now()).unwrap().build()
}

#[test]
fn a_ticket_made_while_the_session_could_not_be_read_is_never_called_absent_wrongly() {
    let mut stage = stage();
    let account = warm(&mut stage);
    fault(
        &mut stage,
        Rule::new("fetch_session_msgs", When::Once, code(-404)),
    );
    let ticket = stage.run(account.prepare_send(FANS, text("hi"))).unwrap();
    stage.service.clear_faults();
    let mut sending = Running::new(account.send_ticket(ticket));
    while sending.result.is_none() {
        sending.turn(&mut stage);
    }
    let key = sending.result.unwrap().unwrap().msg_key;
    let ticket = sending.items.pop().unwrap();
    crowd(&mut stage, 150);
    stage.advance(Duration::from_secs(60));
    let other = stage.account(login(), 2).build();
    let found = stage.run(other.confirm(ticket)).unwrap();
    assert!(
        matches!(found, Confirmation::Sent(found) if found == key)
            || found == Confirmation::CannotTell,
        "{found:?}"
    );
}

#[test]
fn of_two_identical_sends_at_once_the_lost_one_is_found() {
    for nth in [1, 2] {
        let mut stage = stage();
        let account = warm(&mut stage);
        fault(
            &mut stage,
            Rule::new("send_msg", When::Nth(nth), Kind::BreakOff).after_effect(),
        );
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
fn of_two_identical_sends_at_once_the_one_that_never_arrived_is_not_taken_for_the_other() {
    for nth in [1, 2] {
        let mut stage = stage();
        let account = warm(&mut stage);
        fault(
            &mut stage,
            Rule::new("send_msg", When::Nth(nth), Kind::BreakOff),
        );
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
fn without_knowing_where_a_session_ended_an_older_message_confirms_nothing() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.run(account.send(FANS, text("hi"))).unwrap();
    stage.advance(Duration::from_secs(2));
    let other = stage.account(login(), 2).build();
    stage.run(other.profile()).unwrap();
    fault(
        &mut stage,
        Rule::new("fetch_session_msgs", When::Once, code(-404)),
    );
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff),
    );
    let error = stage.run(other.send(FANS, text("hi"))).unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
}

#[test]
fn of_two_identical_sends_at_once_the_second_waits_for_the_first() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let mut first = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let mut second = Running::new(account.send(FRIEND, text("hi")));
    for _ in 0..20 {
        second.turn(&mut stage);
        assert!(matches!(second.turn, Turn::Waits(_)), "{second:?}");
    }
    while first.result.is_none() {
        first.turn(&mut stage);
    }
    while second.result.is_none() {
        second.turn(&mut stage);
    }
    assert_eq!(written(&stage, "hi").len(), 2);
}

#[test]
fn different_sends_at_once_do_not_hold_each_other_up() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let flows = [
        account.send(FRIEND, text("hi")),
        account.send(FRIEND, text("ho")),
        account.send(FANS, text("hi")),
    ];
    let results = stage.run_all(flows);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(posts(&stage), 3);
}

/// Drives a flow until its send is about to be carried to the service.
fn until_send<Item: std::fmt::Debug>(
    stage: &mut Stage,
    flow: Flow<Item, SentMessage>,
) -> Running<SentMessage, Item> {
    let mut running = Running::new(flow);
    loop {
        let is_post = |outgoing: &bili_im_proto::Outgoing| !outgoing.request.body().is_empty();
        if running.outgoing().is_some_and(is_post) {
            return running;
        }
        assert!(running.result.is_none(), "{:?}", running.result);
        running.turn(stage);
    }
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
        let mut stage = stage();
        let account = warm(&mut stage);
        let mut cancelled = until_send(&mut stage, account.send(FRIEND, text("hi")));
        let outgoing = cancelled.take_outgoing().unwrap();
        if arrives {
            let _ = stage.deliver(outgoing);
        }
        drop(cancelled);
        let before = written(&stage, "hi");
        assert_eq!(before.len(), usize::from(arrives));
        if lost {
            let rule = Rule::new("send_msg", When::Once, Kind::BreakOff);
            fault(&mut stage, if after { rule.after_effect() } else { rule });
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
    let mut stage = stage();
    let account = warm(&mut stage);
    let mut cancelled = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let late = cancelled.take_outgoing().unwrap();
    drop(cancelled);
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff),
    );
    let mut second = until_send(&mut stage, account.send(FRIEND, text("hi")));
    second.turn(&mut stage);
    let _ = stage.deliver(late);
    while second.result.is_none() {
        second.turn(&mut stage);
    }
    assert_eq!(written(&stage, "hi").len(), 1);
    let error = second.result.unwrap().unwrap_err();
    assert!(matches!(error, Error::Unconfirmed(_)), "{error}");
}

#[test]
fn a_send_cancelled_before_anything_left_stands_in_nobodys_way() {
    let mut stage = stage();
    let account = stage.account(login(), 1).build();
    let mut cancelled = Running::new(account.send(FRIEND, text("hi")));
    cancelled.turn(&mut stage);
    assert_eq!(cancelled.turn, Turn::Sends);
    drop(cancelled);
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
}

/// A send whose program dies with the request out: its ticket as the program stored it, the request,
/// and the account in the next process.
fn dies_while_sending(
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
    stage.log.clear();
    loop {
        if let Some(result) = confirming.result.take() {
            return result.unwrap();
        }
        if asked(stage, "fetch_session_msgs") == reads
            && let Some(late) = late.take()
        {
            let _ = stage.deliver(late);
        }
        confirming.turn(stage);
    }
}

#[test]
fn a_ticket_is_handed_out_to_be_stored_before_its_request_may_leave() {
    let mut stage = stage();
    let account = stage.account(login(), 1).build();
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    assert!(!ticket.has_begun());
    stage.service.rotate_keys();
    stage.advance(Duration::from_secs(100));
    stage.log.clear();
    let mut sending = Running::new(account.send_ticket(ticket));
    while sending.result.is_none() {
        let stored = sending.items.len();
        sending.turn(&mut stage);
        assert!(posts(&stage) <= stored, "it left before it was stored");
    }
    // The first request was refused because of its signature: nothing was sent until the second.
    let begun: Vec<bool> = sending.items.iter().map(SendTicket::has_begun).collect();
    assert_eq!((posts(&stage), &begun[..]), (2, &[true, false, true][..]));
}

#[test]
fn a_ticket_that_was_certainly_not_sent_is_handed_out_as_not_begun() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    fault(&mut stage, Rule::new("send_msg", When::Once, code(21020)));
    let mut sending = Running::new(account.send_ticket(ticket.clone()));
    while sending.result.is_none() {
        sending.turn(&mut stage);
    }
    let begun: Vec<bool> = sending.items.iter().map(SendTicket::has_begun).collect();
    assert_eq!(begun, [true, false]);
    stage.advance(Duration::from_secs(60));
    // In the next process it may be sent.
    let restarted = restart(&stage, &account, 2);
    let stored = sending.items.pop().unwrap();
    let found = stage.run(restarted.confirm(stored)).unwrap();
    assert_eq!(found, Confirmation::Absent(Box::new(ticket.clone())));
    stage.run(restarted.send_ticket(ticket)).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn after_a_restart_a_message_that_arrived_is_found() {
    let mut stage = stage();
    let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
    let _ = stage.deliver(outgoing);
    let found = stage.run(restarted.confirm(ticket.clone())).unwrap();
    assert_eq!(found, Confirmation::Sent(written(&stage, "hi")[0]));
    let again = stage.run(restarted.send_ticket(ticket)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
}

#[test]
fn a_request_that_arrives_while_it_is_looked_for_is_found() {
    for reads in 1..8 {
        let mut stage = stage();
        let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
        let found = confirm_late(&mut stage, &restarted, ticket, outgoing, reads);
        assert_eq!(found, Confirmation::Sent(written(&stage, "hi")[0]));
    }
}

#[test]
fn a_request_that_may_arrive_later_still_is_never_sent_again() {
    let mut stage = stage();
    let (ticket, outgoing, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
    let before = stage.now().mono;
    let found = stage.run(restarted.confirm(ticket.clone())).unwrap();
    assert_eq!(found, Confirmation::CannotTell);
    let took = stage.now().mono.since(before);
    assert!(took >= Pacing::off().latest_arrival, "{took:?}");
    let again = stage
        .run(restarted.send_ticket(ticket.clone()))
        .unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    // Minutes later it arrives after all.
    stage.advance(Duration::from_secs(500));
    let _ = stage.deliver(outgoing);
    let found = stage.run(restarted.confirm(ticket)).unwrap();
    assert_eq!(found, Confirmation::Sent(written(&stage, "hi")[0]));
}

#[test]
fn the_real_service_is_asked_for_five_minutes_in_ever_longer_waits() {
    let mut stage = stage();
    let (ticket, _, restarted) = dies_while_sending(&mut stage, |ticket| ticket);
    let stored = restarted.snapshot(stage.now());
    let paced = (stage.account(login(), 3)).pacing(Pacing::default());
    let paced = paced.restore(&stored, stage.now()).unwrap().build();
    let before = stage.now().mono;
    stage.log.clear();
    let found = stage.run(paced.confirm(ticket)).unwrap();
    assert_eq!(found, Confirmation::CannotTell);
    let took = stage.now().mono.since(before).as_secs();
    assert!((300..=301).contains(&took), "{took}");
    assert_eq!(asked(&stage, "fetch_session_msgs"), 10);
}

#[test]
fn at_least_once_sends_again_what_cannot_be_found_and_then_both_may_arrive() {
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
            let _ = stage.deliver(outgoing);
        }
        assert_eq!(written(&stage, "hi").len(), 1 + usize::from(arrives));
    }
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

/// Drives a flow to its end.
fn finish<Item>(
    stage: &mut Stage,
    mut flow: Running<SentMessage, Item>,
) -> Result<SentMessage, Error> {
    loop {
        if let Some(result) = flow.result.take() {
            return result;
        }
        flow.turn(stage);
    }
}

#[test]
fn two_flows_with_one_ticket_send_it_once() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    // Both wait for a send of the same content.
    let twin = until_send(&mut stage, account.send(FRIEND, text("hi")));
    let mut flows = [0; 2].map(|_| Running::new(account.send_ticket(ticket.clone())));
    for flow in &mut flows {
        flow.turn(&mut stage);
    }
    finish(&mut stage, twin).unwrap();
    let [one, other] = flows.map(|flow| finish(&mut stage, flow));
    one.unwrap();
    assert_eq!(other.unwrap_err(), Error::Invalid(Invalid::UsedTicket));
    let again = stage.run(account.send_ticket(ticket)).unwrap_err();
    assert_eq!(again, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 2);
}

/// A flow that is registered and waits its turn, and its account.
fn waiting(stage: &mut Stage) -> (SendTicket, Running<SentMessage, SendTicket>, Account) {
    let paced = stage.account(login(), 1).pacing(Pacing::default());
    let account = paced.build();
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    stage.run(account.send(FRIEND, text("before"))).unwrap();
    let mut flow = Running::new(account.send_ticket(ticket.clone()));
    flow.turn(stage);
    assert!(flow.items.is_empty());
    (ticket, flow, account)
}

#[test]
fn a_flow_that_stood_still_does_not_send_what_another_has_sent() {
    let mut stage = stage();
    let (ticket, late, account) = waiting(&mut stage);
    stage.advance(Duration::from_secs(121));
    stage.run(account.send_ticket(ticket)).unwrap();
    let refused = finish(&mut stage, late).unwrap_err();
    assert_eq!(refused, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_flow_that_waits_does_not_send_what_another_process_has_sent() {
    let mut stage = stage();
    let (ticket, late, account) = waiting(&mut stage);
    let other = restart(&stage, &account, 2);
    stage.run(other.send_ticket(ticket)).unwrap();
    let now = stage.now();
    account.absorb(&other.snapshot(now), now).unwrap();
    let refused = finish(&mut stage, late).unwrap_err();
    assert_eq!(refused, Error::Invalid(Invalid::UsedTicket));
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_ticket_that_could_not_be_stored_is_not_used() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let mut dying = Running::new(account.send_ticket(ticket.clone()));
    while dying.items.is_empty() {
        dying.turn(&mut stage);
    }
    let restarted = restart(&stage, &account, 2);
    drop(dying);
    let found = stage.run(restarted.confirm(ticket.clone())).unwrap();
    assert_eq!(found, Confirmation::Absent(Box::new(ticket.clone())));
    stage.run(account.send_ticket(ticket)).unwrap();
}

#[test]
fn a_ticket_that_was_given_back_stays_so_in_every_process() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let other = restart(&stage, &account, 2);
    fault(&mut stage, Rule::new("send_msg", When::Once, code(21020)));
    let sending = until_send(&mut stage, account.send_ticket(ticket.clone()));
    let now = stage.now();
    other.absorb(&account.snapshot(now), now).unwrap();
    finish(&mut stage, sending).unwrap_err();
    account.absorb(&other.snapshot(now), now).unwrap();
    stage.advance(Duration::from_secs(60));
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
        let mut stage = stage();
        let account = warm(&mut stage);
        let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
        let restarted = restart(&stage, &account, 2);
        fault(
            &mut stage,
            Rule::new("fetch_session_msgs", When::Once, end.clone()),
        );
        let found = stage.run(restarted.confirm(ticket)).unwrap();
        assert!(
            matches!(found, Confirmation::Absent(_)),
            "{end:?}: {found:?}"
        );
    }
}

#[test]
fn a_program_killed_between_the_requests_of_a_send_that_is_signed_anew_may_send_it() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    stage.service.rotate_keys();
    stage.advance(Duration::from_secs(100));
    let mut sending = until_send(&mut stage, account.send_ticket(ticket));
    let fetches_keys = |outgoing: &Outgoing| outgoing.request.uri().path().ends_with("/nav");
    while !sending.outgoing().is_some_and(fetches_keys) {
        sending.turn(&mut stage);
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
    let _ = stage.deliver(outgoing);
    stage.advance(Duration::from_secs(400));
    let mut flows = [0; 2].map(|_| Running::new(restarted.confirm(ticket.clone())));
    for flow in &mut flows {
        while flow.outgoing().is_none() {
            flow.turn(&mut stage);
        }
    }
    let key = written(&stage, "hi")[0];
    for mut flow in flows {
        while flow.result.is_none() {
            flow.turn(&mut stage);
        }
        assert_eq!(flow.result.unwrap().unwrap(), Confirmation::Sent(key));
    }
}

#[test]
fn a_confirmation_beside_a_send_that_reads_back_takes_nothing_from_it() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect(),
    );
    let mut sending = until_send(&mut stage, account.send_ticket(ticket.clone()));
    sending.turn(&mut stage);
    sending.turn(&mut stage);
    let found = stage.run(account.confirm(ticket)).unwrap();
    let sent = finish(&mut stage, sending).unwrap();
    assert_eq!(found, Confirmation::Sent(sent.msg_key));
}

#[test]
fn keys_that_are_missing_once_are_asked_for_again() {
    let mut stage = stage();
    let account = stage.account(login(), 1).build();
    let mut preparing = Running::new(account.prepare_send(FRIEND, text("hi")));
    while preparing.outgoing().is_none() {
        preparing.turn(&mut stage);
    }
    let keyless = br#"{"code":0,"data":{"isLogin":true,"mid":10001}}"#;
    preparing.answer(http::Response::new(keyless.to_vec()));
    while preparing.result.is_none() {
        preparing.turn(&mut stage);
    }
    preparing.result.unwrap().unwrap();
}

#[test]
fn a_clock_and_keys_that_are_both_wrong_cost_one_refusal() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.run(account.send(FRIEND, text("before"))).unwrap();
    stage.advance(Duration::from_secs(100));
    stage.service.rotate_keys();
    stage.service.skew_clock(3600);
    stage.run(account.recall(FRIEND, MsgKey(5))).unwrap_err();
    assert_eq!(
        calls_but_reads(&stage)
            .iter()
            .filter(|name| **name == "nav")
            .count(),
        1
    );
    stage.run(account.send(FRIEND, text("hi"))).unwrap();
}

#[test]
fn a_ticket_that_has_not_begun_is_absent_at_once() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let restarted = restart(&stage, &account, 2);
    stage.log.clear();
    let found = stage.run(restarted.confirm(ticket.clone())).unwrap();
    assert_eq!(found, Confirmation::Absent(Box::new(ticket.clone())));
    assert_eq!(stage.log.len(), 1);
    stage.run(restarted.send_ticket(ticket)).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_clock_that_is_wrong_after_the_restart_makes_no_message_absent_too_early() {
    for ahead in [-3600_i64, 3600] {
        let mut stage = stage();
        let (ticket, outgoing, restarted) =
            dies_while_sending(&mut stage, SendTicket::at_least_once);
        let unix = stage.now().unix.0.saturating_add_signed(ahead * 1_000_000);
        stage.set_wall_clock(UnixMicros(unix));
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
fn an_answer_with_key_0_confirms_nothing() {
    for arrived in [true, false] {
        let mut stage = stage();
        let account = warm(&mut stage);
        let mut sending = until_send(&mut stage, account.send(FRIEND, text("hi")));
        if arrived {
            let _ = stage.deliver(sending.take_outgoing().unwrap());
        }
        let answer = r#"{"code":0,"data":{"msg_key":0}}"#;
        sending.answer(http::Response::new(answer.into()));
        while sending.result.is_none() {
            sending.turn(&mut stage);
        }
        match (sending.result.unwrap(), &written(&stage, "hi")[..]) {
            (Ok(sent), [key]) => assert_eq!((sent.msg_key, sent.read_back), (*key, true)),
            (Err(Error::Unconfirmed(_)), []) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_read_on_the_way_to_a_send_is_tried_three_times() {
    for name in ["nav", "fetch_session_msgs"] {
        for end in [
            Kind::BreakOff,
            Kind::Stall,
            Kind::Html,
            http(502),
            code(-500),
        ] {
            for failures in [2, 3] {
                let mut stage = stage();
                let account = stage.account(login(), 1).build();
                fault(
                    &mut stage,
                    Rule::new(name, When::First(failures), end.clone()),
                );
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
                assert_eq!(asked(&stage, name), 3, "{name} {end:?}");
            }
        }
    }
}

#[test]
fn an_empty_page_of_a_session_that_had_messages_does_not_show_that_a_message_is_absent() {
    let unreadable = r#"{"sender_uid":10001,"msg_type":1,"msg_seqno":999999}"#;
    for listed in ["", unreadable] {
        let mut stage = stage();
        let account = warm(&mut stage);
        let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
        let mut dying = until_send(&mut stage, account.send_ticket(ticket.clone()));
        let _ = stage.deliver(dying.take_outgoing().unwrap());
        let restarted = restart(&stage, &account, 2);
        drop(dying);
        stage.advance(Duration::from_secs(30));
        let mut confirming = Running::new(restarted.confirm(ticket));
        let found = loop {
            if let Some(result) = confirming.result.take() {
                break result.unwrap();
            }
            let reads = |outgoing: &Outgoing| outgoing.request.uri().path().ends_with("_msgs");
            if confirming.outgoing().is_some_and(reads) {
                let page = format!(r#"{{"code":0,"data":{{"messages":[{listed}]}}}}"#);
                confirming.answer(http::Response::new(page.into()));
            }
            confirming.turn(&mut stage);
        };
        assert_eq!(found, Confirmation::CannotTell, "{listed}");
    }
}

#[test]
fn an_older_message_is_not_taken_for_ours_because_its_session_seemed_empty() {
    let mut stage = stage();
    let from_phone = Message::text(OWN, bili_im_sim::Talker::user(FRIEND.0), "hi");
    let now = bili_im_sim::UnixMicros(stage.now().unix.0);
    stage.service.write(from_phone, now).unwrap();
    stage.advance(Duration::from_secs(3600));
    let account = stage.account(login(), 1).build();
    let mut sending = Running::new(account.send(FRIEND, text("hi")));
    let mut pages = 0;
    let result = loop {
        if let Some(result) = sending.result.take() {
            break result;
        }
        let path = sending
            .outgoing()
            .map(|outgoing| outgoing.request.uri().path().to_owned());
        match path.as_deref().and_then(|path| path.rsplit('/').next()) {
            Some("fetch_session_msgs") if pages == 0 => {
                pages += 1;
                let page = r#"{"code":0,"data":{"messages":null}}"#;
                sending.answer(http::Response::new(page.into()));
            }
            Some("send_msg") => sending.answer(http::Response::new("<html>".into())),
            _ => {}
        }
        sending.turn(&mut stage);
    };
    assert!(matches!(result, Err(Error::Unconfirmed(_))), "{result:?}");
}

#[test]
fn two_identical_tickets_are_never_confirmed_by_one_message() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let one = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let other = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let key = stage.run(account.send_ticket(one.clone())).unwrap().msg_key;
    let restarted = restart(&stage, &account, 2);
    stage.advance(Duration::from_secs(30));
    let found = stage.run(restarted.confirm(other.clone())).unwrap();
    assert_eq!(found, Confirmation::Absent(Box::new(other)));
    assert_eq!(written(&stage, "hi"), [key]);
}

#[test]
fn a_ticket_cannot_be_sent_twice() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    stage.run(account.send_ticket(ticket.clone())).unwrap();
    let again = stage.run(account.send_ticket(ticket.clone()));
    assert_eq!(again.unwrap_err(), Error::Invalid(Invalid::UsedTicket));
    let restarted = restart(&stage, &account, 2);
    let again = stage.run(restarted.send_ticket(ticket));
    assert_eq!(again.unwrap_err(), Error::Invalid(Invalid::UsedTicket));
    assert_eq!((written(&stage, "hi").len(), posts(&stage)), (1, 1));
}

#[test]
fn another_accounts_ticket_is_refused() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage
        .run(account.prepare_send(STRANGER, text("hi")))
        .unwrap();
    let friend = Credential::new("sim-10002", &format!("{:032}", 10_002), FRIEND).unwrap();
    let friend = stage.account(friend, 3).build();
    for error in [
        stage.run(friend.send_ticket(ticket.clone())).unwrap_err(),
        stage.run(friend.confirm(ticket)).unwrap_err(),
    ] {
        assert_eq!(error, Error::Invalid(Invalid::ForeignTicket(Uid(OWN))));
    }
    assert_eq!(posts(&stage), 0);
}

#[test]
fn a_jump_of_the_wall_clock_hides_no_message() {
    for jump in [-3600, -60, 60, 300, 3600] {
        let mut stage = stage();
        let account = warm(&mut stage);
        let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
        // Its owner corrects the clock of the machine, and the service's stays right.
        let unix = UnixMicros(stage.now().unix.0.saturating_add_signed(jump * 1_000_000));
        stage.set_wall_clock(unix);
        stage.service.skew_clock(-jump);
        fault(
            &mut stage,
            Rule::new("send_msg", When::First(2), Kind::BreakOff).after_effect(),
        );
        let sent = stage.run(account.send(FRIEND, text("ho")));
        match written(&stage, "ho")[..] {
            [key] => assert_eq!(sent.unwrap().msg_key, key, "{jump}"),
            // Its signature was stale, and its refusal lost.
            [] => assert!(
                matches!(sent, Err(Error::Unconfirmed(_))),
                "{jump}: {sent:?}"
            ),
            _ => panic!("sent twice"),
        }
        stage.service.clear_faults();
        let sent = stage.run(account.send_ticket(ticket.clone())).unwrap();
        let other = stage.account(login(), 2).build();
        let found = stage.run(other.confirm(ticket)).unwrap();
        assert_eq!(found, Confirmation::Sent(sent.msg_key), "{jump}");
    }
}

#[test]
fn a_ticket_made_by_a_wrong_clock_still_finds_its_message() {
    for jump in [60, 300] {
        let mut stage = stage();
        let account = warm(&mut stage);
        // The machine's clock jumps ahead; no answer has told yet.
        let unix = stage.now().unix.saturating_add(Duration::from_secs(jump));
        stage.set_wall_clock(unix);
        stage.service.skew_clock(-i64::try_from(jump).unwrap());
        fault(
            &mut stage,
            Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect(),
        );
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key]);
    }
}

/// What was called, reads of the conversation apart.
fn calls_but_reads(stage: &Stage) -> Vec<&str> {
    let names = stage.log.iter().map(|exchange| exchange.name());
    names.filter(|&name| name != "fetch_session_msgs").collect()
}

#[test]
fn a_stale_signature_is_made_anew_once_however_it_is_refused() {
    for stale in [
        StaleSignature::Voucher,
        StaleSignature::RiskControl,
        StaleSignature::Forbidden,
        StaleSignature::BadRequest,
    ] {
        let mut stage = stage_with(|options| options.stale_signature = stale);
        let account = warm(&mut stage);
        stage.service.rotate_keys();
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key], "{stale:?}");
        assert_eq!(
            calls_but_reads(&stage),
            ["send_msg", "nav", "send_msg"],
            "{stale:?}"
        );
    }
}

#[test]
fn a_voucher_in_the_header_alone_is_such_a_refusal_too() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.service.rotate_keys();
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::Voucher(VoucherPlace::Header)),
    );
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
    assert_eq!(calls_but_reads(&stage), ["send_msg", "nav", "send_msg"]);
}

#[test]
fn refused_again_with_new_keys_it_is_not_tried_a_third_time() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.service.rotate_keys();
    fault(
        &mut stage,
        Rule::new("send_msg", When::First(3), code(-403)),
    );
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::Forbidden));
    assert_eq!((posts(&stage), asked(&stage, "nav")), (2, 1));
}

#[test]
fn keys_that_did_not_change_are_not_tried_again() {
    let mut stage = stage();
    let account = warm(&mut stage);
    fault(&mut stage, Rule::new("send_msg", When::Once, code(-400)));
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::BadRequest));
    assert_eq!((posts(&stage), asked(&stage, "nav")), (1, 1));
}

#[test]
fn keys_fetched_within_the_last_minute_are_not_fetched_again() {
    for (stale, kind) in [
        (StaleSignature::Voucher, RefusalKind::RiskControl),
        (StaleSignature::RiskControl, RefusalKind::RiskControl),
        (StaleSignature::Forbidden, RefusalKind::Forbidden),
        (StaleSignature::BadRequest, RefusalKind::BadRequest),
    ] {
        let mut stage = stage_with(|options| options.stale_signature = stale);
        let account = stage.account(login(), 1).build();
        stage.run(account.profile()).unwrap();
        stage.advance(Duration::from_secs(50));
        stage.service.rotate_keys();
        stage.log.clear();
        let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
        assert_eq!(error.kind(), Some(kind));
        assert_eq!((posts(&stage), asked(&stage, "nav")), (1, 0), "{stale:?}");
    }
}

#[test]
fn keys_a_day_old_are_fetched_before_they_are_refused() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.advance(Duration::from_secs(24 * 60 * 60));
    stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(calls_but_reads(&stage), ["nav", "send_msg"]);
}

#[test]
fn keys_that_change_at_midnight_cost_one_refusal() {
    let mut stage = stage();
    let account = warm(&mut stage);
    stage.advance(Duration::from_secs(13 * 60 * 60));
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
    assert_eq!((posts(&stage), asked(&stage, "nav")), (2, 1));
}

#[test]
fn risk_control_stops_the_account_until_the_stop_is_lifted() {
    for voucher in [VoucherPlace::Body, VoucherPlace::Code, VoucherPlace::Header] {
        let mut stage = stage();
        let account = warm(&mut stage);
        fault(
            &mut stage,
            Rule::new("send_msg", When::Once, Kind::Voucher(voucher)),
        );
        let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error}");
        assert_eq!(error.kind(), Some(RefusalKind::RiskControl));
        stage.log.clear();
        for error in [
            stage.run(account.send(FRIEND, text("hi"))).unwrap_err(),
            stage.run(account.call(SingleUnread::new())).unwrap_err(),
            stage.run(account.profile()).unwrap_err(),
            // Another process is stopped too.
            stage
                .run(restart(&stage, &account, 2).profile())
                .unwrap_err(),
        ] {
            assert!(matches!(error, Error::Stopped(_)), "{error}");
        }
        assert_eq!(stage.log.len(), 0);
        account.lift_stop();
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key]);
    }
}

#[test]
fn http_412_and_code_minus_412_stop_the_account_too() {
    for kind in [http(412), code(-412)] {
        let mut stage = stage();
        let account = warm(&mut stage);
        fault(&mut stage, Rule::new("single_unread", When::Once, kind));
        let error = stage.run(account.call(SingleUnread::new())).unwrap_err();
        assert_eq!(error.kind(), Some(RefusalKind::RiskControl));
        let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
        assert!(matches!(error, Error::Stopped(_)), "{error}");
    }
}

#[test]
fn a_clock_an_hour_off_is_corrected_by_the_services_answers() {
    for ahead in [3600, -3600] {
        // From the start, and from one moment to the next.
        let mut stage = stage();
        stage.service.skew_clock(ahead);
        let account = stage.account(login(), 1).build();
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key]);
        assert_eq!(posts(&stage), 1);

        let mut stage = self::stage();
        let account = warm(&mut stage);
        stage.service.skew_clock(ahead);
        let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
        assert_eq!(written(&stage, "hi"), [sent.msg_key]);
        // Reading the conversation first told the time.
        assert_eq!(posts(&stage), 1);

        // A lost answer is found all the same.
        fault(
            &mut stage,
            Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect(),
        );
        let sent = stage.run(account.send(FRIEND, text("ho"))).unwrap();
        assert_eq!(written(&stage, "ho"), [sent.msg_key]);
    }
}

#[test]
fn a_service_that_says_when_to_come_back_is_obeyed() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let kind = Kind::Http {
        status: 429,
        body: PageBody::Html,
        retry_after: Some(120),
    };
    fault(&mut stage, Rule::new("send_msg", When::Once, kind));
    let error = stage.run(account.send(FRIEND, text("hi"))).unwrap_err();
    let Error::RateLimited(limited) = &error else {
        panic!("{error}")
    };
    assert!(limited.retry_after >= Duration::from_secs(120));
    stage.advance(Duration::from_secs(100));
    stage.log.clear();
    for error in [
        stage.run(account.send(FRIEND, text("hi"))).unwrap_err(),
        stage.run(account.call(SingleUnread::new())).unwrap_err(),
        stage
            .run(restart(&stage, &account, 2).profile())
            .unwrap_err(),
    ] {
        let Error::RateLimited(limited) = &error else {
            panic!("{error}")
        };
        let rest = limited.retry_after.as_secs_f64();
        assert!((19.0..=20.0).contains(&rest), "{rest}");
    }
    assert_eq!(stage.log.len(), 0);
    stage.advance(Duration::from_secs(21));
    stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(written(&stage, "hi").len(), 1);
}

#[test]
fn a_recall_whose_answer_is_lost_is_repeated() {
    for after in [true, false] {
        for end in open_ends() {
            let mut stage = stage();
            let account = warm(&mut stage);
            let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
            let rule = Rule::new("send_msg", When::Once, end.clone());
            fault(&mut stage, if after { rule.after_effect() } else { rule });
            stage
                .run(account.recall(FRIEND, sent.msg_key))
                .unwrap_or_else(|error| panic!("{end:?}: {error}"));
            let messages = stage.service.snapshot(stage.sim_now()).messages;
            let recalls = messages
                .iter()
                .filter(|m| m.msg_type == 5 && m.from.0 == OWN);
            assert_eq!(recalls.count(), 1);
            let recalled = (messages.iter()).find(|m| m.msg_key.0 == sent.msg_key.0);
            assert_eq!(recalled.unwrap().msg_status, 1);
        }
    }
}

#[test]
fn a_message_recalled_before_is_not_recalled_again() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    stage.run(account.recall(FRIEND, sent.msg_key)).unwrap();
    let error = stage.run(account.recall(FRIEND, sent.msg_key)).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::AlreadyRecalled));
}

#[test]
fn a_recalled_message_still_confirms_its_ticket() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let mut dying = until_send(&mut stage, account.send_ticket(ticket.clone()));
    let _ = stage.deliver(dying.take_outgoing().unwrap());
    drop(dying);
    let key = written(&stage, "hi")[0];
    let restarted = restart(&stage, &account, 2);
    stage.run(restarted.recall(FRIEND, key)).unwrap();
    assert_eq!(
        stage.run(restarted.confirm(ticket)).unwrap(),
        Confirmation::Sent(key)
    );
}

#[test]
fn a_snapshot_carries_the_account_to_another_process() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let snapshot = account.snapshot(stage.now());
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
    for secret in ["sim-10001", &format!("{OWN:032}")] {
        assert!(!json.contains(secret), "{json}");
    }
    let restored = restart(&stage, &account, 2);
    assert_eq!(restored.device_id(), account.device_id());
    assert_eq!(restored.snapshot(stage.now()), snapshot);
    stage.run(restored.send(FRIEND, text("hi"))).unwrap();
    // The keys came along; only the session had to be read.
    assert_eq!(asked(&stage, "nav"), 0);
    assert!(account.revision() > 0);
}

#[test]
fn another_accounts_snapshot_is_refused() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let snapshot = account.snapshot(stage.now());
    let other = Credential::new("sim-10002", &format!("{:032}", 10_002), FRIEND).unwrap();
    let refused = stage.account(other, 2).restore(&snapshot, stage.now());
    assert_eq!(refused.unwrap_err(), InvalidSnapshot::Foreign(Uid(OWN)));
    let mut later = serde_json::to_value(&snapshot).unwrap();
    later["version"] = 99.into();
    let later: Snapshot = serde_json::from_value(later).unwrap();
    let refused = stage.account(login(), 2).restore(&later, stage.now());
    assert_eq!(refused.unwrap_err(), InvalidSnapshot::Version(99));
}

#[test]
fn a_cookie_that_does_not_say_whose_it_is_is_asked_about() {
    let mut stage = stage();
    let cookie = format!("SESSDATA=sim-{OWN}; bili_jct={OWN:032}");
    let account = stage
        .account(Credential::parse(&cookie).unwrap(), 1)
        .build();
    assert_eq!(account.uid(), None);
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    assert_eq!(account.uid(), Some(Uid(OWN)));
    assert_eq!(written(&stage, "hi"), [sent.msg_key]);
    let error = stage.run(account.send(Uid(OWN), text("hi"))).unwrap_err();
    assert_eq!(error, InvalidArgument::ToSelf.into());
}

#[test]
fn bad_input_is_refused_before_any_request() {
    let mut stage = stage();
    let account = stage.account(login(), 1).build();
    let reader = Credential::parse(&format!("SESSDATA=sim-{OWN}; DedeUserID={OWN}")).unwrap();
    let reader = stage.account(reader, 2).build();
    for (error, wanted) in [
        (
            stage.run(account.send(Uid(OWN), text("hi"))).unwrap_err(),
            InvalidArgument::ToSelf.into(),
        ),
        (
            stage.run(account.send(Uid(0), text("hi"))).unwrap_err(),
            InvalidArgument::NobodysNumber.into(),
        ),
        (
            stage
                .run(account.prepare_send(Uid(OWN), text("hi")))
                .unwrap_err(),
            InvalidArgument::ToSelf.into(),
        ),
        (
            stage.run(account.recall(FRIEND, MsgKey(0))).unwrap_err(),
            InvalidArgument::NoMessagesKey.into(),
        ),
        (
            stage
                .run(account.call(FetchSessionMsgs::new(Uid(0))))
                .unwrap_err(),
            InvalidArgument::NobodysNumber.into(),
        ),
        (
            stage.run(reader.send(FRIEND, text("hi"))).unwrap_err(),
            Missing::CsrfToken.into(),
        ),
        (
            stage.run(reader.recall(FRIEND, MsgKey(1))).unwrap_err(),
            Missing::CsrfToken.into(),
        ),
    ] {
        assert_eq!(error, Error::Invalid(wanted));
    }
    assert_eq!(stage.log.len(), 0);
}

/// When requests of that name went out.
fn moments(stage: &Stage, is_wanted: impl Fn(&bili_im_tests::Exchange) -> bool) -> Vec<Duration> {
    (stage.log.iter())
        .filter(|exchange| is_wanted(exchange))
        .map(|exchange| exchange.at.mono.0)
        .collect()
}

#[test]
fn writes_are_a_second_apart_and_reads_after_five() {
    let mut stage = stage();
    let account = stage.account(login(), 1).pacing(Pacing::default()).build();
    let sends = ["a", "b", "c", "d"].map(|letter| account.send(FRIEND, text(letter)));
    assert!(stage.run_all(sends).iter().all(Result::is_ok));
    let writes = moments(&stage, |exchange| exchange.is_send());
    assert_eq!(writes.len(), 4);
    for pair in writes.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(1), "{writes:?}");
    }
    stage.advance(Duration::from_secs(60));
    let start = stage.now().mono.0;
    stage.log.clear();
    for _ in 0..8 {
        stage.run(account.call(SingleUnread::new())).unwrap();
    }
    let reads = moments(&stage, |_| true);
    assert!(reads[4] - start < Duration::from_secs(1), "{reads:?}");
    for pair in reads[5..].windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(999), "{reads:?}");
    }
    assert!(reads[7] - start >= Duration::from_secs(3), "{reads:?}");
}

#[test]
fn too_fast_is_answered_by_waits_that_double_from_half_a_minute() {
    let mut stage = stage();
    let account = stage.account(login(), 1).pacing(Pacing::default()).build();
    let kind = Kind::Http {
        status: 429,
        body: PageBody::Json,
        retry_after: None,
    };
    fault(&mut stage, Rule::new("single_unread", When::First(8), kind));
    for wanted in [30, 60, 120, 240, 480, 960, 1800, 1800] {
        let error = stage.run(account.call(SingleUnread::new())).unwrap_err();
        let Error::RateLimited(limited) = error else {
            panic!("{error}")
        };
        let waited = limited.retry_after.as_secs_f64();
        let wanted = f64::from(wanted);
        assert!(
            waited >= wanted && waited <= wanted * 1.5,
            "{waited} {wanted}"
        );
        let held = stage.run(account.call(SingleUnread::new())).unwrap_err();
        assert!(matches!(held, Error::RateLimited(held) if held.refusal.is_none()));
        stage.advance(limited.retry_after);
    }
    stage.run(account.call(SingleUnread::new())).unwrap();
    assert_eq!(asked(&stage, "single_unread"), 9);
}

#[test]
fn looking_for_one_message_does_not_make_older_ones_look_new() {
    let mut stage = stage();
    let account = warm(&mut stage);
    // Long before, from the phone.
    let friend = bili_im_sim::Talker::user(FRIEND.0);
    let old = Message::text(OWN, friend, "ok");
    let now = stage.sim_now();
    stage.service.write(old, now).unwrap();
    stage.advance(Duration::from_secs(60));
    let ticket = stage.run(account.prepare_send(FRIEND, text("ok"))).unwrap();
    assert_eq!(
        stage.run(account.confirm(ticket.clone())).unwrap(),
        Confirmation::Absent(Box::new(ticket))
    );
    fault(
        &mut stage,
        Rule::new("send_msg", When::Once, Kind::BreakOff),
    );
    let lost = stage.run(account.send(FRIEND, text("ok")));
    assert!(matches!(lost, Err(Error::Unconfirmed(_))), "{lost:?}");
}

#[test]
fn a_ticket_that_is_under_way_is_never_confirmed_as_absent() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    stage.advance(Duration::from_secs(60));
    let mut sending = Running::new(account.send_ticket(ticket.clone()));
    while sending
        .outgoing()
        .is_none_or(|out| out.effect != bili_im_proto::Effect::Once)
    {
        sending.turn(&mut stage);
    }
    let found = stage.run(account.confirm(ticket.clone())).unwrap();
    assert_eq!(found, Confirmation::CannotTell);
    let again = stage.run(account.send_ticket(ticket)).unwrap_err();
    assert!(
        matches!(again, Error::Invalid(Invalid::UsedTicket)),
        "{again}"
    );
}
