//! Pages of messages, like those of the service (docs/protocol.md §8).

use std::fmt::Write;

use crate::OWN_UID;

/// Page sizes in messages: the service's default, about two screens, and the largest.
pub const SIZES: [u64; 3] = [20, 100, 2_000];

/// A page of `size` messages, newest first. Most are texts; some are images, shares, notices and
/// recalls. The page also describes emoticons.
pub fn page(size: u64) -> String {
    let mut messages = String::new();
    for back in 0..size {
        if !messages.is_empty() {
            messages.push(',');
        }
        // Writing to a string cannot fail.
        let _ = write!(messages, "{}", message(size - back));
    }
    format!(
        r#"{{"code":0,"msg":"0","message":"0","ttl":1,"data":{{"messages":[{messages}],"has_more":1,"min_seqno":1,"max_seqno":{size},"e_infos":[{},{}]}}}}"#,
        emoticon("[doge]"),
        emoticon("[tv_点赞]"),
    )
}

fn message(seqno: u64) -> String {
    let (msg_type, content, source) = match seqno % 20 {
        3 | 11 => (
            2,
            r#"{"url":"https://i0.hdslb.com/bfs/im_new/8d1c7bd7c2b1a4f06f9a1d3e5b7c9e0f293793435.jpg","width":1170,"height":2532,"imageType":"jpeg","type":"jpeg","original":1,"size":284}"#
                .to_owned(),
            7,
        ),
        7 => (
            7,
            r#"{"author":"某科学的UP主","headline":"","id":170001,"source":5,"thumb":"https://i0.hdslb.com/bfs/archive/1ada8c32a9d168e4b2ee3e010f24789ba3353785.jpg","title":"【MV】保加利亚妖王AZIS视频合辑","url":"","bvid":"BV17x411w7KC"}"#
                .to_owned(),
            2,
        ),
        13 => (
            10,
            r##"{"title":"你的稿件已通过审核","text":"你的稿件《第 12 期 | 从零开始写一个私信客户端》已经通过审核，快去看看吧","jump_text":"查看稿件","jump_uri":"https://www.bilibili.com/video/av170001","modules":[{"title":"稿件","detail":"第 12 期"},{"title":"时间","detail":"2025-10-09 12:00"}],"jump_text_2":"","jump_uri_2":"","notifier":{"nickname":"创作助手","avatar_url":"https://i0.hdslb.com/bfs/face/member/noface.jpg","jump_url":""},"biz_content":null}"##
                .to_owned(),
            6,
        ),
        17 => (5, (6_852_559_688_104_000_000 + seqno).to_string(), 7),
        _ => (
            1,
            format!(r#"{{"content":"第 {seqno} 条：刚看完最新一期，\"剪辑\"比上次又进步了不少 [doge] 什么时候更下一期？"}}"#),
            if seqno.is_multiple_of(3) { 1 } else { 7 },
        ),
    };
    let content = serde_json::Value::String(content);
    let sender = if seqno.is_multiple_of(2) { OWN_UID } else { 2 };
    let receiver = OWN_UID + 2 - sender;
    let status = u8::from(seqno % 20 == 15);
    let (timestamp, key) = (
        1_760_000_000 + seqno * 37,
        6_852_559_688_104_000_000 + seqno,
    );
    format!(
        r#"{{"sender_uid":{sender},"receiver_type":1,"receiver_id":{receiver},"msg_type":{msg_type},"content":{content},"msg_seqno":{seqno},"timestamp":{timestamp},"at_uids":[0],"msg_key":{key},"msg_status":{status},"notify_code":"","new_face_version":1,"msg_source":{source}}}"#
    )
}

fn emoticon(name: &str) -> String {
    format!(
        r#"{{"text":"{name}","uri":"https://i0.hdslb.com/bfs/emote/3087d273a78ccaff4bb1e9972e2ba2a7583c9f11.png","size":1,"gif_url":""}}"#
    )
}
