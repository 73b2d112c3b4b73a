//! The demo world.

use super::{Account, Group, Message, Whim, World};
use crate::ids::{GroupId, Talker, Uid};

const CREATOR: Uid = Uid(10001);
const FRIEND: Uid = Uid(10002);
const STRANGER: Uid = Uid(10003);
const FANS: GroupId = GroupId(20001);

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

impl World {
    /// The demo world: a creator (10001) and a friend (10002) who follow each other, a stranger
    /// (10003) who has written nothing, and a fan group (20001).
    #[must_use]
    pub fn demo() -> Self {
        let mut creator = person(CREATOR, "演示UP主", "每周三更新");
        creator.level = 6;
        creator.fans = 12_000;
        creator.follows.insert(FRIEND);
        let mut friend = person(FRIEND, "铁粉小明", "");
        friend.follows.insert(CREATOR);
        let stranger = person(STRANGER, "路过的陌生人", "什么都没有写");

        let mut first = Message::text(FRIEND, Talker::User(CREATOR), "UP主你好,关注你很久了!")
            .seconds_ago(400 * DAY);
        first.old = true;
        let to_friend =
            |text, ago| Message::text(CREATOR, Talker::User(FRIEND), text).seconds_ago(ago);
        let to_creator =
            |text, ago| Message::text(FRIEND, Talker::User(CREATOR), text).seconds_ago(ago);
        let picture = r#"{"url":"https://i0.hdslb.com/bfs/im_new/demo.jpg","width":640,"height":480,"imageType":"jpeg","type":"jpeg","original":1,"size":87}"#;
        let mut joined = Message::new(
            0,
            Talker::Group(FANS),
            306,
            r#"{"group_id":20001,"content":"铁粉小明加入了群聊"}"#,
        )
        .seconds_ago(3 * DAY);
        joined.msg_source = 13;

        let mut world = Self {
            accounts: vec![creator, friend, stranger],
            groups: vec![Group::new(FANS, "演示UP主的应援团", CREATOR, [FRIEND])],
            messages: vec![
                first,
                to_friend("谢谢支持![doge]", 400 * DAY - HOUR),
                joined,
                Message::text(CREATOR, Talker::Group(FANS), "欢迎大家").seconds_ago(3 * DAY - 60),
                Message::new(FRIEND, Talker::User(CREATOR), 2, picture).seconds_ago(2 * DAY),
                to_friend("这张图拍得真好", 2 * DAY - HOUR),
                to_creator("什么时候更新呀?", 3 * HOUR),
                Message::text(FRIEND, Talker::Group(FANS), "新视频什么时候发?")
                    .seconds_ago(2 * HOUR),
                to_creator("催更[doge]", 30),
            ],
            ..Self::default()
        };
        world.options.seed = 1;
        world.options.last_msg_missing = Whim::Never;
        world
    }
}

fn person(uid: Uid, name: &str, sign: &str) -> Account {
    let mut account = Account::new(uid);
    name.clone_into(&mut account.name);
    sign.clone_into(&mut account.sign);
    account
}
