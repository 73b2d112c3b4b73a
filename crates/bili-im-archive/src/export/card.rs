//! Contents that are shown as cards.

use bili_im_proto::{
    ArticlePush, AttachMsg, MiniProgram, Notice, PictureCard, Platform, Share, ShareOther,
    TextShare, VideoPush, Work, Works,
};

use super::language::Words;

const SHARE: Words = Words("share", "分享");

/// A card: a title, some lines, a picture, links. Each may be empty.
#[derive(Debug)]
pub(super) struct Card {
    /// What it is.
    pub(super) kind: Words,
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    /// The address of the picture.
    pub(super) picture: String,
    /// Where the card leads.
    pub(super) url: String,
    /// The labels and addresses of its buttons.
    pub(super) buttons: Vec<(String, String)>,
    /// Cards within the card.
    pub(super) parts: Vec<Card>,
}

impl Card {
    pub(super) fn new(kind: Words, title: String, lines: impl IntoIterator<Item = String>) -> Self {
        let lines = lines.into_iter().filter(|line| !line.trim().is_empty());
        Self {
            kind,
            title,
            lines: lines.collect(),
            picture: String::new(),
            url: String::new(),
            buttons: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn leading_to(self, url: String, picture: String) -> Self {
        Self {
            url,
            picture,
            ..self
        }
    }
}

/// The address, or else that of the video.
fn url_or_video(url: String, bvid: &str) -> String {
    if url.is_empty() && !bvid.is_empty() {
        format!("https://www.bilibili.com/video/{bvid}")
    } else {
        url
    }
}

fn added(attached: Option<AttachMsg>) -> String {
    attached
        .map(|attached| attached.content)
        .unwrap_or_default()
}

impl From<Share> for Card {
    fn from(share: Share) -> Self {
        let (title, more) = if share.headline.is_empty() {
            (share.title, String::new())
        } else {
            (share.headline, share.title)
        };
        let url = url_or_video(share.url, &share.bvid);
        Self::new(SHARE, title, [more, share.author, share.source_desc])
            .leading_to(url, share.thumb)
    }
}

impl From<MiniProgram> for Card {
    fn from(program: MiniProgram) -> Self {
        let MiniProgram {
            title,
            name,
            label_name,
            ..
        } = program;
        Self::new(Words("mini program", "小程序"), title, [name, label_name])
            .leading_to(program.jump_uri, program.cover)
    }
}

impl From<Notice> for Card {
    fn from(notice: Notice) -> Self {
        let buttons = notice.buttons(Platform::Web).into_iter();
        let modules = notice.modules.into_iter().map(|module| {
            let between = if module.title.is_empty() { "" } else { ": " };
            format!("{}{between}{}", module.title, module.detail)
        });
        let notifier = notice.notifier.map(|notifier| notifier.nickname);
        let lines = [notice.text].into_iter().chain(modules).chain(notifier);
        Self {
            buttons: buttons.map(|button| (button.label, button.url)).collect(),
            ..Self::new(Words("notice", "通知"), notice.title, lines)
        }
    }
}

impl From<VideoPush> for Card {
    fn from(push: VideoPush) -> Self {
        let mut url = url_or_video(String::new(), &push.bvid);
        if url.is_empty() && push.rid > 0 {
            url = format!("https://www.bilibili.com/video/av{}", push.rid);
        }
        let length = match push.length {
            0 => String::new(),
            seconds => format!("{}:{:02}", seconds / 60, seconds % 60),
        };
        Self::new(
            Words("video", "视频"),
            push.title,
            [push.desc, length, added(push.attach_msg)],
        )
        .leading_to(url, push.cover)
    }
}

impl From<ArticlePush> for Card {
    fn from(push: ArticlePush) -> Self {
        let url = match push.rid {
            0 => String::new(),
            rid => format!("https://www.bilibili.com/read/cv{rid}"),
        };
        let picture = push.image_urls.into_iter().next().unwrap_or_default();
        let lines = [push.summary, push.author, added(push.attach_msg)];
        Self::new(Words("article", "专栏"), push.title, lines).leading_to(url, picture)
    }
}

impl From<PictureCard> for Card {
    fn from(card: PictureCard) -> Self {
        Self::new(Words("picture", "图片卡片"), card.title, [])
            .leading_to(card.jump_url, card.pic_url)
    }
}

impl From<ShareOther> for Card {
    fn from(share: ShareOther) -> Self {
        Self::new(SHARE, share.title, [share.desc, share.author, share.source])
            .leading_to(share.url, share.cover)
    }
}

impl From<TextShare> for Card {
    fn from(share: TextShare) -> Self {
        Self::new(SHARE, share.title, [share.text]).leading_to(share.jump_url, String::new())
    }
}

impl From<Works> for Card {
    fn from(works: Works) -> Self {
        Self {
            parts: works.sub_cards.into_iter().map(Self::from).collect(),
            ..Self::new(
                Words("works", "稿件"),
                works.main_title,
                [works.reply_content],
            )
        }
    }
}

impl From<Work> for Card {
    fn from(work: Work) -> Self {
        Self::new(
            Words("work", "稿件"),
            work.field1,
            [work.field2, work.field3, work.field4],
        )
        .leading_to(work.jump_url, work.cover_url)
    }
}
