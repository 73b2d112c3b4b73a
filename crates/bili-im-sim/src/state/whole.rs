//! Everything the service remembers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Between, Draft, Logins, QrCodes, Session, SessionView, Written, lag::come_by};
use crate::{
    answer::Refusal,
    chance::Chance,
    codes::SERVER_ERROR,
    ids::{GroupId, MsgKey, Seqno, Talker, Uid},
    time::UnixMicros,
    wbi::KeyRing,
    world::{Account, Group, Knows, Message, Options, World},
};

/// More than any test writes, less than memory holds.
const MOST_MESSAGES: usize = 1_000_000;

/// Everything the service remembers.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) accounts: BTreeMap<Uid, Account>,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    pub(crate) key_ring: KeyRing,
    pub(crate) chance: Chance,
    pub(crate) logins: Logins,
    pub(crate) qr_codes: QrCodes,
    pub(crate) upcoming_keys: VecDeque<MsgKey>,
    pub(crate) recent_sends: BTreeMap<Uid, VecDeque<UnixMicros>>,
    pub(super) changed_settings: BTreeMap<(Uid, &'static str), u8>,
    pub(super) conversations: BTreeMap<Between, Vec<Written>>,
    pub(super) mailboxes: BTreeMap<Uid, BTreeMap<Talker, Session>>,
    pub(super) places: BTreeMap<MsgKey, (Between, Seqno)>,
    pub(super) newest: Seqno,
    /// As it passes, whatever the clock shows.
    pub(super) time: UnixMicros,
}

impl State {
    /// The state that a checked world is in at the start.
    pub(crate) fn new(world: World, start: UnixMicros) -> Self {
        let World {
            accounts,
            groups,
            mut messages,
            options,
            faults: _,
        } = world;
        let mut state = Self {
            key_ring: KeyRing::new(options.seed),
            chance: Chance::new(options.seed),
            upcoming_keys: options.msg_keys.iter().copied().collect(),
            recent_sends: BTreeMap::new(),
            changed_settings: BTreeMap::new(),
            logins: Logins::of(&accounts),
            qr_codes: QrCodes::default(),
            accounts: accounts
                .into_iter()
                .map(|account| (account.uid, account))
                .collect(),
            groups: groups.into_iter().map(|group| (group.id, group)).collect(),
            conversations: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            places: BTreeMap::new(),
            newest: Seqno(0),
            time: UnixMicros(0),
            options,
        };
        messages.sort_by_key(|message| std::cmp::Reverse(message.seconds_ago));
        for message in messages {
            state.pass(before(start, message.seconds_ago));
            state.write(message, start);
        }
        state.pass(start);
        state.apply_settings(start);
        state
    }

    fn apply_settings(&mut self, start: UnixMicros) {
        for (uid, account) in &self.accounts {
            let mailbox = self.mailboxes.entry(*uid).or_default();
            for settings in &account.sessions {
                let session = mailbox.entry(settings.talker).or_default();
                session.top_ts = if settings.pinned {
                    start
                } else {
                    UnixMicros(0)
                };
                session.muted = settings.muted;
                session.intercepted = settings.intercepted;
            }
        }
    }

    /// Whether `uid` follows `other`.
    pub(crate) fn follows(&self, uid: Uid, other: Uid) -> bool {
        self.accounts
            .get(&uid)
            .is_some_and(|account| account.follows.contains(&other))
    }

    /// Whether that account is the service's own.
    pub(crate) fn is_system(&self, uid: Uid) -> bool {
        self.accounts
            .get(&uid)
            .is_some_and(|account| account.system_msg_type != 0)
    }

    /// Whether there is no more room for messages.
    pub(crate) fn is_full(&self) -> bool {
        self.places.len() >= MOST_MESSAGES
    }

    /// Refuses when there is no more room for messages.
    pub(crate) fn ensure_room(&self) -> Result<(), Refusal> {
        if self.is_full() {
            Err(SERVER_ERROR.because("the simulated service is full of messages"))
        } else {
            Ok(())
        }
    }

    /// Writes a message as worlds have them.
    pub(crate) fn write(&mut self, message: Message, now: UnixMicros) -> (MsgKey, Seqno) {
        let sent_at = before(now, message.seconds_ago);
        let read = message.read;
        let talker = message.talker;
        let from = message.from;
        let draft = Draft::from_world(message, sent_at);
        let key = self.unused_key(draft.sent_at);
        let seqno = self.append(key, draft);
        if read {
            for reader in self.participants(Between::of(from, talker)) {
                if let Some(session) = self.session_mut(reader, Between::of(from, talker)) {
                    session.read_upto(seqno, now);
                }
            }
        }
        (key, seqno)
    }

    /// Adds a message to its conversation.
    pub(crate) fn append(&mut self, key: MsgKey, draft: Draft) -> Seqno {
        self.newest = Seqno(self.newest.0 + 1);
        let seqno = self.newest;
        let between = Between::of(draft.from, draft.talker);
        let (from, sent_at, is_tip) = (draft.from, draft.sent_at, draft.is_tip());
        let readers: BTreeSet<Uid> = draft.only_for.map_or_else(
            || self.participants(between),
            |reader| BTreeSet::from([reader]),
        );
        for reader in readers {
            if let Some(talker) = between.talker_for(reader) {
                self.mailboxes
                    .entry(reader)
                    .or_default()
                    .entry(talker)
                    .or_default();
            }
        }
        self.conversations
            .entry(between)
            .or_default()
            .push(Written {
                key,
                seqno,
                came_at: self.time,
                draft,
            });
        self.places.insert(key, (between, seqno));
        // Sending marks the session read (docs/protocol.md §5).
        if !is_tip && let Some(session) = self.session_mut(from, between) {
            session.read_upto(seqno, sent_at);
        }
        seqno
    }

    fn participants(&self, between: Between) -> BTreeSet<Uid> {
        match between {
            Between::Users(one, other) => BTreeSet::from([one, other]),
            Between::Group(group) => self
                .groups
                .get(&group)
                .map(|group| group.members.clone())
                .unwrap_or_default(),
        }
    }

    /// The key that the next send gets.
    pub(crate) fn next_key(&mut self, now: UnixMicros) -> MsgKey {
        while let Some(key) = self.upcoming_keys.pop_front() {
            if !self.places.contains_key(&key) {
                return key;
            }
        }
        self.unused_key(now)
    }

    /// A key made as the service makes them: seconds above, something random below.
    pub(super) fn unused_key(&mut self, now: UnixMicros) -> MsgKey {
        loop {
            let key = MsgKey((now.as_secs() << 32) | self.chance.below(1 << 32));
            if !self.places.contains_key(&key) && !self.upcoming_keys.contains(&key) {
                return key;
            }
        }
    }

    /// A message that `owner` can see in the session with `talker`, to change it.
    pub(crate) fn message_mut(
        &mut self,
        owner: Uid,
        talker: Talker,
        key: MsgKey,
    ) -> Option<&mut Written> {
        let (between, seqno) = self.places.get(&key)?;
        if *between != Between::of(owner, talker) {
            return None;
        }
        let messages = self.conversations.get_mut(between)?;
        let at = messages
            .binary_search_by_key(seqno, |message| message.seqno)
            .ok()?;
        messages
            .get_mut(at)
            .filter(|message| message.is_shown_to(owner))
    }

    /// What `owner` and `talker` have written, oldest first, up to what had come by some moment.
    pub(crate) fn conversation_as_of(
        &self,
        owner: Uid,
        talker: Talker,
        moment: Option<UnixMicros>,
    ) -> &[Written] {
        come_by(self.conversation(owner, talker), moment)
    }

    /// What `owner` and `talker` have written, oldest first.
    pub(crate) fn conversation(&self, owner: Uid, talker: Talker) -> &[Written] {
        self.conversations
            .get(&Between::of(owner, talker))
            .map_or(&[], Vec::as_slice)
    }

    /// Every message there is.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Written> {
        self.conversations.values().flatten()
    }

    /// One session as its owner sees it, unless nothing is in it or it was removed.
    pub(crate) fn session(&self, owner: Uid, talker: Talker) -> Option<SessionView<'_>> {
        let session = self.mailboxes.get(&owner)?.get(&talker)?;
        SessionView::new(owner, talker, session, self.conversation(owner, talker))
    }

    /// The sessions of one account, in no order that matters.
    pub(crate) fn sessions(&self, owner: Uid) -> impl Iterator<Item = SessionView<'_>> {
        self.sessions_as_of(owner, None)
    }

    /// The same, with nothing in them that had not come by some moment.
    pub(crate) fn sessions_as_of(
        &self,
        owner: Uid,
        moment: Option<UnixMicros>,
    ) -> impl Iterator<Item = SessionView<'_>> {
        let mailbox = self.mailboxes.get(&owner);
        mailbox
            .into_iter()
            .flatten()
            .filter_map(move |(talker, session)| {
                let messages = self.conversation_as_of(owner, *talker, moment);
                SessionView::new(owner, *talker, session, messages)
            })
    }
}

fn before(now: UnixMicros, seconds: u64) -> UnixMicros {
    now.plus_secs(-i64::try_from(seconds).unwrap_or(i64::MAX))
}

impl Knows for State {
    fn knows(&self, talker: Talker) -> bool {
        match talker {
            Talker::User(uid) => self.accounts.contains_key(&uid),
            Talker::Group(group) => self.groups.contains_key(&group),
        }
    }
}
