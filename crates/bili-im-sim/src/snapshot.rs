//! Everything there is to see in a service.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    counters::{Count, Counters},
    faults::{Plan, RuleState},
    ids::{MsgKey, Seqno, Talker, Uid},
    state::{SETTINGS, SessionView, State, Written},
    time::{Clock, UnixMicros},
    world::{Accepts, Account, Group, Mode},
};

/// Everything there is to see in a service, login tokens aside.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The service's clock.
    pub clock: ClockState,
    /// Which of the service's ages is simulated.
    pub mode: Mode,
    /// Where chance and signing keys come from.
    pub seed: u64,
    /// The signing keys in force.
    pub signing_keys: SigningKeys,
    /// The accounts.
    pub accounts: Vec<AccountState>,
    /// The groups.
    pub groups: Vec<Group>,
    /// All messages, oldest first.
    pub messages: Vec<MessageState>,
    /// The faults that are set.
    pub faults: Vec<RuleState>,
    /// How often each path was asked; those that lead nowhere are counted as `unknown`.
    pub requests: BTreeMap<&'static str, Count>,
}

/// The service's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClockState {
    /// What it shows.
    pub now: UnixMicros,
    /// How much time was let pass.
    pub advanced_seconds: u64,
    /// How far it is ahead of its callers'.
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

/// The two signing keys (docs/protocol.md §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SigningKeys {
    /// The stem of `img_url`.
    pub img: String,
    /// The stem of `sub_url`.
    pub sub: String,
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
    /// Whom it follows.
    pub follows: BTreeSet<Uid>,
    /// Whom it blocks.
    pub blocks: BTreeSet<Uid>,
    /// Whose messages it accepts.
    pub accepts: Accepts,
    /// Its settings, under the service's names (docs/protocol.md §10).
    pub settings: BTreeMap<&'static str, u8>,
    /// Its sessions.
    pub sessions: Vec<SessionState>,
}

/// One session as its owner has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionState {
    /// The other side.
    pub talker: Talker,
    /// How many messages are unread.
    pub unread: usize,
    /// Up to where it is read.
    pub ack_seqno: Seqno,
    /// Its newest message.
    pub max_seqno: Seqno,
    /// When it last changed.
    pub session_ts: UnixMicros,
    /// Kept at the head of the list.
    pub pinned: bool,
    /// `is_dnd`.
    pub muted: bool,
    /// Moved among the intercepted ones.
    pub intercepted: bool,
    /// Its pushes are not received.
    pub pushes_off: bool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MessageState {
    /// Its unique id.
    pub msg_key: MsgKey,
    /// Its place.
    pub msg_seqno: Seqno,
    /// Who wrote it.
    pub from: Uid,
    /// To whom.
    pub talker: Talker,
    /// What it is.
    pub msg_type: u32,
    /// The JSON text of its content.
    pub content: String,
    /// 0 normal, 1 recalled, 2 removed by the system.
    pub msg_status: u32,
    /// Where it was written.
    pub msg_source: u32,
    /// When, in seconds since 1970.
    pub timestamp: u64,
    /// The only one to see it, if any.
    pub only_for: Option<Uid>,
}

impl Snapshot {
    pub(crate) fn new(
        state: &State,
        clock: Clock,
        faults: &Plan,
        counters: &Counters,
        now: UnixMicros,
    ) -> Self {
        let clock = ClockState::new(clock, now);
        let keys = state.key_ring.keys(clock.now);
        let mut messages: Vec<MessageState> = state.messages().map(MessageState::from).collect();
        messages.sort_by_key(|message| message.msg_seqno);
        Self {
            clock,
            mode: state.options.mode,
            seed: state.options.seed,
            signing_keys: SigningKeys {
                img: keys.img,
                sub: keys.sub,
            },
            accounts: state
                .accounts
                .values()
                .map(|account| AccountState::new(account, state))
                .collect(),
            groups: state.groups.values().cloned().collect(),
            messages,
            faults: faults.rules().to_vec(),
            requests: counters.all().clone(),
        }
    }
}

impl AccountState {
    fn new(account: &Account, state: &State) -> Self {
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
            sessions: state
                .sessions(account.uid)
                .map(SessionState::from)
                .collect(),
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
        let draft = &written.draft;
        Self {
            msg_key: written.key,
            msg_seqno: written.seqno,
            from: draft.from,
            talker: draft.talker,
            msg_type: draft.msg_type,
            content: draft.content.clone(),
            msg_status: draft.msg_status,
            msg_source: draft.msg_source,
            timestamp: draft.sent_at.as_secs(),
            only_for: draft.only_for,
        }
    }
}
