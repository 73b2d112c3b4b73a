//! `/x/dynamic/feed`.

pub(in crate::endpoints) mod draw;
