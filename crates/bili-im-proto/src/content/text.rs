//! Texts to send (docs/protocol.md §5).

use serde::{Deserialize, Serialize};

use crate::{
    content::{check_length, json, json_length},
    error::InvalidContent,
};

/// A text to send. It is not empty, and at most 2000 bytes long once written as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

impl Text {
    /// Checks a text.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidContent> {
        let text = Self(text.into());
        if text.0.is_empty() {
            return Err(InvalidContent::EmptyText);
        }
        check_length(json_length(&text.content()))?;
        Ok(text)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn json(&self) -> String {
        json(&self.content())
    }

    fn content(&self) -> TextContent<'_> {
        TextContent { content: &self.0 }
    }
}

#[derive(Serialize)]
struct TextContent<'a> {
    content: &'a str,
}

impl TryFrom<String> for Text {
    type Error = InvalidContent;

    fn try_from(text: String) -> Result<Self, InvalidContent> {
        Self::new(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}
