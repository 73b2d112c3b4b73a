//! Send or recall a message: `POST /web_im/v1/web_im/send_msg`.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{
    content::{Content, renamed},
    fields::{Sending, check_device, check_query},
};
use crate::{endpoints::prelude::*, ids::MsgKey, state::Delivery, wire::emoticons, world::Message};

/// How long after sending a message can be recalled (docs/protocol.md §5).
const WINDOW: Duration = Duration::from_secs(120);

/// Words for which the service adds a warning of fraud.
const SUSPICIOUS: [&str; 3] = ["转账", "汇款", "付款"];

/// The answer to a send or a recall.
#[derive(Serialize)]
struct Sent<'a> {
    msg_key: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_infos: Option<Vec<Value>>,
    key_hit_infos: Value,
}

/// The answer in classic mode. The fields are in the order of the source document's example.
#[derive(Serialize)]
struct ClassicSent {
    msg_key: u64,
    #[serde(rename = "_gt_")]
    gt: u8,
}

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    if !call.is_classic() {
        call.check_signature()?;
        let is_strict = call.is_strict();
        check_query(&call.request.query, &form, is_strict)?;
        check_device(&form, is_strict)?;
    }
    let sending = Sending::read(&form, owner)?;
    let content = Content::read(&sending, call.is_classic())?;
    call.state.ensure_room()?;
    let message = match content {
        Content::Recall(target) => {
            let window = Some(WINDOW);
            call.state
                .recall(owner, sending.talker, target, window, call.now)?
        }
        Content::Text | Content::Image => written(call, owner, &sending, content)?,
    };
    let MsgKey(msg_key) = call.state.next_key(call.now);
    call.state.append(MsgKey(msg_key), message, call.now);
    if call.is_classic() {
        return Ok(Data::of(&ClassicSent { msg_key, gt: 0 }));
    }
    let text = (content == Content::Text).then_some(sending.content.as_str());
    let warned = text.filter(|_| matches!(sending.talker, Talker::User(_)));
    Ok(Data::of(&Sent {
        msg_key,
        msg_content: text,
        e_infos: text.and_then(|text| emoticons([text], "uri")),
        key_hit_infos: warned.map_or(json!({}), key_hit_infos),
    }))
}

/// A warning for the user, or an empty object.
fn key_hit_infos(text: &str) -> Value {
    let mut hit = SUSPICIOUS.to_vec();
    hit.retain(|word| text.contains(word));
    if hit.is_empty() {
        return json!({});
    }
    json!({
        "toast": "请勿轻信汇款、转账等信息,谨防诈骗",
        "rule_id": 1,
        "high_text": hit,
    })
}

/// The message that is sent, unless its sender may not write it.
fn written(
    call: &mut Call<'_>,
    owner: Uid,
    sending: &Sending,
    content: Content,
) -> Result<Message, Refusal> {
    let delivery = call.state.may_write(owner, sending.talker)?;
    call.state.count_send(owner, call.now)?;
    let stored = match content {
        Content::Text => renamed(&sending.content, &call.state.options.renamed_emoticons),
        Content::Image | Content::Recall(_) => sending.content.clone(),
    };
    let mut message = Message::new(owner, sending.talker, sending.msg_type, stored);
    message.only_for = (delivery == Delivery::Swallowed).then_some(owner);
    Ok(message)
}
