//! A request as a `curl` command, without its secrets.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

use bili_im_proto::{
    Body,
    http::{Request, header::CONTENT_TYPE},
};
use serde::Serialize;

/// Replaces a secret.
pub(crate) const MASK: &str = "***";

/// The content type of every form without a file.
const FORM: &str = "application/x-www-form-urlencoded";

/// The form fields with the CSRF token.
const CSRF_FIELDS: [&str; 3] = ["csrf", "csrf_token", "biliCSRF"];

/// A request that is not sent, without its secrets.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedRequest {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Requests that are not sent.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PlannedRequests {
    pub(crate) dry_run: Vec<PlannedRequest>,
}

impl Display for PlannedRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.dry_run.iter().map(PlannedRequest::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Display for PlannedRequest {
    /// A command for a POSIX shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "curl -X {} {}", self.method, quoted(&self.url))?;
        for (name, value) in &self.headers {
            write!(f, " \\\n  -H {}", quoted(&format!("{name}: {value}")))?;
        }
        if self.body.is_empty() {
            return Ok(());
        }
        write!(f, " \\\n  --data-raw {}", quoted(&self.body))
    }
}

/// Masks the secrets of a request and keeps everything else as it is.
pub(crate) fn mask(request: &Request<Body>) -> PlannedRequest {
    let headers = request.headers().iter().map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = if name == "cookie" {
            mask_values(&text, "; ", |_| true)
        } else if value.is_sensitive() {
            MASK.to_owned()
        } else {
            text.into_owned()
        };
        (name.to_string(), text)
    });
    PlannedRequest {
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers: headers.collect(),
        body: mask_body(request),
    }
}

/// Masks the secret fields of a form. Any other body is replaced by its length, since a secret
/// could be anywhere in it.
fn mask_body(request: &Request<Body>) -> String {
    let content_type = request.headers().get(CONTENT_TYPE);
    let body = request.body().as_ref();
    if body.is_empty() || content_type.is_some_and(|value| value == FORM) {
        let body = String::from_utf8_lossy(body);
        mask_values(&body, "&", |name| CSRF_FIELDS.contains(&name))
    } else {
        format!("({} bytes)", body.len())
    }
}

fn mask_values(text: &str, separator: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let pairs = text
        .split(separator)
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        });
    pairs.collect::<Vec<_>>().join(separator)
}

/// Quotes a word for a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_word_does_not_end_it() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn only_secrets_are_masked() {
        let masked = mask_values("a=1&csrf=x&csrf_token=y&c", "&", |name| {
            CSRF_FIELDS.contains(&name)
        });
        assert_eq!(masked, "a=1&csrf=***&csrf_token=***&c");
        assert_eq!(mask_values("S=a=b; j=c", "; ", |_| true), "S=***; j=***");
    }
}
