//! Decoding a page of messages: by the crate, by a strict derive, and by a bare JSON scan.

use bili_im_proto::{Endpoint, FetchSessionMsgs, SessionMsgs, Talker};
use http::Response;
use serde::{Deserialize, de::IgnoredAny};

use crate::Result;

/// Decodes a page with the crate.
pub fn ours(response: &Response<String>) -> Result<SessionMsgs> {
    Ok(FetchSessionMsgs::response(response)?)
}

/// The page as a serde derive, with one type for each field that the crate reads.
#[derive(Debug, Deserialize)]
pub struct Strict {
    code: i64,
    message: String,
    msg: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    messages: Vec<Message>,
    has_more: u8,
    e_infos: Vec<Emoticon>,
}

#[derive(Debug, Deserialize)]
struct Message {
    sender_uid: u64,
    receiver_type: u64,
    receiver_id: u64,
    msg_type: i64,
    content: String,
    msg_seqno: u64,
    timestamp: u64,
    at_uids: Vec<u64>,
    msg_key: u64,
    msg_status: i64,
    msg_source: i64,
    notify_code: String,
}

#[derive(Debug, Deserialize)]
struct Emoticon {
    text: String,
    uri: Option<String>,
    url: Option<String>,
    gif_url: String,
    size: u32,
}

/// Decodes a page with the derive.
pub fn strict(body: &str) -> Result<Strict> {
    let page: Strict = serde_json::from_slice(body.as_bytes())?;
    if page.code == 0 {
        Ok(page)
    } else {
        Err(format!("{} {}", page.message, page.msg).into())
    }
}

/// Scans a page without keeping anything.
pub fn scan(body: &str) -> Result<IgnoredAny> {
    Ok(serde_json::from_slice(body.as_bytes())?)
}

/// Checks that the crate and the derive read the same values.
pub fn check(page: &str) -> Result<()> {
    let ours = ours(&Response::new(page.to_owned()))?;
    let Data {
        messages,
        has_more,
        e_infos,
    } = strict(page)?.data;
    let messages_agree = ours.messages.len() == messages.len()
        && (ours.messages.iter().zip(&messages)).all(|(ours, strict)| {
            let at_uids = strict.at_uids.iter().filter(|&&uid| uid != 0);
            ours.msg_key.0 == strict.msg_key
                && ours.msg_seqno.0 == strict.msg_seqno
                && ours.sender_uid.0 == strict.sender_uid
                && ours.receiver == Talker::from_wire(strict.receiver_type, strict.receiver_id)
                && ours.msg_type.number() == strict.msg_type
                && ours.status.number() == strict.msg_status
                && ours.source.number() == strict.msg_source
                && ours.timestamp.0 == strict.timestamp
                && ours.at_uids.iter().map(|uid| &uid.0).eq(at_uids)
                && ours.notify_code == strict.notify_code
                && ours.raw_content_even_if_recalled() == strict.content
        });
    let emoticons_agree = ours.e_infos.len() == e_infos.len()
        && (ours.e_infos.iter().zip(&e_infos)).all(|(ours, strict)| {
            let url = strict.uri.as_ref().or(strict.url.as_ref());
            ours.text == strict.text
                && Some(&ours.url) == url
                && ours.gif_url == strict.gif_url
                && ours.size == strict.size
        });
    if messages_agree && emoticons_agree && ours.has_more == (has_more == 1) {
        Ok(())
    } else {
        Err("the crate and the derive read the page differently".into())
    }
}
