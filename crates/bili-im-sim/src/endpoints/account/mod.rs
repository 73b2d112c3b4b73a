//! `/account/v1`.

pub(super) mod user;
