//! Begin a QR login: `GET /x/passport-login/web/qrcode/generate`.

use crate::{
    answer::Answer,
    context::{Context, Host},
    encode::Query,
    endpoint::{Endpoint, Parts},
    error::{Error, Invalid},
    lenient::wire,
    secret::Secret,
    spec::Spec,
};

/// Fetches a QR code to log in with (docs/protocol.md §13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QrGenerate;

wire! {
    struct Wire {
        url: Option<String>,
        qrcode_key: Option<String>,
    }
}

/// A QR code to log in with, valid for 180 s. Whoever sees it can log in with it, so neither field
/// is ever printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QrCode {
    /// The text to show as a QR code.
    pub url: Secret,
    /// The key for [`QrPoll`](crate::QrPoll).
    pub key: Secret,
}

impl Endpoint for QrGenerate {
    type Response = QrCode;

    const SPEC: Spec =
        Spec::get(Host::Passport, "/x/passport-login/web/qrcode/generate").without_login();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<QrCode, Error> {
        let wire: Wire = answer.secret_data()?;
        Ok(QrCode {
            url: Secret::new(answer.secret_field(wire.url, "data.url")?),
            key: Secret::new(answer.secret_field(wire.qrcode_key, "data.qrcode_key")?),
        })
    }
}
