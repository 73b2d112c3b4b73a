//! Contents that are made on demand (docs/protocol.md §9). Held, they would fill the memory.

use serde_json::{Value, json};

use super::words::{phrase, text};
use crate::{chance::Chance, world::Message};

const BFS: &str = "https://i0.hdslb.com/bfs";
const IMAGE_GONE: u32 = 50;

/// The content of a message. The same seed gives the same content.
pub(crate) fn content(message: &Message, seed: u64) -> String {
    let chance = &mut Chance::new(seed);
    let content = match message.msg_type {
        1 => json!({ "content": text(chance) }),
        2 => image("im_new", message.msg_status, chance),
        6 => image("emote", message.msg_status, chance),
        7 => share(chance),
        10 => notice(chance),
        11 => video(chance),
        13 => json!({
            "pic_url": address("archive", chance),
            "jump_url": page(chance),
            "title": phrase(chance, 5),
        }),
        18 => json!({ "content": json!([{ "text": text(chance) }]).to_string() }),
        301..=306 => json!({ "group_id": message.talker.id(), "content": phrase(chance, 4) }),
        _ => json!({ "something": { "new": text(chance), "number": chance.below(100) } }),
    };
    let mut content = content.to_string();
    if chance.below(500) == 0 {
        // Without its last brace it does not parse.
        content.pop();
    }
    content
}

fn address(folder: &str, chance: &mut Chance) -> String {
    format!("{BFS}/{folder}/{}.png", chance.hex(32))
}

fn page(chance: &mut Chance) -> String {
    format!("https://www.bilibili.com/video/{}", bvid(chance))
}

fn bvid(chance: &mut Chance) -> String {
    format!("BV1{}", chance.hex(9))
}

fn image(folder: &str, msg_status: u32, chance: &mut Chance) -> Value {
    let gone = if msg_status == IMAGE_GONE {
        "/gone"
    } else {
        ""
    };
    json!({
        "url": address(&format!("{folder}{gone}"), chance),
        "width": 1 + chance.below(4000),
        "height": 1 + chance.below(4000),
        "imageType": "png",
        "original": 1,
        "size": 1 + chance.below(2000),
    })
}

fn share(chance: &mut Chance) -> Value {
    json!({
        "author": phrase(chance, 2),
        "headline": "",
        "id": chance.below(1 << 31),
        "source": 5,
        "source_desc": "视频",
        "thumb": address("archive", chance),
        "title": phrase(chance, 6),
        "url": page(chance),
        "bvid": bvid(chance),
    })
}

fn notice(chance: &mut Chance) -> Value {
    json!({
        "title": phrase(chance, 3),
        "text": text(chance),
        "jump_text": "查看详情",
        "jump_uri": page(chance),
        "modules": [{ "title": phrase(chance, 1), "detail": phrase(chance, 2) }],
    })
}

fn video(chance: &mut Chance) -> Value {
    json!({
        "title": phrase(chance, 6),
        "times": chance.below(4000),
        "cover": address("archive", chance),
        "rid": chance.below(1 << 31),
        "type_": 8,
        "desc": text(chance),
        "bvid": bvid(chance),
        "view": chance.below(1_000_000),
        "danmaku": chance.below(10_000),
        "pub_date": 1_600_000_000 + chance.below(150_000_000),
        "attach_msg": null,
    })
}
