//! The world of the examples in the protocol's source document.

use super::{Account, Message, World};
use crate::ids::{MsgKey, Talker, Uid};

const OWNER: Uid = Uid(293_793_435);
const CREATOR: Uid = Uid(1);
const UNFOLLOWED: Uid = Uid(2);

impl World {
    /// The world of the source document's examples.
    ///
    /// Account 293793435 has the cookies `xxx`, six unread messages from a user whom it follows and
    /// one from another user. The next two sends get the message keys of the examples. [In classic
    /// mode](Self::in_mode) the answers are those of the examples.
    #[must_use]
    pub fn seed() -> Self {
        let mut owner = Account::new(OWNER);
        owner.sessdata = "xxx".to_owned();
        owner.bili_jct = "xxx".to_owned();
        owner.follows.insert(CREATOR);
        let mut creator = Account::new(CREATOR);
        creator.follows.insert(OWNER);

        let unread = |from, nth: u64| {
            Message::text(from, Talker::User(OWNER), &format!("第{nth}条"))
                .seconds_ago(3600 - 60 * nth)
        };
        let mut messages: Vec<Message> = (1..=6).map(|nth| unread(CREATOR, nth)).collect();
        messages.push(unread(UNFOLLOWED, 7));

        let mut world = Self {
            accounts: vec![owner, creator, Account::new(UNFOLLOWED)],
            messages,
            ..Self::default()
        };
        world.options.msg_keys = vec![
            MsgKey(6_852_559_688_104_417_870),
            MsgKey(6_852_570_013_146_024_354),
        ];
        world
    }
}
