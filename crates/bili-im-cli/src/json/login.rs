//! The answers of the endpoints for logging in. Secrets are masked.

use bili_im_json::mirror;
use bili_im_proto::{DeviceCookies, NavAnswer, Profile, QrCode, QrState, Uid, UnixSeconds};
use serde::Serialize;

use crate::curl::MASK;

mirror! {
    struct ProfileJson of Profile {
        uid: Uid,
        name: String,
        face: String,
        level: Option<u32>,
    }
}

/// The owner of the cookie, and whether the answer has signing keys.
#[derive(Debug, Serialize)]
pub(crate) struct NavJson {
    profile: ProfileJson,
    has_keys: bool,
}

impl TryFrom<NavAnswer> for NavJson {
    type Error = bili_im_proto::Error;

    fn try_from(answer: NavAnswer) -> Result<Self, Self::Error> {
        Ok(Self {
            profile: answer.profile?.into(),
            has_keys: answer.keys.is_some(),
        })
    }
}

/// The cookies that name a device, masked.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceJson {
    buvid3: Option<&'static str>,
    buvid4: Option<&'static str>,
}

impl From<DeviceCookies> for DeviceJson {
    fn from(cookies: DeviceCookies) -> Self {
        Self {
            buvid3: masked(&cookies.buvid3),
            buvid4: masked(&cookies.buvid4),
        }
    }
}

/// A QR code to log in with, masked.
#[derive(Debug, Serialize)]
pub(crate) struct CodeJson {
    url: Option<&'static str>,
    qrcode_key: Option<&'static str>,
}

impl From<QrCode> for CodeJson {
    fn from(code: QrCode) -> Self {
        Self {
            url: masked(code.url.expose()),
            qrcode_key: masked(code.key.expose()),
        }
    }
}

/// The state of a login by QR code, without its secrets.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum LoginJson {
    NotScanned,
    Scanned,
    Expired,
    /// The cookies are to be had at another address.
    Ticket,
    Done {
        uid: Option<Uid>,
        /// In seconds since 1970.
        expires: Option<UnixSeconds>,
        can_write: bool,
        refresh_token: Option<&'static str>,
    },
    Other {
        code: Option<i64>,
    },
}

impl From<QrState> for LoginJson {
    fn from(state: QrState) -> Self {
        match state {
            QrState::NotScanned => Self::NotScanned,
            QrState::Scanned => Self::Scanned,
            QrState::Expired => Self::Expired,
            QrState::Done(login) => Self::Done {
                uid: login.credential.uid(),
                expires: login.credential.expires(),
                can_write: login.credential.can_write(),
                refresh_token: masked(login.refresh_token.expose()),
            },
            QrState::Ticket { .. } => Self::Ticket,
            QrState::Other(code) => Self::Other { code: Some(code) },
            _ => Self::Other { code: None },
        }
    }
}

/// The mask of a secret; `None` when the secret is empty.
fn masked(secret: &str) -> Option<&'static str> {
    (!secret.is_empty()).then_some(MASK)
}
