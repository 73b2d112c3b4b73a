//! Gotify: `POST /message`.

use std::time::Duration;

use bili_im_proto::Secret;
use http::{HeaderValue, Request};
use serde_json::{Value, json};

use super::service::{Note, Service, post_json};
use crate::{outlets::table::Table, toml_file::Fault};

#[derive(Debug)]
struct Gotify {
    server: String,
    token: Secret,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(Gotify {
        token: table.need_secret("token", ("the token of the application", "应用的令牌"))?,
        server: table.server(None)?,
    }))
}

impl Service for Gotify {
    fn most(&self) -> usize {
        8000
    }

    fn request(&self, note: &Note, _: Duration) -> http::Result<Request<Vec<u8>>> {
        let click = (note.link.as_ref())
            .map(|link| json!({ "client::notification": { "click": { "url": link } } }));
        let body = json!({ "title": note.title, "message": note.text, "extras": click });
        let mut request = post_json(&format!("{}/message", self.server), body)?;
        let token = HeaderValue::from_str(self.token.expose())?;
        request.headers_mut().insert("x-gotify-key", token);
        Ok(request)
    }

    /// The status says it all.
    fn check(&self, _: &Value) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{TIME, note, sent, service};

    #[test]
    fn the_token_is_in_a_header() {
        let gotify = service("to = 'gotify'\ntoken = 'SECRET'\nserver = 'https://push.example'");
        let (url, body) = sent(&*gotify);
        assert_eq!(url, "https://push.example/message");
        let click = json!({ "client::notification": { "click": { "url": note().link } } });
        let expected = json!({ "title": "小明", "message": "*hi* <b>", "extras": click });
        assert_eq!(body, expected);
        let request = gotify.request(&note(), TIME).unwrap();
        assert_eq!(request.headers()["x-gotify-key"], "SECRET");
    }
}
