//! Send or recall a message: `POST /web_im/v1/web_im/send_msg`.

use std::time::Duration;

use serde::Serialize;

use super::{
    content::{Content, renamed},
    fields::{Sending, check_device, check_query},
};
use crate::{endpoints::prelude::*, ids::MsgKey, state::Delivery, wire::emoticons, world::Message};

/// How long after sending a message can be recalled (docs/protocol.md §5).
const WINDOW: Duration = Duration::from_secs(120);

/// Words for which the service adds a warning of fraud.
const SUSPICIOUS: [&str; 3] = ["转账", "汇款", "付款"];

/// The fields are in the order of the source document's example.
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
        check_query(&call.request.query, &form)?;
        check_device(&form)?;
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
    let mut sent = json!({ "msg_key": msg_key, "key_hit_infos": {} });
    if content == Content::Text {
        sent["msg_content"] = sending.content.as_str().into();
        if let Some(emoticons) = emoticons([sending.content.as_str()], "uri") {
            sent["e_infos"] = emoticons.into();
        }
        let mut suspicious = SUSPICIOUS.to_vec();
        suspicious.retain(|word| sending.content.contains(word));
        if matches!(sending.talker, Talker::User(_)) && !suspicious.is_empty() {
            sent["key_hit_infos"] = json!({
                "toast": "请勿轻信汇款、转账等信息,谨防诈骗",
                "rule_id": 1,
                "high_text": suspicious,
            });
        }
    }
    Ok(Data::of(&sent))
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
