//! What is wrong with the file of settings.

use std::io;

use super::setting::Setting;

/// What is wrong. The words are in `check.rs`: the file can hold their language.
#[derive(Debug)]
pub(super) enum Fault {
    Unreadable(io::Error),
    TooLong,
    /// Another user owns it, and can choose a program to run with it.
    OwnedByOther,
    /// As [`OwnedByOther`](Self::OwnedByOther), for users who can write it.
    WritableByOthers,
    NotText,
    Syntax {
        line: usize,
        words: String,
    },
    Unknown {
        line: usize,
        name: String,
    },
    /// A setting that the section of a profile cannot have.
    NotForProfiles {
        line: usize,
        name: String,
    },
    Section {
        line: usize,
        name: String,
    },
    Value {
        line: usize,
        setting: &'static Setting,
    },
}
