//! Reads a TOML file, and says which line is wrong.

use std::ops::Range;

use serde::de::DeserializeOwned;

use crate::words::{Words, words};

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
#[non_exhaustive]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what is allowed.
    pub problem: Words,
}

impl Fault {
    /// What `Display` shows, in Chinese.
    pub fn chinese(&self) -> String {
        format!("第 {} 行：{}", self.line, self.problem.chinese())
    }

    /// A fault of the part of `text` that `span` covers, in bytes.
    pub(crate) fn at(text: &str, span: Range<usize>, problem: Words) -> Self {
        let before = text.as_bytes().iter().take(span.start);
        Self {
            line: 1 + before.filter(|&&byte| byte == b'\n').count(),
            problem,
        }
    }
}

/// Reads a file's text.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        // What is missing has no place of its own.
        let (span, why) = (error.span().unwrap_or_default(), error.message());
        Fault::at(text, span, words!("{why}", "TOML 有误（{why}）"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        #[allow(dead_code)]
        port: u16,
    }

    #[test]
    fn a_fault_names_its_line_and_what_is_allowed() {
        for (text, line, words) in [
            ("\n\nport = 'x'", 3, "expected u16"),
            ("port = 1\npart = 2", 2, "expected `port`"),
            ("port = 70000", 1, "70000"),
            ("# 中文\nport = = 1", 2, ""),
        ] {
            let fault = read::<File>(text).unwrap_err();
            assert_eq!(fault.line, line, "{text}: {fault}");
            assert!(fault.to_string().contains(words), "{fault}");
        }
    }
}
