//! Requests, as the service sees them.

use std::time::Duration;

use bili_im_proto::{Body, Effect, Now, Outgoing, http};

use crate::plain;

/// A request as the service saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When it went out.
    pub at: Now,
    /// The request.
    pub request: http::Request<Body>,
    /// What it was said to do.
    pub effect: Effect,
    /// The longest answer that is read, in bytes.
    pub max_body: usize,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

impl Seen {
    /// A request that goes out at that time.
    pub fn new(at: Now, outgoing: Outgoing) -> Self {
        Self {
            at,
            request: outgoing.request,
            effect: outgoing.effect,
            max_body: outgoing.max_body,
            timeout: outgoing.timeout,
        }
    }

    /// The last segment of its path.
    pub fn endpoint(&self) -> &str {
        let path = self.request.uri().path();
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Its query.
    pub fn query(&self) -> &str {
        self.request.uri().query().unwrap_or_default()
    }

    /// The only value of a name in its query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = plain::query_pairs(self.query())?;
        plain::only(&pairs, name).map(str::to_owned)
    }

    /// The only value of a name in its query, as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }

    /// The only value of a name in its form.
    pub fn field(&self, name: &str) -> Option<String> {
        let pairs = plain::form_pairs(self.request.body().as_ref());
        plain::only(&pairs, name).map(str::to_owned)
    }

    /// The time that it is signed for, in seconds.
    pub fn wts(&self) -> Option<u64> {
        self.number("wts")
    }

    /// Whether it sends a text or an image. A recall is no send.
    pub fn is_send(&self) -> bool {
        let is_content = |kind: &str| matches!(kind, "1" | "2");
        self.endpoint() == "send_msg" && self.field("msg[msg_type]").is_some_and(|k| is_content(&k))
    }

    /// All of its bytes, for comparing.
    pub fn bytes(&self) -> String {
        let headers: Vec<String> = (self.request.headers().iter())
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        format!(
            "{} {}\n{}\n\n{}",
            self.request.method(),
            self.request.uri(),
            headers.join("\n"),
            String::from_utf8_lossy(self.request.body().as_ref())
        )
    }
}
