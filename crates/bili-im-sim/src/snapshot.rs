//! The visible state of a service.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    faults::RuleState,
    ids::{MsgKey, Seqno, Talker, Uid},
    state::{BlockWord, ReplyText, SETTINGS, SessionView, State, Written},
    time::{Clock, UnixMicros},
    wbi::SigningKeys,
    world::{Accepts, Account, Group, Mode},
};

/// The state of a service without login tokens.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The service's clock.
    pub clock: ClockState,
    /// Which version of the service is simulated.
    pub mode: Mode,
    /// The seed of random numbers and signing keys.
    pub seed: u64,
    /// The current signing keys.
    pub signing_keys: SigningKeys,
    /// The accounts.
    pub accounts: Vec<AccountState>,
    /// The groups.
    pub groups: Vec<Group>,
    /// All messages, oldest first.
    pub messages: Vec<MessageState>,
    /// The faults that are set.
    pub faults: Vec<RuleState>,
    /// How often each path was called; paths without an endpoint count as `unknown`.
    pub requests: BTreeMap<&'static str, Count>,
}

/// The counts by path.
pub(crate) type Requests = BTreeMap<&'static str, Count>;

/// How often one endpoint was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Count {
    /// All requests.
    pub requests: u64,
    /// Those that the service refused.
    pub refused: u64,
    /// Those whose answer a fault replaced.
    pub disturbed: u64,
}

/// The service's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClockState {
    /// The time that it shows.
    pub now: UnixMicros,
    /// How far it was advanced, in seconds.
    pub advanced_seconds: u64,
    /// How far it is wrong, in seconds; negative is behind.
    pub skew_seconds: i64,
}

impl ClockState {
    pub(crate) fn new(clock: Clock, now: UnixMicros) -> Self {
        Self {
            now: clock.at(now),
            advanced_seconds: clock.advanced_seconds,
            skew_seconds: clock.skew_seconds,
        }
    }
}

/// One account with its sessions.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AccountState {
    /// Its uid.
    pub uid: Uid,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: u8,
    /// The users that it follows.
    pub follows: BTreeSet<Uid>,
    /// The users that it blocks.
    pub blocks: BTreeSet<Uid>,
    /// Whose messages it accepts.
    pub accepts: Accepts,
    /// Its settings, under the service's names (docs/protocol.md §10).
    pub settings: BTreeMap<&'static str, u8>,
    /// Its block words, oldest first.
    pub block_words: Vec<BlockWord>,
    /// The texts of its automatic replies, oldest first.
    pub reply_texts: Vec<ReplyText>,
    /// Its sessions.
    pub sessions: Vec<SessionState>,
    /// How many push connections it has.
    pub push_connections: usize,
    /// How many notifications were sent to it, over all of its push connections.
    pub notifications: u64,
}

/// One session, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionState {
    /// The other side.
    pub talker: Talker,
    /// How many messages are unread.
    pub unread: usize,
    /// The newest message that is marked as read.
    pub ack_seqno: Seqno,
    /// Its newest message.
    pub max_seqno: Seqno,
    /// When its newest message was sent.
    pub session_ts: UnixMicros,
    /// Whether it is kept at the head of the list.
    pub pinned: bool,
    /// Whether it is muted (`is_dnd`).
    pub muted: bool,
    /// Whether it is in the list of intercepted sessions.
    pub intercepted: bool,
    /// Whether its pushes are turned off.
    pub pushes_off: bool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MessageState {
    /// Its unique id.
    pub msg_key: MsgKey,
    /// Its sequence number.
    pub msg_seqno: Seqno,
    /// The sender.
    pub from: Uid,
    /// The receiver.
    pub talker: Talker,
    /// Its type (docs/protocol.md §9).
    pub msg_type: u32,
    /// The JSON text of its content.
    pub content: String,
    /// 0 normal, 1 recalled, 2 removed by the system.
    pub msg_status: u32,
    /// Where it was written (docs/protocol.md §8).
    pub msg_source: u32,
    /// When it was sent, in seconds since 1970.
    pub timestamp: u64,
    /// The only user who sees it; `None` when everyone does.
    pub only_for: Option<Uid>,
}

impl Snapshot {
    pub(crate) fn new(
        state: &State,
        clock: Clock,
        faults: &[RuleState],
        requests: &Requests,
        now: UnixMicros,
    ) -> Self {
        let clock = ClockState::new(clock, now);
        let mut messages: Vec<MessageState> = state.messages().map(MessageState::from).collect();
        messages.sort_by_key(|message| message.msg_seqno);
        Self {
            clock,
            mode: state.options.mode,
            seed: state.options.seed,
            signing_keys: state.key_ring.keys(clock.now),
            accounts: state
                .accounts
                .values()
                .map(|account| AccountState::new(account, state))
                .collect(),
            groups: state.groups.values().cloned().collect(),
            messages,
            faults: faults.to_vec(),
            requests: requests.clone(),
        }
    }
}

impl AccountState {
    fn new(account: &Account, state: &State) -> Self {
        let (push_connections, notifications) = state.push.counts(account.uid);
        Self {
            uid: account.uid,
            name: account.name.clone(),
            level: account.level,
            follows: account.follows.clone(),
            blocks: account.blocks.clone(),
            accepts: account.accepts,
            settings: SETTINGS
                .iter()
                .map(|setting| (setting.name, state.setting(account.uid, setting)))
                .collect(),
            block_words: state
                .block_words
                .get(&account.uid)
                .cloned()
                .unwrap_or_default(),
            reply_texts: state
                .reply_texts
                .iter()
                .filter(|text| text.uid == account.uid)
                .cloned()
                .collect(),
            sessions: state
                .sessions(account.uid)
                .map(SessionState::from)
                .collect(),
            push_connections,
            notifications,
        }
    }
}

impl From<SessionView<'_>> for SessionState {
    fn from(view: SessionView<'_>) -> Self {
        Self {
            talker: view.talker,
            unread: view.unread(),
            ack_seqno: view.session.ack_seqno,
            max_seqno: view.max_seqno(),
            session_ts: view.session_ts(),
            pinned: view.is_pinned(),
            muted: view.session.muted,
            intercepted: view.session.intercepted,
            pushes_off: view.session.pushes_off,
        }
    }
}

impl From<&Written> for MessageState {
    fn from(written: &Written) -> Self {
        let message = &written.message;
        Self {
            msg_key: written.key,
            msg_seqno: written.seqno,
            from: message.from,
            talker: message.talker,
            msg_type: message.msg_type,
            content: written.content().into_owned(),
            msg_status: message.msg_status,
            msg_source: message.msg_source,
            timestamp: written.sent_at.as_secs(),
            only_for: message.only_for,
        }
    }
}
