//! Send or recall a message: `POST /web_im/v1/web_im/send_msg`.

use serde::Serialize;

use self::answered::{Accepted, Recalled};
use self::content::Content;
use self::fields::Sending;
use crate::answer::{Data, Refusal};
use crate::call::Call;
use crate::ids::{MsgKey, Uid};
use crate::state::{Delivery, Draft, FROM_WEB};

mod answered;
mod content;
mod fields;
mod recall;
#[cfg(test)]
mod tests;

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
        fields::check_query(&call.request.query, &form)?;
        fields::check_device(&form)?;
    }
    let sending = Sending::read(&form, owner)?;
    let content = Content::read(&sending, call.is_classic())?;
    call.state.ensure_room()?;
    let key = match content {
        Content::Recall(target) => recall::recall(call, owner, sending.talker, target)?,
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
        Content::Text => content::renamed(&sending.content, &call.state.options.renamed_emoticons),
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
