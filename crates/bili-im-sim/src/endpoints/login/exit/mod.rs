//! `/login/exit`.

pub(in crate::endpoints) mod v2;
