//! Contents that link to something: shares, pushes, mini programs, group events (docs/protocol.md
//! §9).

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

use super::first;
use crate::{
    ids::GroupId,
    lenient::{Lenient, wire},
    time::UnixSeconds,
};

wire! {
    /// A shared video, article or the like.
    #[derive(Eq)]
    pub struct Share {
        /// Its author.
        pub author: String,
        /// Its headline; may be empty.
        pub headline: String,
        /// Its id.
        pub id: u64,
        /// What kind of thing: 2 album, 3 text, 4 live, 5 video, 6 article, 7 season, 8 music, 9
        /// animation, 10 image, 11 dynamic, 16 episode, 17 season.
        pub source: Option<u64>,
        /// What kind of thing, in the service's words.
        pub source_desc: String,
        /// The address of its picture.
        pub thumb: String,
        /// Its title.
        pub title: String,
        /// Its address.
        pub url: String,
        /// A video's `BV` id; may be empty.
        pub bvid: String,
    }
}

impl Share {
    pub(super) fn shown(&self) -> Option<&str> {
        let (heads, rest) = (
            [&self.headline, &self.title],
            [&self.author, &self.bvid, &self.url],
        );
        first(heads.into_iter().chain(rest))
    }
}

wire! {
    /// A mini program.
    #[derive(Eq)]
    pub struct MiniProgram {
        /// The address of its icon.
        pub avatar: String,
        /// The address of its picture.
        pub cover: String,
        /// Its id.
        pub id: String,
        /// Its address.
        pub jump_uri: String,
        /// The address of its label's icon.
        pub label_cover: String,
        /// Its label.
        pub label_name: String,
        /// Its name.
        pub name: String,
        /// The title shown.
        pub title: String,
    }
}

impl MiniProgram {
    pub(super) fn shown(&self) -> Option<&str> {
        first([&self.title, &self.name, &self.label_name, &self.jump_uri])
    }
}

wire! {
    struct AttachMsgWire {
        id: u64,
        content: String,
    }
}

/// What a creator adds to a push.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AttachMsg {
    /// Its id; 0 when there is none.
    pub id: u64,
    /// The text.
    pub content: String,
}

impl Lenient for AttachMsg {
    /// Some pushes have the text alone.
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let mut value = serde_json::Deserializer::from_str(json);
        let wire = if json.starts_with('"') {
            let content = String::lenient(&mut value).map_err(D::Error::custom)?;
            content.map(|content| AttachMsgWire { id: 0, content })
        } else {
            AttachMsgWire::lenient(&mut value).map_err(D::Error::custom)?
        };
        Ok(wire.map(|AttachMsgWire { id, content }| Self { id, content }))
    }
}

wire! {
    /// A pushed video. Some pushes hold only `rid` and `attach_msg`.
    #[derive(Eq)]
    pub struct VideoPush {
        /// Its title.
        pub title: String,
        /// Its length in seconds (`times`).
        #[serde(rename = "times")]
        pub length: u64,
        /// The address of its picture.
        pub cover: String,
        /// Its id.
        pub rid: u64,
        /// Its description.
        pub desc: String,
        /// Its `BV` id.
        pub bvid: String,
        /// How many views it has.
        pub view: u64,
        /// How many danmaku (comments shown over the video) it has.
        pub danmaku: u64,
        /// When it was published.
        pub pub_date: Option<UnixSeconds>,
        /// What its creator added.
        pub attach_msg: Option<AttachMsg>,
    }
}

impl VideoPush {
    pub(super) fn shown(&self) -> Option<String> {
        let added = self.attach_msg.as_ref().map(|added| &added.content);
        let texts = [&self.title, &self.desc].into_iter().chain(added);
        let id = || (self.rid > 0).then(|| format!("av{}", self.rid));
        first(texts.chain([&self.bvid]))
            .map(str::to_owned)
            .or_else(id)
    }
}

wire! {
    /// A pushed article. Some pushes hold only `rid` and `attach_msg`.
    #[derive(Eq)]
    pub struct ArticlePush {
        /// Its id.
        pub rid: u64,
        /// Its title.
        pub title: String,
        /// Its summary.
        pub summary: String,
        /// Its author.
        pub author: String,
        /// How many views it has.
        pub view: u64,
        /// How many likes it has.
        pub like: u64,
        /// How many comments it has.
        pub reply: u64,
        /// Which layout it is shown in.
        pub template_id: u64,
        /// The addresses of its images.
        pub image_urls: Vec<String>,
        /// When it was published.
        pub pub_date: Option<UnixSeconds>,
        /// What its author added.
        pub attach_msg: Option<AttachMsg>,
    }
}

impl ArticlePush {
    pub(super) fn shown(&self) -> Option<String> {
        let added = self.attach_msg.as_ref().map(|added| &added.content);
        let texts = [&self.title, &self.summary].into_iter().chain(added);
        let id = || (self.rid > 0).then(|| format!("cv{}", self.rid));
        first(texts).map(str::to_owned).or_else(id)
    }
}

wire! {
    /// A card with a picture.
    #[derive(Eq)]
    pub struct PictureCard {
        /// The address of the picture.
        pub pic_url: String,
        /// The link.
        pub jump_url: String,
        /// Its title; may be empty.
        pub title: String,
    }
}

impl PictureCard {
    pub(super) fn shown(&self) -> Option<&str> {
        first([&self.title, &self.jump_url, &self.pic_url])
    }
}

wire! {
    /// A shared thing of another kind, such as a live room.
    #[derive(Eq)]
    pub struct ShareOther {
        /// Its author.
        pub author: String,
        /// The address of its picture.
        pub cover: String,
        /// Its description.
        pub desc: String,
        /// What kind of thing, in the service's words.
        pub source: String,
        /// Its id (`sourceID`).
        #[serde(rename = "sourceID")]
        pub source_id: String,
        /// Its title.
        pub title: String,
        /// Its address.
        pub url: String,
    }
}

impl ShareOther {
    pub(super) fn shown(&self) -> Option<&str> {
        first([
            &self.title,
            &self.desc,
            &self.author,
            &self.source,
            &self.url,
        ])
    }
}

wire! {
    /// A shared text with a link.
    #[derive(Eq)]
    pub struct TextShare {
        /// Its title.
        pub title: String,
        /// The text.
        pub text: String,
        /// The link.
        pub jump_url: String,
    }
}

impl TextShare {
    pub(super) fn shown(&self) -> Option<&str> {
        first([&self.title, &self.text, &self.jump_url])
    }
}

wire! {
    /// A creator's works, pushed to new followers.
    #[derive(Eq)]
    pub struct Works {
        /// The title above the works.
        pub main_title: String,
        /// The creator's words.
        pub reply_content: String,
        /// The works.
        pub sub_cards: Vec<Work>,
    }
}

impl Works {
    pub(super) fn shown(&self) -> Option<&str> {
        let works = self.sub_cards.iter().map(|work| &work.field1);
        first(
            [&self.main_title, &self.reply_content]
                .into_iter()
                .chain(works),
        )
    }
}

wire! {
    /// One work in [`Works`].
    #[derive(Eq)]
    pub struct Work {
        /// Its id.
        pub card_id: u64,
        /// What kind of work.
        pub card_type: Option<u64>,
        /// Its address.
        pub jump_url: String,
        /// The address of its picture.
        pub cover_url: String,
        /// Its title.
        pub field1: String,
        /// A line about the work.
        pub field2: String,
        /// A line about the work.
        pub field3: String,
        /// A line about the work.
        pub field4: String,
        /// The address of the icon for `field3`.
        pub icon3: String,
        /// The address of the icon for `field4`.
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
