//! `/x/passport-login/web`.

pub(in crate::endpoints) mod qrcode;
