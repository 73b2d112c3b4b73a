//! The words of an export that are ours, in both languages.

use bili_im_proto::{Talker, Uid};

/// The language of an export's own words. What people wrote stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// The same words in English and Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(pub(super) &'static str, pub(super) &'static str);

pub(super) const IMAGE: Words = Words("image", "图片");
pub(super) const RECALLED: Words = Words("recalled message", "已撤回的消息");
pub(super) const RECALL: Words = Words("recalled a message", "撤回了一条消息");

impl Words {
    pub(super) fn of(self, language: Language) -> &'static str {
        match language {
            Language::English => self.0,
            Language::Chinese => self.1,
        }
    }
}

impl Language {
    /// The language's tag, as HTML has it.
    pub(super) fn tag(self) -> &'static str {
        Words("en", "zh-CN").of(self)
    }

    /// A conversation or a user without a known name.
    pub(super) fn talker(self, talker: Talker) -> String {
        let kind = match talker {
            Talker::User(_) => Words("user", "用户"),
            _ => Words("group", "应援团"),
        };
        format!("{} {}", kind.of(self), talker.id())
    }

    /// A user without a known name.
    pub(super) fn user(self, uid: Uid) -> String {
        self.talker(Talker::User(uid))
    }

    /// Such as `1 message`, `2 messages`.
    pub(super) fn messages(self, count: usize) -> String {
        self.counted(count, "message", "条消息")
    }

    /// Such as `1 conversation`, `2 conversations`.
    pub(super) fn conversations(self, count: usize) -> String {
        self.counted(count, "conversation", "个会话")
    }

    fn counted(self, count: usize, english: &str, chinese: &str) -> String {
        match (self, count) {
            (Self::English, 1) => format!("1 {english}"),
            (Self::English, _) => format!("{count} {english}s"),
            (Self::Chinese, _) => format!("{count} {chinese}"),
        }
    }
}
