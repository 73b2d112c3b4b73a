//! The device cookies: `GET /x/frontend/finger/spi`.

use crate::{credential::Credential, endpoint::prelude::*};

/// Fetches the cookies that identify a device (docs/protocol.md §2). Fetch them once and keep them.
/// They must not be made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FingerSpi;

wire! {
    /// The cookies that identify a device.
    pub struct DeviceCookies {
        /// `buvid3`.
        #[serde(rename = "b_3")]
        pub buvid3: String,
        /// `buvid4`.
        #[serde(rename = "b_4")]
        pub buvid4: String,
    }
}

impl DeviceCookies {
    /// Adds those of the cookies that the login does not have.
    pub fn complete(&self, credential: &Credential) -> Credential {
        let pairs = [("buvid3", &self.buvid3), ("buvid4", &self.buvid4)];
        let missing = pairs
            .iter()
            .filter(|(name, _)| !credential.has_cookie(name));
        missing.fold(credential.clone(), |credential, (name, value)| {
            credential.with_cookie(name, value)
        })
    }
}

impl Endpoint for FingerSpi {
    type Response = DeviceCookies;

    const SPEC: Spec = Spec::get(Host::Main, "/x/frontend/finger/spi").without_login();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<DeviceCookies, Error> {
        let cookies: DeviceCookies = answer.data()?;
        if cookies.buvid3.is_empty() {
            return Err(answer.missing("data.b_3"));
        }
        Ok(cookies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_cookie_that_was_pasted_is_kept() {
        let device = DeviceCookies {
            buvid3: "x".to_owned(),
            buvid4: "y".to_owned(),
        };
        let pasted = Credential::parse("SESSDATA=a; buvid3=mine").unwrap();
        let expected = Credential::parse("SESSDATA=a; buvid3=mine; buvid4=y").unwrap();
        assert_eq!(device.complete(&pasted), expected);
    }
}
