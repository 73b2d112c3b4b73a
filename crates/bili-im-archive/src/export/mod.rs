//! Conversations as files.

mod body;
mod card;
mod clock;
mod csv;
mod entry;
pub(crate) mod format;
mod html;
mod jsonl;
mod language;
mod link;
mod markdown;
mod media;
mod options;
mod plain;
#[cfg(test)]
mod tests;
mod text;
mod visible;

pub(crate) use self::clock::{Clock, month};
pub use self::{
    html::PageFiles,
    language::Language,
    options::{Export, ExportReport, Pictures},
};
