//! `/x/frontend/finger`.

pub(in crate::endpoints) mod spi;
