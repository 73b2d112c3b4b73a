//! `/login`.

pub(super) mod exit;
