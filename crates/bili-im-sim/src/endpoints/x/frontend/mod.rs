//! `/x/frontend`.

pub(in crate::endpoints) mod finger;
