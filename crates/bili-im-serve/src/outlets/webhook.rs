//! A webhook: events are posted to it, signed.

use std::fmt::Write;

use bili_im_proto::Secret;
use http::{Request, header::CONTENT_TYPE};
use ring::hmac;

use super::{
    filter::{self, Filter},
    table::Table,
};
use crate::{rights::Rights, toml_file::Fault};

/// The fewest characters of a secret.
const SHORTEST: usize = 16;

/// A webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(super) name: String,
    pub(super) rights: Rights,
    pub(super) filter: Filter,
    url: Secret,
    secret: Secret,
}

impl Webhook {
    pub(crate) fn new(name: String, table: &mut Table<'_>) -> Result<Self, Fault> {
        let what = (
            "16 characters at least: openssl rand -hex 24",
            "密钥，至少 16 个字符：openssl rand -hex 24",
        );
        let secret = table.need_secret("secret", what)?;
        if secret.expose().chars().count() < SHORTEST {
            return Err(table.wrong("secret", what));
        }
        let filter = Filter {
            events: filter::events(table)?,
            own: table.flag("own")?.unwrap_or(true),
            ..Filter::default()
        };
        Ok(Self {
            url: table.address()?,
            rights: filter::rights(table, format!("hook/{name}"))?,
            name,
            filter,
            secret,
        })
    }

    pub(crate) fn consumer(&self) -> &str {
        &self.rights.name
    }

    pub(super) fn request(
        &self,
        key: &str,
        body: String,
        time: u64,
    ) -> http::Result<Request<Vec<u8>>> {
        let signature = self.signature(time, &body);
        Request::post(self.url.expose())
            .header(CONTENT_TYPE, "application/json")
            .header("x-bili-im-id", key)
            .header("x-bili-im-timestamp", time)
            .header("x-bili-im-signature", format!("sha256={signature}"))
            .body(body.into_bytes())
    }

    fn signature(&self, time: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _in_memory = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_events_id_and_a_signature_of_time_and_body() {
        let webhook = Webhook {
            name: "crm".to_owned(),
            rights: Rights::all("hook/crm"),
            filter: Filter::default(),
            url: Secret::new("https://example.com/hook?key=k"),
            secret: Secret::new("0123456789abcdef"),
        };
        let body = r#"{"event":"message","text":"你好"}"#.to_owned();
        let request = webhook.request("7", body, 1_700_000_000).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(header("x-bili-im-id"), "7");
        assert_eq!(header("x-bili-im-timestamp"), "1700000000");
        // Python: hmac.new(secret, b"1700000000." + body, "sha256").hexdigest()
        assert_eq!(
            header("x-bili-im-signature"),
            "sha256=7a07e9adecd51e6e8375a511351b3ba90742b1857c78d79cabad98ad8ff4c2b7"
        );
        assert!(!format!("{webhook:?}").contains("0123456789abcdef"));
        assert!(!format!("{webhook:?}").contains("key=k"));
    }
}
