//! A custom bot of DingTalk: `POST /robot/send`.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bili_im_proto::Secret;
use http::Request;
use ring::hmac;
use serde_json::{Value, json};

use super::service::{Note, Service, check, post_json};
use crate::{outlets::table::Table, toml_file::Fault};

#[derive(Debug)]
struct DingTalk {
    url: Secret,
    secret: Option<Secret>,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(DingTalk {
        url: table.address()?,
        secret: table.secret(
            "secret",
            (
                "the secret of the bot's signature, SEC…",
                "机器人的加签密钥，SEC…",
            ),
        )?,
    }))
}

impl Service for DingTalk {
    /// A request has 20 KB at most.
    fn most(&self) -> usize {
        8000
    }

    fn request(&self, note: &Note, time: Duration) -> http::Result<Request<Vec<u8>>> {
        let url = self.url.expose();
        let url = match &self.secret {
            Some(secret) => format!("{url}{}", signature(url, time.as_millis(), secret)),
            None => url.to_owned(),
        };
        let body = json!({ "msgtype": "text", "text": { "content": note.whole() } });
        post_json(&url, body)
    }

    fn check(&self, answer: &Value) -> Result<(), String> {
        check(answer, "errcode", 0, "errmsg")
    }
}

/// The secret is the key; the time and the secret are signed.
fn signature(url: &str, time: u128, secret: &Secret) -> String {
    let secret = secret.expose();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{time}\n{secret}").as_bytes());
    let sign = BASE64_STANDARD.encode(tag);
    let sign: String = form_urlencoded::byte_serialize(sign.as_bytes()).collect();
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{joint}timestamp={time}&sign={sign}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{note, sent, service, takes};

    #[test]
    fn the_signature_is_in_the_address_and_the_code_0_is_success() {
        let url = "https://oapi.dingtalk.com/robot/send?access_token=SECRET";
        let dingtalk = service(&format!(
            "to = 'dingtalk'\nurl = '{url}'\nsecret = 'SECRET'"
        ));
        let (sent_to, body) = sent(&*dingtalk);
        // Python: quote_plus(b64encode(hmac.new(b"SECRET", b"1700000000123\nSECRET", "sha256").digest()))
        let sign = "YiIvELZryK9KfN8G0EsDDkMZ5WXLSMnOR%2Bvhy26Q7OI%3D";
        assert_eq!(
            sent_to,
            format!("{url}&timestamp=1700000000123&sign={sign}")
        );
        let text = format!("小明\n*hi* <b>\n{}", note().link.unwrap());
        assert_eq!(
            body,
            json!({ "msgtype": "text", "text": { "content": text } })
        );
        takes(
            &*dingtalk,
            json!({ "errcode": 0, "errmsg": "ok" }),
            json!({ "errcode": 310000, "errmsg": "no such sign" }),
        );
    }
}
