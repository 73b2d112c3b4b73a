//! What today's service answers to a send (docs/protocol.md §5).

use serde::Serialize;

use super::content::Content;
use super::fields::Sending;
use crate::ids::{MsgKey, Talker};
use crate::wire::{Address, Emoticon, emoticons};

/// Words that make the service warn of fraud.
const SUSPICIOUS: [&str; 3] = ["转账", "汇款", "付款"];

#[derive(Serialize)]
pub(super) struct Accepted<'a> {
    msg_key: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_infos: Option<Vec<Emoticon>>,
    key_hit_infos: KeyHitInfos,
}

/// Nothing at all, or a warning to be shown.
#[derive(Default, Serialize)]
struct KeyHitInfos {
    #[serde(skip_serializing_if = "Option::is_none")]
    toast: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high_text: Option<Vec<&'static str>>,
}

/// What a recall gets.
#[derive(Serialize)]
pub(super) struct Recalled {
    msg_key: u64,
    key_hit_infos: KeyHitInfos,
}

impl Recalled {
    pub(super) fn new(key: MsgKey) -> Self {
        Self {
            msg_key: key.0,
            key_hit_infos: KeyHitInfos::default(),
        }
    }
}

impl<'a> Accepted<'a> {
    pub(super) fn new(key: MsgKey, sending: &'a Sending, content: Content) -> Self {
        let text = (content == Content::Text).then_some(sending.content.as_str());
        let warned = text.filter(|_| matches!(sending.talker, Talker::User(_)));
        Self {
            msg_key: key.0,
            msg_content: text,
            e_infos: text.and_then(|text| emoticons(&[text], Address::Uri)),
            key_hit_infos: warned.map(KeyHitInfos::new).unwrap_or_default(),
        }
    }
}

impl KeyHitInfos {
    fn new(text: &str) -> Self {
        let hit: Vec<&str> = SUSPICIOUS
            .into_iter()
            .filter(|word| text.contains(word))
            .collect();
        if hit.is_empty() {
            return Self::default();
        }
        Self {
            toast: Some("请勿轻信汇款、转账等信息,谨防诈骗"),
            rule_id: Some(1),
            high_text: Some(hit),
        }
    }
}
