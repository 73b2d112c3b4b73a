//! The users and groups of a large mailbox.

use super::words::{name, text};
use crate::{
    chance::Chance,
    ids::{GroupId, Talker, Uid},
    world::{Account, Group, SessionSettings},
};

/// Its users and groups have numbers from this on.
pub(in crate::world) const FIRST_ID: u64 = 1_000_000;

const SYSTEM_ACCOUNTS: [(u32, &str); 5] = [
    (1, "主播小助手"),
    (5, "系统通知"),
    (7, "UP主小助手"),
    (8, "客服"),
    (9, "支付通知"),
];

/// The other side of a session, and who writes there besides the owner.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) talker: Talker,
    pub(super) writers: Vec<Uid>,
    pub(super) is_system: bool,
}

#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) accounts: Vec<Account>,
    pub(super) groups: Vec<Group>,
    pub(super) peers: Vec<Peer>,
}

impl People {
    /// Draws the peers of this many sessions, and the owner's settings of the sessions.
    pub(super) fn draw(owner: &mut Account, sessions: usize, chance: &mut Chance) -> Self {
        let systems = SYSTEM_ACCOUNTS.len().min(sessions / 10);
        let groups = sessions / 12;
        let users = sessions - systems - groups;
        let mut people = Self::default();
        for nth in 0..users {
            let account = user(people.next_uid(), owner, chance);
            settle(owner, account.uid, nth);
            people.add(account);
        }
        for (kind, name) in SYSTEM_ACCOUNTS.into_iter().take(systems) {
            let mut account = Account::new(people.next_uid());
            name.clone_into(&mut account.name);
            account.system_msg_type = kind;
            people.add(account);
        }
        for nth in 0..groups {
            people.add_group(GroupId(FIRST_ID + nth as u64), owner.uid, users, chance);
        }
        people
    }

    fn next_uid(&self) -> Uid {
        Uid(FIRST_ID + self.accounts.len() as u64)
    }

    fn add(&mut self, account: Account) {
        self.peers.push(Peer {
            talker: account.uid.into(),
            writers: vec![account.uid],
            is_system: account.system_msg_type != 0,
        });
        self.accounts.push(account);
    }

    /// Adds a group of the owner and some users.
    fn add_group(&mut self, id: GroupId, owner: Uid, users: usize, chance: &mut Chance) {
        let members = 2 + chance.below(12);
        let member = |_| Uid(FIRST_ID + chance.below(users as u64));
        let members: Vec<Uid> = (0..members).map(member).collect();
        let others = members.iter().copied();
        self.groups
            .push(Group::new(id, name(chance), owner, others));
        self.peers.push(Peer {
            talker: Talker::Group(id),
            writers: members,
            is_system: false,
        });
    }
}

/// A user who perhaps follows the owner, or is followed.
fn user(uid: Uid, owner: &mut Account, chance: &mut Chance) -> Account {
    let mut account = Account::new(uid);
    account.name = name(chance);
    account.sign = text(chance);
    account.level = u8::try_from(chance.below(7)).unwrap_or(0);
    if chance.below(3) > 0 {
        account.follows.insert(owner.uid);
    }
    if chance.below(2) == 0 {
        owner.follows.insert(uid);
    }
    account
}

/// Pins, mutes or intercepts the session with some users.
fn settle(owner: &mut Account, uid: Uid, nth: usize) {
    let mut settings = SessionSettings::new(uid);
    // Few, because pinned sessions lead every page of the list.
    settings.pinned = nth < 3;
    settings.muted = nth % 40 == 5;
    settings.intercepted = nth % 90 == 10;
    if settings.pinned || settings.muted || settings.intercepted {
        owner.sessions.push(settings);
    }
}
