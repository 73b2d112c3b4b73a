//! Contents that show something elsewhere.

use crate::{content::GroupId, lenient::wire, time::UnixSeconds};

wire! {
    /// The share of a video, an article and the like.
    #[derive(Eq)]
    pub struct Share {
        /// Who made it.
        pub author: String,
        /// Its headline; may be empty.
        pub headline: String,
        /// Its number.
        pub id: u64,
        /// What it is: 2 album, 3 text, 4 live, 5 video, 6 article, 7 season, 8 music, 9 animation,
        /// 10 image, 11 dynamic, 16 episode, 17 season.
        pub source: Option<u64>,
        /// What it is, in the service's words.
        pub source_desc: String,
        /// The address of its picture.
        pub thumb: String,
        /// Its title.
        pub title: String,
        /// Its address.
        pub url: String,
        /// A video's other number; may be empty.
        pub bvid: String,
    }
}

impl Share {
    pub(super) fn headline_or_title(&self) -> &str {
        if self.headline.is_empty() {
            &self.title
        } else {
            &self.headline
        }
    }
}

wire! {
    /// A mini program.
    #[derive(Eq)]
    pub struct MiniProgram {
        /// The address of its symbol.
        pub avatar: String,
        /// The address of its picture.
        pub cover: String,
        /// Its number.
        pub id: String,
        /// Its address.
        pub jump_uri: String,
        /// The address of its label's picture.
        pub label_cover: String,
        /// Its label.
        pub label_name: String,
        /// Its name.
        pub name: String,
        /// What is shown of it.
        pub title: String,
    }
}

wire! {
    /// What a creator adds to a push.
    #[derive(Eq)]
    pub struct AttachMsg {
        /// Its number.
        pub id: u64,
        /// What it says.
        pub content: String,
    }
}

wire! {
    /// A pushed video. It may shrink to its number and what its creator added.
    #[derive(Eq)]
    pub struct VideoPush {
        /// Its title.
        pub title: String,
        /// Its length in seconds (`times`).
        #[serde(rename = "times")]
        pub length: u64,
        /// The address of its picture.
        pub cover: String,
        /// Its number.
        pub rid: u64,
        /// Its description.
        pub desc: String,
        /// Its other number.
        pub bvid: String,
        /// How often it was seen.
        pub view: u64,
        /// How many comments fly over it.
        pub danmaku: u64,
        /// When it was published.
        pub pub_date: Option<UnixSeconds>,
        /// What its creator added.
        pub attach_msg: Option<AttachMsg>,
    }
}

wire! {
    /// A pushed article. It may shrink to its number and what its author added.
    #[derive(Eq)]
    pub struct ArticlePush {
        /// Its number.
        pub rid: u64,
        /// Its title.
        pub title: String,
        /// Its beginning.
        pub summary: String,
        /// Who wrote it.
        pub author: String,
        /// How often it was read.
        pub view: u64,
        /// How many like it.
        pub like: u64,
        /// How many comments it has.
        pub reply: u64,
        /// How it is shown.
        pub template_id: u64,
        /// The addresses of its pictures.
        pub image_urls: Vec<String>,
        /// When it was published.
        pub pub_date: Option<UnixSeconds>,
        /// What its author added.
        pub attach_msg: Option<AttachMsg>,
    }
}

wire! {
    /// A card with a picture.
    #[derive(Eq)]
    pub struct PictureCard {
        /// The address of the picture.
        pub pic_url: String,
        /// Where it leads.
        pub jump_url: String,
        /// What it says; may be empty.
        pub title: String,
    }
}

wire! {
    /// The share of other things, such as a live room.
    #[derive(Eq)]
    pub struct ShareOther {
        /// Who made it.
        pub author: String,
        /// The address of its picture.
        pub cover: String,
        /// Its description.
        pub desc: String,
        /// What it is, in the service's words.
        pub source: String,
        /// Its title.
        pub title: String,
        /// Its address.
        pub url: String,
    }
}

wire! {
    /// Works pushed on follow.
    #[derive(Eq)]
    pub struct Works {
        /// The title above them.
        pub main_title: String,
        /// What the creator says.
        pub reply_content: String,
        /// The works.
        pub sub_cards: Vec<Work>,
    }
}

wire! {
    /// One of the works pushed on follow.
    #[derive(Eq)]
    pub struct Work {
        /// Its number.
        pub card_id: u64,
        /// What it is.
        pub card_type: Option<u64>,
        /// Its address.
        pub jump_url: String,
        /// The address of its picture.
        pub cover_url: String,
        /// Its title.
        pub field1: String,
        /// A line about it.
        pub field2: String,
        /// A line about it.
        pub field3: String,
        /// A line about it.
        pub field4: String,
        /// The address of the third line's symbol.
        pub icon3: String,
        /// The address of the fourth line's symbol.
        pub icon4: String,
    }
}

wire! {
    /// Something that happened in a group.
    #[derive(Eq)]
    pub struct GroupEvent {
        /// The group.
        pub group_id: GroupId,
        /// What happened, in the service's words.
        pub content: String,
    }
}
