//! The state of a QR login: `GET /x/passport-login/web/qrcode/poll`.

use http::header::{DATE, SET_COOKIE};

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
    time::{UnixMicros, UnixSeconds},
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
            0 => QrState::Done(Login {
                credential: answer
                    .secret_field(credential(&answer, &wire.url), "Set-Cookie: SESSDATA")?,
                refresh_token: Secret::new(wire.refresh_token),
            }),
            other => QrState::Other(other),
        })
    }
}

/// The login's cookies, from the headers or, without any there, from the query of `url`.
fn credential(answer: &Answer<'_>, url: &str) -> Option<Credential> {
    let cookies: Vec<SetCookie<'_>> = (answer.headers().get_all(SET_COOKIE).iter())
        .filter_map(|header| SetCookie::parse(header.to_str().ok()?))
        .collect();
    let pairs = cookies.iter().map(|cookie| cookie.pair).collect::<Vec<_>>();
    if let Ok(credential) = Credential::parse(&pairs.join("; ")) {
        let date = answer
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        let expires = (cookies.iter())
            .filter(|cookie| cookie.pair.starts_with("SESSDATA="))
            .find_map(|cookie| cookie.expires(date));
        return Some(credential.with_expires(expires));
    }
    let (_, query) = url.split_once('?')?;
    let pairs: Vec<&str> = (query.split('&'))
        .filter(|pair| {
            [
                "SESSDATA=",
                "bili_jct=",
                "DedeUserID=",
                "DedeUserID__ckMd5=",
            ]
            .iter()
            .any(|name| pair.starts_with(name))
        })
        .collect();
    let expires = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("Expires="));
    let expires = expires.and_then(|seconds| seconds.parse().ok());
    let credential = Credential::parse(&pairs.join("; ")).ok()?;
    Some(credential.with_expires(expires.map(UnixSeconds)))
}

/// A `Set-Cookie` header of the service.
struct SetCookie<'a> {
    pair: &'a str,
    attributes: &'a str,
}

impl<'a> SetCookie<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let (pair, attributes) = header.split_once(';').unwrap_or((header, ""));
        let cookie = Self {
            pair: pair.trim(),
            attributes,
        };
        let domain = cookie.attribute("domain").unwrap_or_default();
        crate::credential::is_ours(domain).then_some(cookie)
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.split(';').find_map(|attribute| {
            let (own, value) = attribute.split_once('=')?;
            own.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// When the cookie expires. `date` is the answer's `Date` header.
    fn expires(&self, date: Option<&str>) -> Option<UnixSeconds> {
        let time = |text| {
            let time = httpdate::parse_http_date(text).ok()?;
            Some(UnixMicros::from(time).seconds())
        };
        if let Some(age) = self.attribute("max-age") {
            let age: u64 = age.parse().ok()?;
            return Some(UnixSeconds(time(date?)?.0.saturating_add(age)));
        }
        time(self.attribute("expires")?)
    }
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
    fn without_set_cookie_the_cookies_are_read_from_the_url() {
        let body = r#"{"code":0,"data":{"code":0,"url":"https://x/y?DedeUserID=5&Expires=1700000000&SESSDATA=a%2Cb&bili_jct=c&gourl=z"}}"#;
        let QrState::Done(login) = decode::<QrPoll>(200, body).unwrap() else {
            panic!("not done")
        };
        assert!(login.credential == Credential::new("a%2Cb", "c", Uid(5)).unwrap());
        assert_eq!(login.credential.expires(), Some(UnixSeconds(1700000000)));
    }

    #[test]
    fn a_login_without_cookies_is_an_error_that_shows_nothing() {
        let body = r#"{"code":0,"data":{"code":0,"url":"https://x/?bili_jct=hidden","refresh_token":"hidden"}}"#;
        let error = decode::<QrPoll>(200, body).unwrap_err();
        assert!(error.to_string().contains("SESSDATA"), "{error}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}
