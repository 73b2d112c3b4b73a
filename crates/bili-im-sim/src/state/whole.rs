//! The state of the service, and how messages are added to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    BlockWord, ChangeKind, ConversationId, Logins, QrCodes, ReplyText, Session, SessionView,
    Written, changes::Change, conversation::arrived_by,
};
use crate::{
    answer::Refusal,
    chance::Chance,
    codes::SERVER_ERROR,
    ids::{GroupId, MsgKey, Seqno, Talker, Uid},
    push::Connections,
    time::UnixMicros,
    wbi::KeyRing,
    world::{Account, Group, Knows, MOST_MESSAGES, Mailbox, Message, Options, World},
};

/// The state of the service.
#[derive(Debug, Default)]
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
    pub(crate) block_words: BTreeMap<Uid, Vec<BlockWord>>,
    /// The texts of automatic replies of all accounts, by id.
    pub(crate) reply_texts: Vec<ReplyText>,
    pub(crate) push: Connections,
    /// What users are told next.
    pub(crate) changes: Vec<Change>,
    pub(super) changed_settings: BTreeMap<(Uid, &'static str), u8>,
    pub(super) conversations: BTreeMap<ConversationId, Vec<Written>>,
    pub(super) mailboxes: BTreeMap<Uid, BTreeMap<Talker, Session>>,
    /// Where each message is.
    pub(super) places: BTreeMap<MsgKey, (ConversationId, Seqno)>,
    pub(crate) newest: Seqno,
    /// The time without skew.
    pub(super) time: UnixMicros,
}

impl State {
    /// The state of a checked world at the start.
    pub(crate) fn new(mut world: World, start: UnixMicros) -> Self {
        let mailbox = Mailbox::of(&mut world);
        let World {
            options,
            mut messages,
            ..
        } = world;
        let accounts = world.accounts.into_iter();
        let groups = world.groups.into_iter();
        let accounts: BTreeMap<_, _> = accounts.map(|account| (account.uid, account)).collect();
        let mut state = Self {
            key_ring: KeyRing::new(options.seed),
            chance: Chance::new(options.seed),
            upcoming_keys: options.msg_keys.iter().copied().collect(),
            logins: Logins::of(accounts.values()),
            accounts,
            groups: groups.map(|group| (group.id, group)).collect(),
            options,
            ..Self::default()
        };
        if let Some(mailbox) = mailbox {
            state.fill(mailbox, start);
        }
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

    /// Whether the account is a system account.
    pub(crate) fn is_system(&self, uid: Uid) -> bool {
        self.accounts
            .get(&uid)
            .is_some_and(|account| account.system_msg_type != 0)
    }

    /// Whether the account gets the newest messages whatever it asks for.
    pub(crate) fn repeats_page(&self, uid: Uid) -> bool {
        self.accounts
            .get(&uid)
            .is_some_and(|account| account.repeats_page)
    }

    /// Whether the service holds as many messages as it may.
    pub(crate) fn is_full(&self) -> bool {
        self.newest.0 >= MOST_MESSAGES
    }

    /// Refuses when the service is full.
    pub(crate) fn ensure_room(&self) -> Result<(), Refusal> {
        if self.is_full() {
            Err(SERVER_ERROR.because("the simulated service is full of messages"))
        } else {
            Ok(())
        }
    }

    /// Writes a message of a world or a control path.
    pub(crate) fn write(&mut self, message: Message, now: UnixMicros) -> (MsgKey, Seqno) {
        let sent_at = before(now, message.seconds_ago);
        let id = ConversationId::of(message.from, message.talker);
        let is_read = message.read;
        let key = if message.keyless {
            MsgKey(0)
        } else {
            self.unused_key(sent_at)
        };
        let seqno = self.append(key, message, sent_at);
        if is_read {
            for reader in self.participants(id) {
                if let Some(session) = self.session_mut(reader, id) {
                    session.read_upto(seqno, now);
                }
            }
        }
        (key, seqno)
    }

    /// Adds a message to its conversation.
    pub(crate) fn append(&mut self, key: MsgKey, message: Message, sent_at: UnixMicros) -> Seqno {
        self.newest = Seqno(self.newest.0 + 1);
        let seqno = self.newest;
        let id = ConversationId::of(message.from, message.talker);
        let (from, is_tip) = (message.from, message.is_tip());
        let readers = match message.only_for {
            Some(reader) => BTreeSet::from([reader]),
            None => self.participants(id),
        };
        for reader in readers {
            if let Some(talker) = id.talker_for(reader) {
                self.settings_mut(reader, talker);
                if message.is_shown_to(reader) {
                    self.tell(reader, ChangeKind::Message { talker, seqno });
                }
            }
        }
        self.conversations.entry(id).or_default().push(Written {
            key,
            seqno,
            sent_at,
            arrived_at: self.time,
            content_seed: None,
            message,
        });
        // A key of 0 names no message.
        if key != MsgKey(0) {
            self.places.insert(key, (id, seqno));
        }
        // Sending marks the session read (docs/protocol.md §5).
        if !is_tip && let Some(session) = self.session_mut(from, id) {
            session.read_upto(seqno, sent_at);
        }
        seqno
    }

    pub(super) fn participants(&self, id: ConversationId) -> BTreeSet<Uid> {
        match id {
            ConversationId::Users(one, other) => BTreeSet::from([one, other]),
            ConversationId::Group(group) => self
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

    /// A new key as the service makes it: seconds in the upper half, random bits in the lower.
    pub(super) fn unused_key(&mut self, now: UnixMicros) -> MsgKey {
        loop {
            let key = MsgKey((now.as_secs() << 32) | self.chance.below(1 << 32));
            if !self.places.contains_key(&key) && !self.upcoming_keys.contains(&key) {
                return key;
            }
        }
    }

    /// A message of the session with `talker` that `owner` can see, to change it.
    pub(crate) fn message_mut(
        &mut self,
        owner: Uid,
        talker: Talker,
        key: MsgKey,
    ) -> Option<&mut Written> {
        let (id, _) = self.places.get(&key)?;
        if *id != ConversationId::of(owner, talker) {
            return None;
        }
        self.written_mut(key)
            .filter(|written| written.message.is_shown_to(owner))
    }

    /// A message, to change it.
    pub(super) fn written_mut(&mut self, key: MsgKey) -> Option<&mut Written> {
        let (id, seqno) = self.places.get(&key)?;
        let messages = self.conversations.get_mut(id)?;
        let at = messages
            .binary_search_by_key(seqno, |message| message.seqno)
            .ok()?;
        messages.get_mut(at)
    }

    /// The messages between `owner` and `talker` that had arrived by a moment, oldest first.
    pub(crate) fn conversation_as_of(
        &self,
        owner: Uid,
        talker: Talker,
        moment: Option<UnixMicros>,
    ) -> &[Written] {
        arrived_by(self.conversation(owner, talker), moment)
    }

    /// The messages between `owner` and `talker`, oldest first.
    pub(crate) fn conversation(&self, owner: Uid, talker: Talker) -> &[Written] {
        self.conversations
            .get(&ConversationId::of(owner, talker))
            .map_or(&[], Vec::as_slice)
    }

    /// Remembers what a user is told, if anyone listens.
    pub(super) fn tell(&mut self, uid: Uid, kind: ChangeKind) {
        if self.push.subscribed(uid).next().is_some() {
            self.changes.push(Change { uid, kind });
        }
    }

    /// A message of the session between `owner` and `talker`.
    pub(crate) fn message(&self, owner: Uid, talker: Talker, seqno: Seqno) -> Option<&Written> {
        let messages = self.conversation(owner, talker);
        let at = messages.binary_search_by_key(&seqno, |written| written.seqno);
        messages.get(at.ok()?)
    }

    /// All messages.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Written> {
        self.conversations.values().flatten()
    }

    /// A session as its owner sees it; `None` when it is empty or hidden.
    pub(crate) fn session(&self, owner: Uid, talker: Talker) -> Option<SessionView<'_>> {
        let session = self.mailboxes.get(&owner)?.get(&talker)?;
        SessionView::new(owner, talker, session, self.conversation(owner, talker))
    }

    /// The visible sessions of an account, in any order.
    pub(crate) fn sessions(&self, owner: Uid) -> impl Iterator<Item = SessionView<'_>> {
        self.sessions_as_of(owner, None)
    }

    /// The sessions of an account as they were at a moment.
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

pub(super) fn before(now: UnixMicros, seconds: u64) -> UnixMicros {
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
