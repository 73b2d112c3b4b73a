//! Answers of the service, written by hand.

use bili_im_proto::{
    Failure, Input, Sent,
    http::{HeaderName, HeaderValue, Response},
};

use crate::{OWN_UID, Seen, plain};

/// The key of every message that is accepted here.
pub const MSG_KEY: u64 = 6_852_559_688_104_417_870;

/// The two addresses of the day's keys; each of the 16 days has others.
pub fn key_urls(day: u8) -> [String; 2] {
    let stem = format!("{:x}", day % 16).repeat(32);
    ["a", "b"].map(|folder| format!("https://i0.hdslb.com/bfs/{folder}/{stem}.png"))
}

/// The mixin key of a day.
pub fn mixin_key(day: u8) -> String {
    let [img, sub] = key_urls(day);
    plain::mixin_key(&img, &sub)
}

/// An answer of any status and body.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = Response::new(body.into());
    match status.try_into() {
        Ok(status) => *response.status_mut() = status,
        Err(_) => panic!("{status} is no status"),
    }
    response
}

/// That answer with a header more.
pub fn with_header(
    mut response: Response<Vec<u8>>,
    name: &'static str,
    value: &str,
) -> Response<Vec<u8>> {
    match HeaderValue::from_str(value) {
        Ok(value) => response
            .headers_mut()
            .insert(HeaderName::from_static(name), value),
        Err(_) => panic!("{value:?} is no header"),
    };
    response
}

/// A success with data.
pub fn success(data: &str) -> Response<Vec<u8>> {
    answer(
        200,
        format!(r#"{{"code":0,"msg":"0","message":"0","ttl":1,"data":{data}}}"#),
    )
}

/// A refusal with a code.
pub fn refused(code: i64) -> Response<Vec<u8>> {
    answer(
        200,
        format!(r#"{{"code":{code},"msg":"no","message":"no","ttl":1,"data":{{}}}}"#),
    )
}

/// Whom the cookie belongs to, with the keys of a day.
pub fn nav(mid: u64, day: u8) -> Response<Vec<u8>> {
    let [img, sub] = key_urls(day);
    success(&format!(
        r#"{{"isLogin":true,"mid":{mid},"uname":"n","face":"","level_info":{{"current_level":5}},"wbi_img":{{"img_url":"{img}","sub_url":"{sub}"}}}}"#
    ))
}

/// An accepted message.
pub fn sent() -> Response<Vec<u8>> {
    success(&format!(r#"{{"msg_key":{MSG_KEY},"e_infos":[],"_gt_":0}}"#))
}

/// A page of messages that has none.
pub fn empty_page() -> Response<Vec<u8>> {
    success(r#"{"messages":null,"has_more":0,"min_seqno":18446744073709551615,"max_seqno":0}"#)
}

/// Risk control's refusal in the shape of a success.
pub fn voucher() -> Response<Vec<u8>> {
    success(r#"{"v_voucher":"voucher_0"}"#)
}

/// The same, with the voucher only in a header.
pub fn header_voucher() -> Response<Vec<u8>> {
    with_header(success("{}"), "x-bili-gaia-vvoucher", "voucher_0")
}

/// What the service answers to any request when all is well, with the keys of a day.
pub fn well(seen: &Seen, day: u8) -> Response<Vec<u8>> {
    match seen.endpoint() {
        "nav" => nav(OWN_UID, day),
        "send_msg" => sent(),
        "fetch_session_msgs" => empty_page(),
        "single_unread" => success(r#"{"unfollow_unread":1,"follow_unread":6,"_gt_":0}"#),
        "my_group_unread" => success(r#"{"unread_count":2}"#),
        other => panic!("no answer is known for {other}"),
    }
}

/// No answer.
pub fn lost(sent: Sent) -> Input {
    Input::Failed(Failure::new(sent, "connection reset"))
}

/// The ways in which a wrong or stale signature is refused (docs/protocol.md §4), each with its
/// name.
pub fn stale() -> [(&'static str, Response<Vec<u8>>); 5] {
    [
        ("a voucher with code 0", voucher()),
        ("a voucher in a header", header_voucher()),
        ("-352", refused(-352)),
        ("-403", refused(-403)),
        ("-400", refused(-400)),
    ]
}

/// A page of messages with one peer: `(own, key, seqno, text)` each, newest first.
pub fn page(peer: u64, timestamp: u64, messages: &[(bool, u64, u64, &str)]) -> Response<Vec<u8>> {
    let messages: Vec<serde_json::Value> = (messages.iter())
        .map(|&(own, key, seqno, text)| {
            let (from, to) = if own {
                (OWN_UID, peer)
            } else {
                (peer, OWN_UID)
            };
            let content = serde_json::json!({ "content": text }).to_string();
            serde_json::json!({
                "sender_uid": from, "receiver_type": 1, "receiver_id": to, "msg_type": 1,
                "content": content, "msg_seqno": seqno, "timestamp": timestamp, "at_uids": [0],
                "msg_key": key, "msg_status": 0, "notify_code": "", "new_face_version": 1,
                "msg_source": 7,
            })
        })
        .collect();
    let data = serde_json::json!({ "messages": messages, "has_more": 0 });
    success(&data.to_string())
}
