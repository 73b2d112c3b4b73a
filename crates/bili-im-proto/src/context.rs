//! What a request is built with besides its own parameters.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use http::{
    HeaderValue, Uri,
    uri::{Authority, Scheme},
};

use crate::{
    credential::Credential,
    error::Missing,
    ids::{DeviceId, Uid},
    setters::setters,
    time::UnixMicros,
    wbi::SigningKeys,
};

/// What a request is built with besides its own parameters.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Context {
    /// The login. Some calls work without one.
    pub credential: Option<Credential>,
    /// The account's own uid, if it is known from elsewhere than the cookies. It takes precedence
    /// over them.
    pub uid: Option<Uid>,
    /// The signing keys. Only signed calls need them.
    pub keys: Option<SigningKeys>,
    /// The device id sent with messages.
    pub device_id: DeviceId,
    /// The service's current time.
    pub time: UnixMicros,
    /// Where the service is.
    pub hosts: Hosts,
    /// The `User-Agent`.
    pub user_agent: UserAgent,
}

impl Context {
    /// A context for the real service, without login and keys.
    pub fn new(device_id: DeviceId, time: UnixMicros) -> Self {
        Self {
            credential: None,
            uid: None,
            keys: None,
            device_id,
            time,
            hosts: Hosts::default(),
            user_agent: UserAgent::default(),
        }
    }

    /// The account's own uid.
    ///
    /// # Errors
    /// When there is no login, or the uid is unknown.
    pub fn own_uid(&self) -> Result<Uid, Missing> {
        let credential = self.credential.as_ref().ok_or(Missing::Credential)?;
        self.uid.or(credential.uid()).ok_or(Missing::OwnUid)
    }

    /// The CSRF token: a secret.
    ///
    /// # Errors
    /// When there is no login, or it has no CSRF token.
    pub fn csrf_token(&self) -> Result<&str, Missing> {
        let credential = self.credential.as_ref().ok_or(Missing::Credential)?;
        credential.csrf_token().ok_or(Missing::CsrfToken)
    }
}

setters! { Context {
    with_credential sets credential: Credential,
    with_keys sets keys: SigningKeys,
    with_hosts sets hosts: Hosts,
} }

/// One of the service's three hosts (docs/protocol.md §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `api.vc.bilibili.com`: everything about private messages.
    Im,
    /// `api.bilibili.com`: account, signing keys, image upload.
    Main,
    /// `passport.bilibili.com`: login and logout.
    Passport,
}

impl Host {
    /// Its short name in docs/protocol.md §1.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Im => "im",
            Self::Main => "main",
            Self::Passport => "passport",
        }
    }
}

/// Where the service's three hosts are, and where it is connected to for push (docs/protocol.md
/// §15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(Arc<[Origin; 4]>);

impl Hosts {
    /// Three hosts at separate addresses. Push is at the address of `im` until
    /// [`with_push`](Self::with_push) says otherwise, so that no login goes to another service.
    pub fn new(im: Origin, main: Origin, passport: Origin) -> Self {
        let push = im.clone();
        Self(Arc::new([im, main, passport, push]))
    }

    /// All of them at one address, as in a simulated service.
    pub fn single(origin: Origin) -> Self {
        Self::new(origin.clone(), origin.clone(), origin)
    }

    /// Sets where push connections go: an `https` or loopback address that takes WebSockets.
    #[must_use]
    pub fn with_push(mut self, origin: Origin) -> Self {
        let [_, _, _, push] = Arc::make_mut(&mut self.0);
        *push = origin;
        self
    }

    /// The address of one host.
    pub fn get(&self, host: Host) -> &Origin {
        let [im, main, passport, _] = &*self.0;
        match host {
            Host::Im => im,
            Host::Main => main,
            Host::Passport => passport,
        }
    }

    /// Where push connections go.
    pub fn push(&self) -> &Origin {
        let [_, _, _, push] = &*self.0;
        push
    }

    /// Whether all of them are loopback addresses.
    pub fn are_loopback(&self) -> bool {
        self.0.iter().all(Origin::is_loopback)
    }
}

impl Default for Hosts {
    /// The real service.
    fn default() -> Self {
        let real = |host| Origin {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static(host),
        };
        let hosts = [
            "api.vc.bilibili.com",
            "api.bilibili.com",
            "passport.bilibili.com",
            "broadcast.chat.bilibili.com:7826",
        ];
        Self(Arc::new(hosts.map(real)))
    }
}

/// Scheme, host and port of a service. Plain `http` is accepted for loopback addresses only, since
/// whoever reads the cookie controls the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
}

/// Why a text is not an address of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOrigin {
    /// It is not of the form `https://HOST` or `http://127.0.0.1:PORT`.
    #[error("not an address of the form https://HOST or http://127.0.0.1:PORT")]
    Malformed,
    /// It is plain http to a host that is not a loopback address.
    #[error("plain http would expose the cookie on the network: use https")]
    Insecure,
}

impl Origin {
    /// Whether it is a loopback address.
    pub fn is_loopback(&self) -> bool {
        let host = self.authority.host();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        match bare.unwrap_or(host).parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let uri: Uri = text.trim().parse().map_err(|_| InvalidOrigin::Malformed)?;
        let parts = uri.into_parts();
        let bare = parts.path_and_query.is_none_or(|path| path == "/");
        let (Some(scheme), Some(authority), true) = (parts.scheme, parts.authority, bare) else {
            return Err(InvalidOrigin::Malformed);
        };
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(InvalidOrigin::Malformed);
        }
        let origin = Self { scheme, authority };
        match origin.scheme.as_str() {
            "https" => Ok(origin),
            "http" if origin.is_loopback() => Ok(origin),
            "http" => Err(InvalidOrigin::Insecure),
            _ => Err(InvalidOrigin::Malformed),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The `User-Agent` header. The default names this program truthfully in the form of a browser's,
/// since the service distrusts other forms (docs/protocol.md §1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent(pub(crate) HeaderValue);

/// The text is not a valid `User-Agent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user agent is a line of visible ASCII characters")]
pub struct InvalidUserAgent;

impl Default for UserAgent {
    fn default() -> Self {
        Self(HeaderValue::from_static(concat!(
            "Mozilla/5.0 (compatible; bili-im/",
            env!("CARGO_PKG_VERSION"),
            ")"
        )))
    }
}

impl FromStr for UserAgent {
    type Err = InvalidUserAgent;

    fn from_str(text: &str) -> Result<Self, InvalidUserAgent> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if text.trim().is_empty() || !visible {
            return Err(InvalidUserAgent);
        }
        HeaderValue::from_str(text.trim())
            .map(Self)
            .map_err(|_| InvalidUserAgent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_accepted_for_loopback_only() {
        for text in [
            "https://example.com",
            "https://example.com:8443/",
            "http://127.0.0.1:8970",
            "http://127.9.9.9",
            "http://[::1]:80/",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:1",
            "HTTP://LOCALHOST",
        ] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in [
            "http://example.com",
            "http://192.168.0.1",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://0.0.0.0:1",
        ] {
            assert_eq!(
                text.parse::<Origin>(),
                Err(InvalidOrigin::Insecure),
                "{text}"
            );
        }
    }

    #[test]
    fn push_has_its_own_address_at_the_real_service_only() {
        let real = Hosts::default();
        let push = "https://broadcast.chat.bilibili.com:7826";
        assert_eq!(real.push().to_string(), push);
        let [local, other] = ["http://127.0.0.1:1", "https://example.com"]
            .map(|origin| origin.parse::<Origin>().unwrap());
        let hosts = Hosts::single(local.clone());
        assert_eq!(hosts.push(), &local);
        assert!(hosts.are_loopback());
        let hosts = hosts.with_push(other.clone());
        assert_eq!((hosts.push(), hosts.get(Host::Im)), (&other, &local));
        assert!(!hosts.are_loopback());
    }

    #[test]
    fn an_address_with_more_than_an_origin_is_refused() {
        for text in [
            "",
            "127.0.0.1:80",
            "/x",
            "ftp://127.0.0.1",
            "https://",
            "https://a/path",
            "https://a?x",
            "http://127.0.0.1@example.com",
            "http://user@127.0.0.1",
        ] {
            assert_eq!(
                text.parse::<Origin>(),
                Err(InvalidOrigin::Malformed),
                "{text}"
            );
        }
    }
}
