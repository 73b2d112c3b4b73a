//! Server酱, Turbo and 3: `POST /….send`.

use std::time::Duration;

use bili_im_proto::Secret;
use http::Request;
use serde_json::{Value, json};

use super::service::{Note, Service, check, post_json};
use crate::{outlets::table::Table, toml_file::Fault, words::words};

/// The most characters of a title.
const TITLE: usize = 32;

#[derive(Debug)]
struct ServerChan {
    url: Secret,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    let key = table.need_secret(
        "key",
        (
            "the SendKey, SCT… or sctp…",
            "以 SCT 或 sctp 开头的 SendKey",
        ),
    )?;
    let is_plain = key.expose().chars().all(|c| c.is_ascii_alphanumeric());
    if !is_plain {
        return Err(table.fault(
            "key",
            words!(
                "key has letters and digits only",
                "key 只能有英文字母和数字"
            ),
        ));
    }
    let server = table.server(Some(&usual_server(key.expose())))?;
    let url = Secret::new(format!("{server}/{}.send", key.expose()));
    Ok(Box::new(ServerChan { url }))
}

/// A key of Server酱 3 has the user's number in it: `sctp123t…`.
fn usual_server(key: &str) -> String {
    match key.strip_prefix("sctp").and_then(|key| key.split_once('t')) {
        Some((uid, _)) => format!("https://{uid}.push.ft07.com/send"),
        None => "https://sctapi.ftqq.com".to_owned(),
    }
}

impl Service for ServerChan {
    /// A text has 32 KB at most.
    fn most(&self) -> usize {
        8000
    }

    fn request(&self, note: &Note, _: Duration) -> http::Result<Request<Vec<u8>>> {
        let title: String = note.title.chars().take(TITLE).collect();
        let mut text = escaped(&note.text);
        if let Some(link) = &note.link {
            text.push_str(&format!("\n\n<{link}>"));
        }
        post_json(self.url.expose(), json!({ "title": title, "desp": text }))
    }

    fn check(&self, answer: &Value) -> Result<(), String> {
        check(answer, "code", 0, "message")
    }
}

/// As Markdown that shows the text as it is.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '\n' => escaped.push('\n'),
            c if c.is_ascii_punctuation() => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{note, sent, service, takes};

    #[test]
    fn a_text_is_escaped_and_the_code_0_is_success() {
        let turbo = service("to = 'serverchan'\nkey = 'SCTSECRET'");
        let (url, body) = sent(&*turbo);
        assert_eq!(url, "https://sctapi.ftqq.com/SCTSECRET.send");
        let text = format!("\\*hi\\* \\<b\\>\n\n<{}>", note().link.unwrap());
        assert_eq!(body, json!({ "title": "小明", "desp": text }));
        let third = service("to = 'serverchan'\nkey = 'sctp123tSECRET'");
        let url = sent(&*third).0;
        assert_eq!(url, "https://123.push.ft07.com/send/sctp123tSECRET.send");
        takes(
            &*turbo,
            json!({ "code": 0, "message": "", "data": {} }),
            json!({ "code": 40001, "message": "no such key" }),
        );
    }
}
