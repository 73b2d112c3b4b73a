//! Bark, for iOS: `POST /push`.

use std::time::Duration;

use bili_im_proto::Secret;
use http::Request;
use serde_json::{Value, json};

use super::service::{Note, Service, check, post_json};
use crate::{outlets::table::Table, toml_file::Fault};

#[derive(Debug)]
struct Bark {
    server: String,
    key: Secret,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(Bark {
        key: table.need_secret(
            "key",
            (
                "the key of the device, as the app shows it",
                "设备的 key，见 App",
            ),
        )?,
        server: table.server(Some("https://api.day.app"))?,
    }))
}

impl Service for Bark {
    /// A push of Apple has 4 KiB at most, JSON and all.
    fn most(&self) -> usize {
        2000
    }

    fn request(&self, note: &Note, _: Duration) -> http::Result<Request<Vec<u8>>> {
        let body = json!({
            "device_key": self.key.expose(),
            "title": note.title,
            "body": note.text,
            "url": note.link,
        });
        post_json(&format!("{}/push", self.server), body)
    }

    fn check(&self, answer: &Value) -> Result<(), String> {
        check(answer, "code", 200, "message")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{note, sent, service, takes};

    #[test]
    fn the_key_is_in_the_body_and_the_code_200_is_success() {
        let bark = service("to = 'bark'\nkey = 'SECRET'\nserver = 'https://bark.example/'");
        let (url, body) = sent(&*bark);
        assert_eq!(url, "https://bark.example/push");
        let expected = json!({ "device_key": "SECRET", "title": "小明", "body": "*hi* <b>", "url": note().link });
        assert_eq!(body, expected);
        takes(
            &*bark,
            json!({ "code": 200, "message": "success", "timestamp": 1 }),
            json!({ "code": 400, "message": "no such device" }),
        );
    }
}
