//! Pages of messages, like those of the service (docs/protocol.md §8).

use crate::OWN_UID;

/// Page sizes in messages: the service's default, about two screens, and the largest.
pub const SIZES: [u64; 3] = [20, 100, 2_000];

/// The other person in the session.
const OTHER_UID: u64 = 2;

// The types of messages.
const TEXT: u32 = 1;
const IMAGE: u32 = 2;
const RECALL: u32 = 5;
const SHARE: u32 = 7;
const NOTICE: u32 = 10;

const FIRST_KEY: u64 = 6_852_559_688_104_000_000;

/// The key of a message.
fn key(seqno: u64) -> u64 {
    FIRST_KEY + seqno
}

/// Numbers the messages `size` down to 1, in one session. Most are texts; some are images, shares,
/// notices and recalls. The page also describes emoticons.
pub fn page_json(size: u64) -> String {
    let messages: Vec<String> = (1..=size).rev().map(message_json).collect();
    format!(
        r#"{{"code":0,"msg":"0","message":"0","ttl":1,"data":{{"messages":[{}],"has_more":1,"min_seqno":1,"max_seqno":{size},"e_infos":[{},{}]}}}}"#,
        messages.join(","),
        emoticon_json("[doge]"),
        emoticon_json("[tv_点赞]"),
    )
}

fn message_json(seqno: u64) -> String {
    let (msg_type, content, source) = match seqno % 20 {
        // A photo.
        3 | 11 => (
            IMAGE,
            r#"{"url":"https://i0.hdslb.com/bfs/im_new/8d1c7bd7c2b1a4f06f9a1d3e5b7c9e0f293793435.jpg","width":1170,"height":2532,"imageType":"jpeg","type":"jpeg","original":1,"size":284}"#
                .to_owned(),
            7,
        ),
        // A shared video.
        7 => (
            SHARE,
            r#"{"author":"某科学的UP主","headline":"","id":170001,"source":5,"thumb":"https://i0.hdslb.com/bfs/archive/1ada8c32a9d168e4b2ee3e010f24789ba3353785.jpg","title":"【MV】保加利亚妖王AZIS视频合辑","url":"","bvid":"BV17x411w7KC"}"#
                .to_owned(),
            2,
        ),
        // The service says that it has approved a video.
        13 => (
            NOTICE,
            r##"{"title":"你的稿件已通过审核","text":"你的稿件《第 12 期 | 从零开始写一个私信客户端》已经通过审核，快去看看吧","jump_text":"查看稿件","jump_uri":"https://www.bilibili.com/video/av170001","modules":[{"title":"稿件","detail":"第 12 期"},{"title":"时间","detail":"2025-10-09 12:00"}],"jump_text_2":"","jump_uri_2":"","notifier":{"nickname":"创作助手","avatar_url":"https://i0.hdslb.com/bfs/face/member/noface.jpg","jump_url":""},"biz_content":null}"##
                .to_owned(),
            6,
        ),
        // The recall of the message two numbers before.
        17 => (RECALL, key(seqno - 2).to_string(), 7),
        // A text, which every third time was sent from another device.
        _ => (
            TEXT,
            format!(r#"{{"content":"第 {seqno} 条：刚看完最新一期，\"剪辑\"比上次又进步了不少 [doge] 什么时候更下一期？"}}"#),
            if seqno.is_multiple_of(3) { 1 } else { 7 },
        ),
    };
    let content = serde_json::Value::String(content);
    let (sender, receiver) = if seqno.is_multiple_of(2) {
        (OWN_UID, OTHER_UID)
    } else {
        (OTHER_UID, OWN_UID)
    };
    let is_recalled = seqno % 20 == 15;
    let status = u8::from(is_recalled);
    let timestamp = 1_760_000_000 + seqno * 37;
    let key = key(seqno);
    format!(
        r#"{{"sender_uid":{sender},"receiver_type":1,"receiver_id":{receiver},"msg_type":{msg_type},"content":{content},"msg_seqno":{seqno},"timestamp":{timestamp},"at_uids":[0],"msg_key":{key},"msg_status":{status},"notify_code":"","new_face_version":1,"msg_source":{source}}}"#
    )
}

fn emoticon_json(name: &str) -> String {
    format!(
        r#"{{"text":"{name}","uri":"https://i0.hdslb.com/bfs/emote/3087d273a78ccaff4bb1e9972e2ba2a7583c9f11.png","size":1,"gif_url":""}}"#
    )
}
