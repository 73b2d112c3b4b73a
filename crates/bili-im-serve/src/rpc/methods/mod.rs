//! The methods.

mod archive;
mod creator;
mod outlets;
mod process;
mod reading;
mod writing;

use super::table::Method;

/// All of them, in the order of the docs.
pub(super) const ALL: &[&[Method]] = &[
    reading::METHODS,
    archive::METHODS,
    writing::METHODS,
    creator::METHODS,
    outlets::METHODS,
    process::METHODS,
];
