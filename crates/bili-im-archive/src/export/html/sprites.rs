//! Pictures that a page shows many times, as avatars and emoticons. They are in the page once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
};

use super::super::{
    media,
    options::{Export, Pictures},
};
use crate::{archive::Archive, error::ArchiveError};

/// The greatest picture to show so, in bytes.
const MOST: u64 = 1 << 20;

/// The pictures of one page.
pub(super) struct Sprites<'a> {
    export: &'a Export,
    archive: &'a Archive,
    /// The number of each picture by its address; `None` when the page cannot have it.
    numbers: BTreeMap<String, Option<usize>>,
    style: String,
    /// The files beside the page that it shows.
    files: BTreeSet<String>,
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
            numbers: BTreeMap::new(),
            style: String::new(),
            files: BTreeSet::new(),
        }
    }

    /// The class for a picture; `None` when it is not saved, or the page is full.
    pub(super) fn class(&mut self, url: &str) -> Result<Option<Class>, ArchiveError> {
        if url.is_empty() {
            return Ok(None);
        }
        if let Some(number) = self.numbers.get(url) {
            return Ok(number.map(Class));
        }
        let room = (self.export.page_bytes).saturating_sub(self.style.len() as u64);
        let source = self.source(url, MOST.min(room))?;
        let number = source.is_some().then_some(self.numbers.len());
        if let (Some(source), Some(number)) = (source, number) {
            let rule = format!(".{}{{background-image:url(\"{source}\")}}\n", Class(number));
            self.style.push_str(&rule);
        }
        self.numbers.insert(url.to_owned(), number);
        Ok(number.map(Class))
    }

    /// What a picture's address is in the page; `None` when it is not saved, or longer than `most`
    /// bytes.
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

    /// The files beside the page that it shows so far.
    pub(super) fn files(&self) -> &BTreeSet<String> {
        &self.files
    }

    /// The rules for all pictures so far.
    pub(super) fn style(&self) -> &str {
        &self.style
    }
}
