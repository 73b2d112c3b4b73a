//! The state of a QR login: `GET /x/passport-login/web/qrcode/poll`.

use crate::{
    answer::Answer,
    context::{Context, Host},
    credential::Credential,
    encode::Query,
    endpoint::{Endpoint, Parts},
    error::{Error, Invalid},
    lenient::wire,
    secret::Secret,
    spec::Spec,
    time::UnixSeconds,
};

/// Asks whether a QR code was scanned and the login confirmed (docs/protocol.md §13). Repeat it
/// about every 2 s.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QrPoll {
    /// The key of the QR code.
    pub key: Secret,
}

/// The state of a QR login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QrState {
    /// The code was not scanned yet (86101).
    NotScanned,
    /// The code was scanned, and the login must be confirmed on the phone (86090).
    Scanned,
    /// The code has expired (86038).
    Expired,
    /// The login is complete.
    Done(Login),
    /// The login is complete, and its cookies are to be had at another address: see
    /// [`CrossDomain`](crate::CrossDomain).
    Ticket {
        /// The address, with a ticket. Empty when the service gave none.
        address: Secret,
        /// The refresh token, to be stored with the cookies; may be empty.
        refresh_token: Secret,
    },
    /// An unknown state.
    Other(i64),
}

/// A completed login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The cookies.
    pub credential: Credential,
    /// The refresh token, to be stored with the cookies; may be empty.
    pub refresh_token: Secret,
}

wire! {
    struct Wire {
        code: Option<i64>,
        url: String,
        refresh_token: String,
    }
}

impl QrPoll {
    /// Asks about the QR code with this key.
    pub fn new(key: Secret) -> Self {
        Self { key }
    }
}

impl Endpoint for QrPoll {
    type Response = QrState;

    const SPEC: Spec =
        Spec::get(Host::Passport, "/x/passport-login/web/qrcode/poll").without_login();

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(
            Query::new().with("qrcode_key", self.key.expose()),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<QrState, Error> {
        let wire: Wire = answer.secret_data()?;
        Ok(match answer.secret_field(wire.code, "data.code")? {
            86101 => QrState::NotScanned,
            86090 => QrState::Scanned,
            86038 => QrState::Expired,
            0 => {
                let refresh_token = Secret::new(wire.refresh_token);
                let set = Credential::set_by(answer.headers(), None);
                if let Some(credential) = set.or_else(|| in_query(&wire.url)) {
                    QrState::Done(Login {
                        credential,
                        refresh_token,
                    })
                } else {
                    QrState::Ticket {
                        address: Secret::new(wire.url),
                        refresh_token,
                    }
                }
            }
            other => QrState::Other(other),
        })
    }
}

/// The login's cookies from the query of `url`.
fn in_query(url: &str) -> Option<Credential> {
    const NAMES: [&str; 4] = ["SESSDATA", "bili_jct", "DedeUserID", "DedeUserID__ckMd5"];
    let (_, query) = url.split_once('?')?;
    let pairs = || query.split('&').filter_map(|pair| pair.split_once('='));
    let cookies: Vec<String> = (pairs())
        .filter(|(name, _)| NAMES.contains(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expires = pairs().find(|(name, _)| *name == "Expires");
    let expires = expires.and_then(|(_, seconds)| UnixSeconds::parse_date(seconds));
    let credential = Credential::parse(&cookies.join("; ")).ok()?;
    Some(credential.with_expires(expires))
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::{ids::Uid, testing::decode};

    #[test]
    fn the_state_is_read_from_data_code() {
        for (code, state) in [
            (86101, QrState::NotScanned),
            (86090, QrState::Scanned),
            (86038, QrState::Expired),
            (5, QrState::Other(5)),
        ] {
            let body = format!(
                r#"{{"code":0,"message":"0","data":{{"url":"","refresh_token":"","timestamp":0,"code":{code},"message":"m"}}}}"#
            );
            assert_eq!(decode::<QrPoll>(200, &body), Ok(state));
        }
    }

    #[test]
    fn a_login_comes_as_cookies() {
        let response = Response::builder()
            .header("date", "Thu, 01 Jan 1970 00:00:10 GMT")
            .header("set-cookie", "SESSDATA=a%2Cb; Path=/; Domain=bilibili.com; Max-Age=100; HttpOnly")
            .header("set-cookie", "bili_jct=c; Path=/; Domain=.bilibili.com; Expires=Thu, 01 Jan 1970 00:05:00 GMT")
            .header("set-cookie", "DedeUserID=5")
            .header("set-cookie", "SESSDATA=foreign; Domain=example.com")
            .body(r#"{"code":0,"data":{"code":0,"url":"https://x/?SESSDATA=other","refresh_token":"hidden"}}"#)
            .unwrap();
        let QrState::Done(login) = QrPoll::response(&response).unwrap() else {
            panic!("not done")
        };
        assert!(login.credential == Credential::new("a%2Cb", "c", Uid(5)).unwrap());
        assert_eq!(login.credential.expires(), Some(UnixSeconds(110)));
        assert_eq!(login.refresh_token.expose(), "hidden");
        assert!(!format!("{login:?}").contains("hidden"));
    }

    #[test]
    fn a_login_without_cookies_has_an_address_for_them() {
        let body = r#"{"code":0,"data":{"code":0,"url":"https://x/?ticket=hidden","refresh_token":"hidden"}}"#;
        let state = decode::<QrPoll>(200, body).unwrap();
        assert!(!format!("{state:?}").contains("hidden"));
        let expected = QrState::Ticket {
            address: Secret::new("https://x/?ticket=hidden"),
            refresh_token: Secret::new("hidden"),
        };
        assert_eq!(state, expected);
    }
}
