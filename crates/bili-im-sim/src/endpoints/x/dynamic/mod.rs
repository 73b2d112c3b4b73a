//! `/x/dynamic`.

pub(in crate::endpoints) mod feed;
