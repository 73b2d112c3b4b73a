//! `/x`.

pub(super) mod frontend;
pub(super) mod web_interface;
