//! A large mailbox: who is in it, and its messages in the order of their time.

use super::{
    message::draw,
    people::{Peer, People},
    timeline::{Moment, lengths, moments},
};
use crate::{
    chance::Chance,
    ids::Uid,
    world::{Message, World},
};

/// The mailbox of a world's first account.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) owner: Uid,
    pub(crate) peers: Vec<Peer>,
    /// The number of messages with each peer.
    pub(crate) lengths: Vec<u64>,
    pub(crate) chance: Chance,
}

impl Mailbox {
    /// The mailbox that a world asks for. Adds its users and groups to the world.
    pub(crate) fn of(world: &mut World) -> Option<Self> {
        let large = world.large?;
        let mut chance = Chance::new(large.seed);
        let sessions = usize::try_from(large.sessions).ok()?;
        let owner = world.accounts.first_mut()?;
        let people = People::draw(owner, sessions, &mut chance);
        let mailbox = Self {
            owner: owner.uid,
            peers: people.peers,
            lengths: lengths(sessions, large.messages.into(), &mut chance),
            chance,
        };
        world.accounts.extend(people.accounts);
        world.groups.extend(people.groups);
        Some(mailbox)
    }

    /// When each message was sent, the earliest first.
    pub(crate) fn moments(&mut self) -> Vec<Moment> {
        moments(&self.lengths, &mut self.chance)
    }

    /// A message of this age with a peer. Its content is made of a seed.
    pub(crate) fn message(&mut self, peer: usize, seconds_ago: u64) -> Option<Message> {
        let peer = self.peers.get(peer)?;
        Some(draw(self.owner, peer, seconds_ago, &mut self.chance))
    }
}
