//! Checks of a message's content (docs/protocol.md §5).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Number;

use super::fields::Sending;
use crate::{
    codes::{BAD_IMAGE, TOO_LONG},
    endpoints::prelude::*,
    ids::MsgKey,
};

const LONGEST: usize = 2000;

const IMAGE_HOSTS: [&str; 2] = [".hdslb.com", ".biliimg.com"];

/// A valid content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Text,
    Image,
    Recall(MsgKey),
}

#[derive(Deserialize)]
struct Text {
    content: String,
}

/// Only the address is required. The other fields must have the right type if they are present.
#[derive(Deserialize)]
struct Image {
    url: String,
    #[serde(rename = "width")]
    _width: Option<Number>,
    #[serde(rename = "height")]
    _height: Option<Number>,
    #[serde(rename = "size")]
    _size: Option<Number>,
    #[serde(rename = "imageType")]
    _image_type: Option<String>,
    #[serde(rename = "type")]
    _type: Option<String>,
}

impl Content {
    pub(super) fn read(sending: &Sending, any_image_host: bool) -> Result<Self, Refusal> {
        let content = &sending.content;
        if content.len() > LONGEST {
            return Err(TOO_LONG.because(format!(
                "msg[content] has {} bytes, {LONGEST} are allowed",
                content.len()
            )));
        }
        match sending.msg_type {
            1 => text(content),
            2 => image(content, any_image_host),
            5 => recall(content),
            other => Err(BAD_REQUEST.because(format!("msg[msg_type] {other} cannot be sent"))),
        }
    }
}

fn text(content: &str) -> Result<Content, Refusal> {
    let text: Text = serde_json::from_str(content)
        .map_err(|error| BAD_REQUEST.because(format!("msg[content] is not a text: {error}")))?;
    if text.content.is_empty() {
        Err(BAD_REQUEST.because("the text is empty"))
    } else {
        Ok(Content::Text)
    }
}

fn image(content: &str, any_host: bool) -> Result<Content, Refusal> {
    let image: Image = serde_json::from_str(content)
        .map_err(|error| BAD_REQUEST.because(format!("msg[content] is not an image: {error}")))?;
    let host = host(&image.url).map(str::to_ascii_lowercase);
    match host {
        Some(host) if any_host || IMAGE_HOSTS.iter().any(|known| host.ends_with(known)) => {
            Ok(Content::Image)
        }
        _ => Err(BAD_IMAGE.because("the url is not on an image host of the service")),
    }
}

fn recall(content: &str) -> Result<Content, Refusal> {
    let is_bare = !content.is_empty() && content.bytes().all(|byte| byte.is_ascii_digit());
    match content.parse() {
        Ok(key) if is_bare => Ok(Content::Recall(MsgKey(key))),
        _ => Err(BAD_REQUEST.because("msg[content] is not a bare msg_key")),
    }
}

/// The host of an HTTP address that has no user name.
fn host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.split(':').next()?;
    (!authority.contains('@') && !host.is_empty()).then_some(host)
}

/// Replaces old emoticon names in a text by new ones.
pub(super) fn renamed(content: &str, names: &BTreeMap<String, String>) -> String {
    match serde_json::from_str::<Text>(content) {
        Ok(Text { content: text }) if names.keys().any(|old| text.contains(old)) => {
            let text = names
                .iter()
                .fold(text, |text, (old, new)| text.replace(old, new));
            json!({ "content": text }).to_string()
        }
        _ => content.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_must_be_on_a_host_of_the_service() {
        for (url, expected) in [
            ("https://i0.hdslb.com/bfs/a.jpg", true),
            ("http://I0.HDSLB.COM:443/bfs/a.jpg", true),
            ("https://message.biliimg.com/a.jpg", true),
            ("https://example.com/a.jpg", false),
            ("https://hdslb.com.example.com/a.jpg", false),
            ("https://example.com/i0.hdslb.com", false),
            ("https://i0.hdslb.com@example.com/", false),
            ("https://example.com\\.hdslb.com/", false),
            ("ftp://i0.hdslb.com/a.jpg", false),
            ("//i0.hdslb.com/a.jpg", false),
            ("https://", false),
            ("", false),
        ] {
            let content = json!({ "url": url }).to_string();
            assert_eq!(image(&content, false).is_ok(), expected, "{url}");
        }
    }

    #[test]
    fn old_emoticon_names_are_replaced_as_the_world_says() {
        let names = BTreeMap::from([("[doge]".to_owned(), "[tv_doge]".to_owned())]);
        for (old, new) in [
            (r#"{"content":"a[doge]"}"#, r#"{"content":"a[tv_doge]"}"#),
            (r#"{ "content":"a" }"#, r#"{ "content":"a" }"#),
        ] {
            assert_eq!(renamed(old, &names), new);
        }
    }
}
