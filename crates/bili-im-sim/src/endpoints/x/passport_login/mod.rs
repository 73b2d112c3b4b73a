//! `/x/passport-login`.

pub(in crate::endpoints) mod web;
