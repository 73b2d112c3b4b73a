//! A custom bot of Feishu: `POST /open-apis/bot/v2/hook/…`.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bili_im_proto::Secret;
use http::Request;
use ring::hmac;
use serde_json::{Value, json};

use super::service::{Note, Service, check, post_json};
use crate::{outlets::table::Table, toml_file::Fault};

#[derive(Debug)]
struct Feishu {
    url: Secret,
    secret: Option<Secret>,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(Feishu {
        url: table.address()?,
        secret: table.secret(
            "secret",
            ("the secret of the bot's signature", "机器人的签名密钥"),
        )?,
    }))
}

impl Service for Feishu {
    /// A request has 20 KB at most.
    fn most(&self) -> usize {
        8000
    }

    /// The rich text `post`, since plain texts may mention people: `<at user_id="all">`.
    fn request(&self, note: &Note, time: Duration) -> http::Result<Request<Vec<u8>>> {
        let mut lines = vec![json!([{ "tag": "text", "text": note.text }])];
        if let Some(link) = &note.link {
            lines.push(json!([{ "tag": "a", "text": link, "href": link }]));
        }
        let time = self.secret.as_ref().map(|_| time.as_secs().to_string());
        let sign =
            (self.secret.as_ref().zip(time.as_ref())).map(|(secret, time)| sign(time, secret));
        let body = json!({
            "msg_type": "post",
            "content": { "post": { "zh_cn": { "title": note.title, "content": lines } } },
            "timestamp": time,
            "sign": sign,
        });
        post_json(self.url.expose(), body)
    }

    fn check(&self, answer: &Value) -> Result<(), String> {
        // The answer of older bots.
        let old = check(answer, "StatusCode", 0, "StatusMessage");
        old.or_else(|_| check(answer, "code", 0, "msg"))
    }
}

/// The time and the secret are the key; nothing is signed.
fn sign(time: &str, secret: &Secret) -> String {
    let key = format!("{time}\n{}", secret.expose());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, b""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{note, sent, service, takes};

    #[test]
    fn a_text_is_not_read_as_markup_and_time_and_secret_sign() {
        let url = "https://open.feishu.cn/open-apis/bot/v2/hook/SECRET";
        let feishu = service(&format!("to = 'feishu'\nurl = '{url}'\nsecret = 'SECRET'"));
        let (sent_to, body) = sent(&*feishu);
        assert_eq!(sent_to, url);
        let link = note().link;
        let lines = json!([
            [{ "tag": "text", "text": "*hi* <b>" }],
            [{ "tag": "a", "text": link, "href": link }],
        ]);
        let expected = json!({
            "msg_type": "post",
            "content": { "post": { "zh_cn": { "title": "小明", "content": lines } } },
            "timestamp": "1700000000",
            // Python: b64encode(hmac.new(b"1700000000\nSECRET", b"", "sha256").digest())
            "sign": "9st/5TeJu7lS2mv/qJq3skcz1M5+oBrSVM/mQRjuq8Q=",
        });
        assert_eq!(body, expected);
        let refused = json!({ "code": 19021, "msg": "no such sign" });
        takes(
            &*feishu,
            json!({ "code": 0, "msg": "success", "data": {} }),
            refused.clone(),
        );
        takes(
            &*feishu,
            json!({ "StatusCode": 0, "StatusMessage": "success" }),
            refused,
        );
    }
}
