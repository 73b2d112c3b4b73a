//! A login, and how it is stored.

use bili_im_proto::{Credential, Origin, Secret, Uid, UnixSeconds};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::{failure::Failure, profile_name::ProfileName};

const VERSION: u32 = 1;

/// A stored login.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) credential: Credential,
    pub(crate) refresh_token: Secret,
    /// The account's name at the time of the login.
    pub(crate) account: Option<String>,
    /// The only service that gets this login; `None` stands for bilibili.
    pub(crate) endpoint: Option<String>,
    /// Whether its secrets are in the keyring of the system.
    pub(crate) is_in_keyring: bool,
}

impl Login {
    pub(crate) fn uid(&self) -> Option<Uid> {
        self.credential.uid()
    }

    /// Fails when the login was made at another service.
    pub(crate) fn check_endpoint(
        &self,
        profile: &ProfileName,
        endpoint: Option<&Origin>,
    ) -> Result<(), Failure> {
        let asked = endpoint.map(Origin::to_string);
        if self.endpoint == asked {
            return Ok(());
        }
        let place = |endpoint: &Option<String>| endpoint.clone().unwrap_or("bilibili".to_owned());
        let (own, asked) = (place(&self.endpoint), place(&asked));
        Err(Failure::unusable_login(
            format_text!(
                "profile {profile} is a login at {own}, not at {asked}",
                "登录档案 {profile} 是在 {own} 的登录，不是 {asked}"
            ),
            format_text!(
                "log in at {asked} with another profile, or go to {own} (--endpoint, BILI_IM_ENDPOINT)",
                "用另一个登录档案登录 {asked}，或改连 {own}（--endpoint、BILI_IM_ENDPOINT）"
            ),
        ))
    }
}

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
