//! ntfy: `POST /`.

use std::time::Duration;

use bili_im_proto::Secret;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::service::{Note, Service, post_json};
use crate::{outlets::table::Table, toml_file::Fault};

#[derive(Debug)]
struct Ntfy {
    server: String,
    /// Whoever knows it can read it.
    topic: Secret,
    token: Option<Secret>,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(Ntfy {
        topic: table.need_secret("topic", ("the name of the topic", "主题的名字"))?,
        token: table.secret("token", ("an access token, tk_…", "访问令牌，tk_…"))?,
        server: table.server(Some("https://ntfy.sh"))?,
    }))
}

impl Service for Ntfy {
    /// A longer message becomes an attached file.
    fn most(&self) -> usize {
        3500
    }

    fn request(&self, note: &Note, _: Duration) -> http::Result<Request<Vec<u8>>> {
        let body = json!({
            "topic": self.topic.expose(),
            "title": note.title,
            "message": note.text,
            "click": note.link,
        });
        let mut request = post_json(&format!("{}/", self.server), body)?;
        if let Some(token) = &self.token {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))?;
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
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
    fn a_topic_is_published_to_with_or_without_a_token() {
        let open = service("to = 'ntfy'\ntopic = 'SECRET'");
        let (url, body) = sent(&*open);
        assert_eq!(url, "https://ntfy.sh/");
        let expected = json!({ "topic": "SECRET", "title": "小明", "message": "*hi* <b>", "click": note().link });
        assert_eq!(body, expected);
        let authorization = |ntfy: &dyn Service| {
            let request = ntfy.request(&note(), TIME).unwrap();
            request.headers().get(AUTHORIZATION).cloned()
        };
        assert_eq!(authorization(&*open), None);
        let closed = service("to = 'ntfy'\ntopic = 'SECRET'\ntoken = 'tk_SECRET'");
        assert_eq!(authorization(&*closed).unwrap(), "Bearer tk_SECRET");
    }
}
