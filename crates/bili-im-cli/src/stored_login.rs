//! How a login is stored.

use bili_im_proto::{Credential, Secret, UnixSeconds};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::profiles::Login;

const VERSION: u32 = 1;

/// A login in a file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    version: u32,
    endpoint: Option<String>,
    account: Option<String>,
    /// In seconds since 1970.
    expires: Option<u64>,
    /// The entry of the keyring that has the secrets, if they are not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keyring: Option<String>,
    #[serde(flatten)]
    pub(crate) secrets: Option<Secrets>,
}

/// What makes the login.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secrets {
    cookie: String,
    #[serde(default)]
    refresh_token: String,
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.cookie.zeroize();
        self.refresh_token.zeroize();
    }
}

impl Stored {
    pub(crate) fn of(login: &Login) -> Self {
        Self {
            version: VERSION,
            endpoint: login.endpoint.clone(),
            account: login.account.clone(),
            expires: login.credential.expires().map(|UnixSeconds(end)| end),
            keyring: None,
            secrets: Some(Secrets {
                cookie: login.credential.expose().to_string(),
                refresh_token: login.refresh_token.expose().to_owned(),
            }),
        }
    }

    /// The entry of the keyring that a file names, also a file that holds no login.
    pub(crate) fn entry_in(text: &[u8]) -> Option<String> {
        #[derive(Deserialize)]
        struct Part {
            keyring: Option<String>,
        }

        serde_json::from_slice::<Part>(text).ok()?.keyring
    }

    /// Reads a file. The error does not quote it, since it holds a secret.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Header {
            version: u32,
        }

        let Header { version } = serde_json::from_slice(text).map_err(|_| damaged())?;
        if version != VERSION {
            return Err(text!(
                "it was written by another version of this program",
                "它由另一个版本的程序写成"
            ));
        }
        serde_json::from_slice(text).map_err(|_| damaged())
    }

    pub(crate) fn login(&self) -> Option<Login> {
        let secrets = self.secrets.as_ref()?;
        let credential = Credential::parse(&secrets.cookie).ok()?;
        Some(Login {
            credential: credential.with_expires(self.expires.map(UnixSeconds)),
            refresh_token: Secret::new(secrets.refresh_token.as_str()),
            account: self.account.clone(),
            endpoint: self.endpoint.clone(),
            is_in_keyring: self.keyring.is_some(),
        })
    }
}

pub(crate) fn damaged() -> &'static str {
    text!("it is damaged", "内容损坏")
}
