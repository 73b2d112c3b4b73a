//! Paths of files in addresses.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A path in an address: letters, digits, `-`, `_`, `.` and `/` stay as they are.
pub(crate) fn encoded(path: &str) -> String {
    const LEFT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'/');
    utf8_percent_encode(path, LEFT).to_string()
}
