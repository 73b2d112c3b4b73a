//! `/account/v1/user`.

pub(in crate::endpoints) mod cards;
