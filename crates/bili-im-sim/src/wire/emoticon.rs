//! Emoticons in texts (docs/protocol.md §5).

use serde::Serialize;

/// The emoticons that the simulated service knows.
const KNOWN: [&str; 6] = [
    "[doge]",
    "[tv_doge]",
    "[吃瓜]",
    "[微笑]",
    "[打call]",
    "[妙啊]",
];

const IMAGE: &str = "https://i0.hdslb.com/bfs/emote/simulated.png";

/// The name of the field with an image's address. Endpoints differ in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Address {
    Uri,
    Url,
}

#[derive(Debug, Serialize)]
pub(crate) struct Emoticon {
    text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
    size: u8,
    gif_url: &'static str,
}

impl Emoticon {
    fn new(text: &'static str, address: Address) -> Self {
        let (uri, url) = match address {
            Address::Uri => (Some(IMAGE), None),
            Address::Url => (None, Some(IMAGE)),
        };
        Self {
            text,
            uri,
            url,
            size: 1,
            gif_url: "",
        }
    }
}

/// The emoticons in these contents; `None` when there are none.
pub(crate) fn emoticons(contents: &[&str], address: Address) -> Option<Vec<Emoticon>> {
    let occurs = |name: &&str| contents.iter().any(|content| content.contains(*name));
    let found: Vec<_> = KNOWN
        .into_iter()
        .filter(occurs)
        .map(|name| Emoticon::new(name, address))
        .collect();
    (!found.is_empty()).then_some(found)
}
