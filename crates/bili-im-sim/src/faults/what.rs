//! Which requests a fault affects.

use serde::{Deserialize, Serialize};

use crate::push;

/// Which requests match a fault. In JSON: `"any"`, a path, or the end of a path (`"send_msg"`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum What {
    /// All requests but those to control paths. No frames of push connections.
    Any,
    /// Requests whose path is this, or ends with a slash and this. Also the frames of push
    /// connections that answer `Auth`, `Subscribe` or `Heartbeat`, and the notifications,
    /// `WatchNotify`.
    Path(String),
}

impl What {
    pub(crate) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Any => !push::FRAMES.contains(&path),
            Self::Path(end) => path.strip_suffix(end.as_str()).is_some_and(|before| {
                before.is_empty() || before.ends_with('/') || end.starts_with('/')
            }),
        }
    }
}

impl From<String> for What {
    fn from(text: String) -> Self {
        if text == "any" {
            Self::Any
        } else {
            Self::Path(text)
        }
    }
}

impl From<&str> for What {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<What> for String {
    fn from(what: What) -> Self {
        match what {
            What::Any => "any".to_owned(),
            What::Path(end) => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_matches_an_endpoint_by_the_end_of_its_path() {
        let path = "/web_im/v1/web_im/send_msg";
        for what in ["any", "send_msg", "web_im/send_msg", "/send_msg", path] {
            assert!(What::from(what).matches(path), "{what}");
        }
        for what in ["msg", "send", "nav", "/v1/send_msg"] {
            assert!(!What::from(what).matches(path), "{what}");
        }
    }
}
