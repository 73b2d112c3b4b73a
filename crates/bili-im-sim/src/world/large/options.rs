//! The size and seed of a large mailbox.

use serde::{Deserialize, Serialize};

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
