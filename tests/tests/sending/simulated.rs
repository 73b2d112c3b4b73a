//! The simulated service, with the demo's world, and an account of it.

use std::{fmt::Debug, time::Duration};

use bili_im_proto::{
    Account, Credential, Flow, GroupId, MsgKey, SendTicket, SentMessage, Snapshot, Text, Uid,
};
use bili_im_sim::{
    Message, Options, World,
    faults::{Kind, Rule, When},
};
pub(crate) use bili_im_tests::faults::{code, http};
use bili_im_tests::{Running, Stage, local_account, sim_login};

pub(crate) const OWN: u64 = 10_001;

pub(crate) const FRIEND: Uid = Uid(10_002);

pub(crate) const STRANGER: Uid = Uid(10_003);

pub(crate) const FANS: GroupId = GroupId(20_001);

pub(crate) fn stage() -> Stage {
    Stage::new(World::demo()).unwrap()
}

pub(crate) fn stage_with(change: impl FnOnce(&mut Options)) -> Stage {
    let mut world = World::demo();
    change(&mut world.options);
    Stage::new(world).unwrap()
}

pub(crate) fn login() -> Credential {
    sim_login(OWN)
}

/// An account that knows its keys and the newest message of its friend's session, five minutes ago.
pub(crate) fn warm(stage: &mut Stage) -> Account {
    let account = local_account(login(), 1).build();
    let ticket = account.prepare_send(FRIEND, text("never sent"));
    stage.run(ticket).unwrap();
    stage.time.advance(Duration::from_secs(300));
    stage.time.seen.clear();
    account
}

/// The demo's world, and such an account of it.
pub(crate) fn warm_stage() -> (Stage, Account) {
    let mut stage = stage();
    let account = warm(&mut stage);
    (stage, account)
}

/// The same, with a ticket for a text to the friend.
pub(crate) fn prepared() -> (Stage, Account, SendTicket) {
    let (mut stage, account) = warm_stage();
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    (stage, account, ticket)
}

pub(crate) fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// The keys of the own messages with this text, oldest first.
pub(crate) fn written(stage: &Stage, text: &str) -> Vec<MsgKey> {
    let content = serde_json::json!({ "content": text }).to_string();
    let messages = stage.service.snapshot(stage.sim_now()).messages;
    (messages.iter())
        .filter(|message| message.from.0 == OWN && message.content == content)
        .map(|message| MsgKey(message.msg_key.0))
        .collect()
}

pub(crate) fn posts(stage: &Stage) -> usize {
    stage.time.seen.iter().filter(|seen| seen.is_send()).count()
}

/// Loses the next send on its way to the service.
pub(crate) fn lose_request(stage: &mut Stage) {
    stage.fault(Rule::new("send_msg", When::Once, Kind::BreakOff));
}

/// Loses the answer to the next send, which takes effect.
pub(crate) fn lose_answer(stage: &mut Stage) {
    stage.fault(Rule::new("send_msg", When::Once, Kind::BreakOff).after_effect());
}

/// The friend writes so many messages to the group.
pub(crate) fn crowd(stage: &mut Stage, messages: usize) {
    for _ in 0..messages {
        let message = Message::text(FRIEND.0, bili_im_sim::Talker::group(FANS.0), "me too");
        stage.write(message);
    }
}

/// The account in another process, restored from its snapshot.
pub(crate) fn restart(stage: &Stage, account: &Account, entropy: u8) -> Account {
    let stored = serde_json::to_string(&account.snapshot(stage.time.now)).unwrap();
    let snapshot: Snapshot = serde_json::from_str(&stored).unwrap();
    let builder = local_account(login(), entropy);
    builder.restore(&snapshot, stage.time.now).unwrap().build()
}

/// Drives a flow until its send is about to be answered.
pub(crate) fn until_send<Item: Debug>(
    stage: &mut Stage,
    flow: Flow<Item, SentMessage>,
) -> Running<SentMessage, Item> {
    let mut running = Running::new(flow);
    stage.turn_until(&mut running, |running| running.asks() == Some("send_msg"));
    running
}
