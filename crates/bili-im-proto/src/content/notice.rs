//! Notices of the service and their buttons (docs/protocol.md §9).

use super::first;
use crate::lenient::wire;

/// The kind of client that shows a notice. Buttons can lead elsewhere on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// A browser.
    Web,
    /// An Android phone.
    Android,
    /// An iPhone.
    Iphone,
    /// An iPad.
    Ipad,
}

/// A button of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Button {
    /// The link.
    pub url: String,
    /// The text on the button.
    pub label: String,
}

/// The label of a button that has none of its own.
const DEFAULT_LABEL: &str = "查看详情";

wire! {
    /// A notice of the service.
    #[derive(Eq)]
    pub struct Notice {
        /// Its title.
        pub title: String,
        /// Its text.
        pub text: String,
        jump_text: String,
        jump_uri: String,
        jump_uri_config: JumpConfig,
        jump_text_2: String,
        jump_uri_2: String,
        jump_uri_2_config: JumpConfig,
        jump_text_3: String,
        jump_uri_3: String,
        jump_uri_3_config: JumpConfig,
        /// Further lines.
        pub modules: Vec<NoticeModule>,
        /// The sender.
        pub notifier: Option<Notifier>,
    }
}

wire! {
    #[derive(Eq)]
    struct JumpConfig {
        all_uri: String,
        web_uri: String,
        android_uri: String,
        iphone_uri: String,
        ipad_uri: String,
        text: String,
    }
}

wire! {
    /// One line of a notice.
    #[derive(Eq)]
    pub struct NoticeModule {
        /// The line's label.
        pub title: String,
        /// The line itself.
        pub detail: String,
    }
}

wire! {
    /// The sender of a notice.
    #[derive(Eq)]
    pub struct Notifier {
        /// The name.
        pub nickname: String,
        /// The address of the avatar.
        pub avatar_url: String,
        /// The link to the sender.
        pub jump_url: String,
    }
}

impl Notice {
    /// The buttons, up to three, with the links and labels for `platform`. A button without a link
    /// is left out.
    pub fn buttons(&self, platform: Platform) -> Vec<Button> {
        [
            (&self.jump_uri_config, &self.jump_uri, &self.jump_text),
            (&self.jump_uri_2_config, &self.jump_uri_2, &self.jump_text_2),
            (&self.jump_uri_3_config, &self.jump_uri_3, &self.jump_text_3),
        ]
        .into_iter()
        .filter_map(|(config, url, label)| config.button(platform, url, label))
        .collect()
    }

    pub(super) fn shown(&self) -> Option<String> {
        let texts = [&self.title, &self.text].into_iter();
        let texts: Vec<&str> = texts.filter_map(|text| first([text])).collect();
        if !texts.is_empty() {
            return Some(texts.join(": "));
        }
        let modules = (self.modules.iter()).flat_map(|module| [&module.title, &module.detail]);
        let modules: Vec<&str> = modules.filter_map(|text| first([text])).collect();
        let notifier = self.notifier.iter().map(|notifier| &notifier.nickname);
        let buttons = self.buttons(Platform::Web);
        let labels = buttons.iter().map(|button| &button.label);
        Some(modules.join(" "))
            .filter(|text| !text.is_empty())
            .or_else(|| first(notifier.chain(labels)).map(str::to_owned))
    }
}

impl JumpConfig {
    fn button(&self, platform: Platform, plain: &str, label: &str) -> Option<Button> {
        let own = match platform {
            Platform::Web => &self.web_uri,
            Platform::Android => &self.android_uri,
            Platform::Iphone => &self.iphone_uri,
            Platform::Ipad => &self.ipad_uri,
        };
        Some(Button {
            url: first([own.as_str(), &self.all_uri, plain])?.to_owned(),
            label: first([self.text.as_str(), label, DEFAULT_LABEL])?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Content, msg_type::MsgType};

    fn notice(json: &str) -> Notice {
        match Content::parse(MsgType::Notice, json) {
            Content::Notice(notice) => *notice,
            other => panic!("{other:?}"),
        }
    }

    fn buttons(json: &str, platform: Platform) -> Vec<(String, String)> {
        let buttons = notice(json).buttons(platform).into_iter();
        buttons.map(|button| (button.url, button.label)).collect()
    }

    #[test]
    fn a_link_is_the_platforms_or_the_one_for_all_or_the_plain_one() {
        let json = r#"{"jump_uri":"plain","jump_text":"label",
            "jump_uri_config":{"all_uri":"all","web_uri":"web","text":"config"},
            "jump_uri_2":"plain2","jump_uri_2_config":{"all_uri":"all2"},
            "jump_uri_3":"plain3","jump_text_3":"label3","jump_uri_3_config":null}"#;
        let owned = |pairs: [(&str, &str); 3]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(
            buttons(json, Platform::Web),
            owned([
                ("web", "config"),
                ("all2", "查看详情"),
                ("plain3", "label3")
            ])
        );
        assert_eq!(
            buttons(json, Platform::Ipad),
            owned([
                ("all", "config"),
                ("all2", "查看详情"),
                ("plain3", "label3")
            ])
        );
    }

    #[test]
    fn without_an_address_there_is_no_button() {
        let json = r#"{"title":"t","jump_text":"label","jump_uri_config":{"text":"config"},"modules":null,"notifier":null}"#;
        assert_eq!(buttons(json, Platform::Web), []);
    }

    #[test]
    fn modules_and_notifier_are_read() {
        let notice = notice(
            r#"{"title":"t","text":"x","modules":[{"title":"a","detail":"b"},null],"notifier":{"nickname":"n"}}"#,
        );
        assert_eq!(notice.modules.len(), 1);
        assert_eq!(notice.notifier.unwrap().nickname, "n");
    }
}
