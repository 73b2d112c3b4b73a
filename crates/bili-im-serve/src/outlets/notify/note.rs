//! What a notification says.

use crate::outlets::template::cut;

/// The most bytes of a title.
const TITLE: usize = 200;

/// What a notification says, as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) link: Option<String>,
}

impl Note {
    /// With a text of at most so many bytes.
    pub(super) fn cut(&self, most: usize) -> Self {
        Self {
            title: cut(&self.title, TITLE),
            text: cut(&self.text, most),
            link: self.link.clone(),
        }
    }

    /// All of it as one text, for services that have no titles.
    pub(super) fn whole(&self) -> String {
        let link = self.link.as_deref().unwrap_or_default();
        let lines = [&self.title, &self.text, link];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }
}
