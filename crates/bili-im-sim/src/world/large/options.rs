//! The size and seed of a large mailbox.

use serde::{Deserialize, Serialize};

use super::people::FIRST_ID;
use crate::world::{Account, World, WorldError, check::MOST_MESSAGES};

/// A mailbox with very many messages. The same seed gives the same messages.
///
/// ```
/// use bili_im_sim::{Large, World};
///
/// let world = World::large(Large { sessions: 50, messages: 3_000, ..Large::default() });
/// # assert!(world.check().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Large {
    /// Determines everything in it.
    pub seed: u64,
    /// The number of sessions, at least 1.
    pub sessions: u32,
    /// The number of messages, at least one for each session.
    pub messages: u32,
}

impl Default for Large {
    /// 1,000,000 messages in 3,000 sessions.
    fn default() -> Self {
        Self {
            seed: 1,
            sessions: 3_000,
            messages: 1_000_000,
        }
    }
}

impl World {
    /// One account (10001) with very many messages of about five years: with users whom it follows
    /// and others, fan groups, and system accounts. These are added when the service starts.
    #[must_use]
    pub fn large(large: Large) -> Self {
        let mut owner = Account::new(10001);
        "收件箱很满的UP主".clone_into(&mut owner.name);
        owner.level = 6;
        owner.fans = 1_000_000;
        let mut world = Self {
            accounts: vec![owner],
            large: Some(large),
            ..Self::default()
        };
        world.options.seed = large.seed;
        world
    }
}

impl Large {
    pub(in crate::world) fn check(self, world: &World) -> Result<(), WorldError> {
        let users_are_apart = world
            .accounts
            .iter()
            .all(|account| account.uid.0 < FIRST_ID);
        let groups_are_apart = world.groups.iter().all(|group| group.id.0 < FIRST_ID);
        let problem = if !(1..=self.messages).contains(&self.sessions) {
            "it needs a session, and a message for each session".to_owned()
        } else if u64::from(self.messages) > MOST_MESSAGES {
            format!("a service holds at most {MOST_MESSAGES} messages")
        } else if world.accounts.is_empty() {
            "there is no account whose mailbox it fills".to_owned()
        } else if !users_are_apart || !groups_are_apart {
            format!("its own users and groups have the numbers from {FIRST_ID} on")
        } else {
            return Ok(());
        };
        Err(WorldError::invalid("large", problem))
    }
}
