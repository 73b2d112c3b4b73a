//! What people do on their phones, as `/_sim/act` writes it.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, MsgKey, Seqno, Talker, Uid};

/// What somebody does on their phone.
///
/// ```
/// use bili_im_sim::{Act, Uid};
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let act: Act = serde_json::from_str(r#"{"follow":{"uid":1,"other":2}}"#)?;
/// assert_eq!(act, Act::Follow { uid: Uid(1), other: Uid(2) });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Act {
    /// Recalls an own message, however old.
    Recall {
        /// Who does it.
        uid: Uid,
        /// The message.
        msg_key: MsgKey,
    },
    /// Follows a user.
    Follow {
        /// Who does it.
        uid: Uid,
        /// Whom.
        other: Uid,
    },
    /// Does not follow a user any more.
    Unfollow {
        /// Who does it.
        uid: Uid,
        /// Whom.
        other: Uid,
    },
    /// Blocks a user.
    Block {
        /// Who does it.
        uid: Uid,
        /// Whom.
        other: Uid,
    },
    /// Does not block a user any more.
    Unblock {
        /// Who does it.
        uid: Uid,
        /// Whom.
        other: Uid,
    },
    /// Joins a group. What was said in it before counts as read.
    Join {
        /// Who does it.
        uid: Uid,
        /// Which group.
        group: GroupId,
    },
    /// Leaves a group, and loses the session with it.
    Leave {
        /// Who does it; not the owner.
        uid: Uid,
        /// Which group.
        group: GroupId,
    },
    /// Dissolves a group, whose owner does it.
    Dissolve {
        /// Which group.
        group: GroupId,
    },
    /// Marks a session read.
    Ack {
        /// Who does it.
        uid: Uid,
        /// The session.
        talker: Talker,
        /// Up to which message; to the newest when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upto: Option<Seqno>,
    },
    /// Pins a session.
    Pin {
        /// Who does it.
        uid: Uid,
        /// The session.
        talker: Talker,
    },
    /// Unpins a session.
    Unpin {
        /// Who does it.
        uid: Uid,
        /// The session.
        talker: Talker,
    },
    /// Mutes a session, even before there is one.
    Mute {
        /// Who does it.
        uid: Uid,
        /// The session.
        talker: Talker,
    },
    /// Does not mute a session any more.
    Unmute {
        /// Who does it.
        uid: Uid,
        /// The session.
        talker: Talker,
    },
    /// Intercepts a user, even before they write.
    Intercept {
        /// Who does it.
        uid: Uid,
        /// Whom.
        other: Uid,
    },
    /// Does not intercept a user any more.
    Unintercept {
        /// Who does it.
        uid: Uid,
        /// Whom.
        other: Uid,
    },
    /// Removes a session until something newer comes.
    Remove {
        /// Who does it.
        uid: Uid,
        /// The session.
        talker: Talker,
    },
}
