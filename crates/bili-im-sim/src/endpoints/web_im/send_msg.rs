//! Send or recall a message: `POST /web_im/v1/web_im/send_msg`.

use std::time::Duration;

use serde::Serialize;

use super::{
    content::{Content, renamed},
    fields::{Sending, check_device, check_query},
};
use crate::{
    answer::{Data, Refusal},
    call::Call,
    ids::{MsgKey, Talker, Uid},
    state::{Delivery, Draft, FROM_WEB},
    wire::{Address, Emoticon, emoticons},
};

/// How long after sending a message can be recalled (docs/protocol.md §5).
const WINDOW: Duration = Duration::from_secs(120);

/// Words for which the service adds a warning of fraud.
const SUSPICIOUS: [&str; 3] = ["转账", "汇款", "付款"];

#[derive(Serialize)]
struct ClassicSent {
    msg_key: u64,
    #[serde(rename = "_gt_")]
    gt: u8,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let owner = call.owner()?;
    let form = call.form()?;
    if !call.is_classic() {
        call.check_signature()?;
        check_query(&call.request.query, &form)?;
        check_device(&form)?;
    }
    let sending = Sending::read(&form, owner)?;
    let content = Content::read(&sending, call.is_classic())?;
    call.state.ensure_room()?;
    let key = match content {
        Content::Recall(target) => recall(call, owner, sending.talker, target)?,
        Content::Text | Content::Image => {
            let delivery = call.state.may_write(owner, sending.talker)?;
            call.state.count_send(owner, call.now)?;
            append(call, owner, &sending, content, delivery)
        }
    };
    Ok(if call.is_classic() {
        Data::of(&ClassicSent {
            msg_key: key.0,
            gt: 0,
        })
    } else if matches!(content, Content::Recall(_)) {
        Data::of(&Recalled::new(key))
    } else {
        Data::of(&Accepted::new(key, &sending, content))
    })
}

fn append(
    call: &mut Call<'_>,
    owner: Uid,
    sending: &Sending,
    content: Content,
    delivery: Delivery,
) -> MsgKey {
    let stored = match content {
        Content::Text => renamed(&sending.content, &call.state.options.renamed_emoticons),
        Content::Image | Content::Recall(_) => sending.content.clone(),
    };
    let key = call.state.next_key(call.now);
    call.state.append(
        key,
        Draft {
            from: owner,
            talker: sending.talker,
            msg_type: sending.msg_type,
            content: stored,
            msg_source: FROM_WEB,
            msg_status: 0,
            sent_at: call.now,
            at_uids: Vec::new(),
            only_for: (delivery == Delivery::Swallowed).then_some(owner),
            old: false,
        },
    );
    key
}

/// Recalls `target` and adds the message that announces it.
fn recall(
    call: &mut Call<'_>,
    owner: Uid,
    talker: Talker,
    target: MsgKey,
) -> Result<MsgKey, Refusal> {
    let recall = call
        .state
        .recall(owner, talker, target, Some(WINDOW), call.now)?;
    let key = call.state.next_key(call.now);
    call.state.append(key, recall);
    Ok(key)
}

/// The answer of today's service to a send.
#[derive(Serialize)]
struct Accepted<'a> {
    msg_key: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_infos: Option<Vec<Emoticon>>,
    key_hit_infos: KeyHitInfos,
}

/// An empty object, or a warning for the user.
#[derive(Default, Serialize)]
struct KeyHitInfos {
    #[serde(skip_serializing_if = "Option::is_none")]
    toast: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high_text: Option<Vec<&'static str>>,
}

/// The answer to a recall.
#[derive(Serialize)]
struct Recalled {
    msg_key: u64,
    key_hit_infos: KeyHitInfos,
}

impl Recalled {
    fn new(key: MsgKey) -> Self {
        Self {
            msg_key: key.0,
            key_hit_infos: KeyHitInfos::default(),
        }
    }
}

impl<'a> Accepted<'a> {
    fn new(key: MsgKey, sending: &'a Sending, content: Content) -> Self {
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
