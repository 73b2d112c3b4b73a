//! `/x`.

pub(super) mod dynamic;
pub(super) mod frontend;
pub(super) mod passport_login;
pub(super) mod web_interface;
