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

/// Shown in place of a secret.
pub(crate) const MASK: &str = "***";

/// The content type of URL-encoded forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// The names under which forms carry the CSRF token.
const CSRF_FIELDS: [&str; 3] = ["csrf", "csrf_token", "biliCSRF"];

/// What `--dry-run` shows instead of sending: the request without its secrets.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedRequest {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(skip)]
    is_body_left_out: bool,
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
        if self.is_body_left_out {
            return write_text!(
                f,
                " \\\n  --data-binary @BODY  # {}, not shown",
                " \\\n  --data-binary @BODY  # {}，不显示",
                self.body
            );
        }
        write!(f, " \\\n  --data-raw {}", quoted(&self.body))
    }
}

/// Copies a request for display. The values of cookies, sensitive headers and CSRF tokens are
/// masked. A body that is not a form becomes its length.
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
    let (body, is_body_left_out) = mask_body(request);
    PlannedRequest {
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers: headers.collect(),
        body,
        is_body_left_out,
    }
}

/// Masks the secret fields of a form. Any other body is replaced by its length, since a secret
/// could be anywhere in it. Returns whether it was.
fn mask_body(request: &Request<Body>) -> (String, bool) {
    let content_type = request.headers().get(CONTENT_TYPE);
    let body = request.body().as_ref();
    if body.is_empty() || content_type.is_some_and(|value| value == FORM) {
        let body = String::from_utf8_lossy(body);
        let is_token = |name: &str| CSRF_FIELDS.contains(&name);
        (mask_values(&body, "&", is_token), false)
    } else {
        (format!("({} bytes)", body.len()), true)
    }
}

fn mask_values(text: &str, separator: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let pairs = text
        .split(separator)
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
            None if is_secret("") => MASK.to_owned(),
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
        let cookies = mask_values("S=a=b; j=c; secret", "; ", |_| true);
        assert_eq!(cookies, "S=***; j=***; ***");
    }
}
