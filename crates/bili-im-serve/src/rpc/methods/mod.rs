//! The methods.

mod archive;
mod creator;
mod outlets;
mod process;
mod reading;
mod writing;

use super::method::Method;

/// All of them but `rpc.discover`, in the order of the docs.
pub(super) const ALL: &[&[Method]] = &[
    reading::METHODS,
    archive::METHODS,
    writing::METHODS,
    creator::METHODS,
    outlets::METHODS,
    process::METHODS,
];
