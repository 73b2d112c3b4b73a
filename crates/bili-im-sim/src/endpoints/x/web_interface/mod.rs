//! `/x/web-interface`.

pub(in crate::endpoints) mod nav;
