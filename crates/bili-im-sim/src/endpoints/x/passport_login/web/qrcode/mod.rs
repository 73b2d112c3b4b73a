//! `/x/passport-login/web/qrcode`.

pub(in crate::endpoints) mod generate;
pub(in crate::endpoints) mod poll;
