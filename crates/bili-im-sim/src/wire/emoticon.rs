//! Emoticons in texts (docs/protocol.md §5).

use serde_json::{Value, json};

/// The emoticons that the simulated service knows.
const KNOWN: [&str; 6] = [
    "[doge]",
    "[tv_doge]",
    "[吃瓜]",
    "[微笑]",
    "[打call]",
    "[妙啊]",
];

/// The emoticons in these contents; `None` when there are none. `address` is the name of the field
/// with an image's address, in which endpoints differ.
pub(crate) fn emoticons<T: AsRef<str>>(
    contents: impl IntoIterator<Item = T>,
    address: &str,
) -> Option<Vec<Value>> {
    let contents: Vec<T> = contents.into_iter().collect();
    let occurs = |name: &&str| {
        let mut contents = contents.iter();
        contents.any(|content| content.as_ref().contains(*name))
    };
    let emoticon = |name| {
        let image = "https://i0.hdslb.com/bfs/emote/simulated.png";
        json!({ "text": name, address: image, "size": 1, "gif_url": "" })
    };
    let found: Vec<Value> = KNOWN.into_iter().filter(occurs).map(emoticon).collect();
    (!found.is_empty()).then_some(found)
}
