//! The pictures of a page. Avatars and emoticons appear many times, so each of them is a class in
//! the page's style.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
};

use super::super::{
    media,
    options::{Export, Pictures},
};
use crate::{archive::Archive, error::ArchiveError};

/// The most bytes of a picture in the style.
const MAX_BYTES: u64 = 1 << 20;

/// The pictures of one page.
pub(super) struct Sprites<'a> {
    export: &'a Export,
    archive: &'a Archive,
    /// The class of each picture by its address; `None` when the page cannot have it.
    classes: BTreeMap<String, Option<Class>>,
    /// The rules of the classes. They must follow the rules for all pictures.
    pub(super) style: String,
    /// The files beside the page that it shows.
    pub(super) files: BTreeSet<String>,
}

/// A class that shows a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class(usize);

impl Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

impl<'a> Sprites<'a> {
    pub(super) fn new(export: &'a Export, archive: &'a Archive) -> Self {
        Self {
            export,
            archive,
            classes: BTreeMap::new(),
            style: String::new(),
            files: BTreeSet::new(),
        }
    }

    /// The class for a picture; `None` when it is not saved, or the page has no room for it.
    pub(super) fn class(&mut self, url: &str) -> Result<Option<Class>, ArchiveError> {
        if url.is_empty() {
            return Ok(None);
        }
        if let Some(class) = self.classes.get(url) {
            return Ok(*class);
        }
        let room = (self.export.page_bytes).saturating_sub(self.style.len() as u64);
        // Base64 makes four bytes of three.
        let source = self.source(url, MAX_BYTES.min(room / 4 * 3))?;
        let class = source.map(|source| {
            let class = Class(self.classes.len());
            // Neither Base64 nor an encoded path needs escaping.
            let rule = format!(".{class}{{background-image:url(\"{source}\")}}\n");
            self.style.push_str(&rule);
            class
        });
        self.classes.insert(url.to_owned(), class);
        Ok(class)
    }

    /// A picture's address in the page; `None` when it is not saved, or longer than `most` bytes and
    /// would be part of the page.
    pub(super) fn source(&mut self, url: &str, most: u64) -> Result<Option<String>, ArchiveError> {
        let pictures = &self.export.pictures;
        let Some(saved) = media::saved(self.archive, pictures, url)? else {
            return Ok(None);
        };
        let source = saved.source(pictures, most);
        if source.is_some() && matches!(pictures, Pictures::Beside { .. }) {
            self.files.insert(saved.file);
        }
        Ok(source)
    }
}
