//! Exchange the ticket of a QR login for cookies: `GET /x/passport-login/web/crossDomain`.

use http::{Request, Uri, uri::Scheme};
use serde::de::IgnoredAny;

use crate::{
    answer::Answer,
    context::{Context, Host},
    credential::Credential,
    encode::Query,
    endpoint::{Body, Endpoint, Parts},
    error::{Error, Invalid, InvalidArgument},
    secret::Secret,
    spec::Spec,
};

/// Fetches the cookies of a login whose [`QrPoll`](crate::QrPoll) answered with a ticket instead
/// (docs/protocol.md §13). No cookie is sent along.
///
/// The address must be https on `bilibili.com` or `biligame.com`, or have the host of the login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossDomain {
    /// The address with the ticket, as the service gave it.
    pub address: Secret,
}

/// A site of the service's owner, to which tickets may lead.
const GAME: &str = "biligame.com";

impl CrossDomain {
    /// Fetches the cookies at this address.
    pub fn new(address: Secret) -> Self {
        Self { address }
    }

    fn uri(&self, context: &Context) -> Option<Uri> {
        let uri: Uri = self.address.expose().parse().ok()?;
        let host = uri.host()?.to_ascii_lowercase();
        let is_on = |site: &str| host == site || host.ends_with(&format!(".{site}"));
        let is_known =
            uri.scheme() == Some(&Scheme::HTTPS) && (is_on("bilibili.com") || is_on(GAME));
        let own = context.hosts.get(Host::Passport);
        let is_own = uri.scheme() == Some(&own.scheme) && uri.authority() == Some(&own.authority);
        let has_user = uri.authority()?.as_str().contains('@');
        ((is_known || is_own) && !has_user).then_some(uri)
    }
}

impl Endpoint for CrossDomain {
    type Response = Credential;

    const SPEC: Spec =
        Spec::get(Host::Passport, "/x/passport-login/web/crossDomain").without_login();

    fn check(&self, context: &Context) -> Result<(), Invalid> {
        match self.uri(context) {
            Some(_) => Ok(()),
            None => Err(InvalidArgument::TicketAddress.into()),
        }
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn request(&self, context: &Context) -> Result<Request<Body>, Invalid> {
        let context = Context {
            credential: None,
            ..context.clone()
        };
        let uri = self.uri(&context).ok_or(InvalidArgument::TicketAddress)?;
        let mut request = self.parts(&context)?.into_request(&Self::SPEC, &context)?;
        *request.uri_mut() = uri;
        Ok(request)
    }

    fn decode(answer: Answer<'_>) -> Result<Credential, Error> {
        let set = Credential::set_by(answer.headers(), Some(GAME));
        if set.is_none() {
            answer.secret_data::<IgnoredAny>()?;
        }
        answer.secret_field(set, "Set-Cookie: SESSDATA")
    }
}

#[cfg(test)]
mod tests {
    use http::{Response, header::COOKIE};

    use super::*;
    use crate::{ids::Uid, testing};

    fn request(address: &str) -> Result<Request<Body>, Invalid> {
        let login = Credential::new("a", "b", Uid(5)).unwrap();
        let context = testing::context().with_credential(login);
        CrossDomain::new(Secret::new(address)).request(&context)
    }

    #[test]
    fn the_address_is_used_as_it_is_and_gets_no_cookie() {
        for host in [
            "passport.bilibili.com",
            "passport.biligame.com",
            "bilibili.com",
        ] {
            let address = format!("https://{host}/x/crossDomain?ticket=t&gourl=a%2Fb");
            let request = request(&address).unwrap();
            assert_eq!(request.uri(), &*address);
            assert!(!request.headers().contains_key(COOKIE));
        }
    }

    #[test]
    fn another_address_is_refused_and_not_shown() {
        for address in [
            "",
            "/x?ticket=hidden",
            "http://passport.bilibili.com/x?ticket=hidden",
            "https://bilibili.com.example.com/x?ticket=hidden",
            "https://notbilibili.com/x?ticket=hidden",
            "https://bilibili.com@example.com/x?ticket=hidden",
            "https://a@bilibili.com/x?ticket=hidden",
        ] {
            let refused = request(address).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("hidden"));
        }
    }

    #[test]
    fn cookies_for_either_site_are_the_login() {
        for site in ["bilibili.com", ".bilibili.com", ".biligame.com"] {
            let response = Response::builder()
                .status(302)
                .header(
                    "set-cookie",
                    format!("SESSDATA=a%2Cb; Path=/; Domain={site}"),
                )
                .header("set-cookie", format!("bili_jct=c; Path=/; Domain={site}"))
                .header("set-cookie", format!("DedeUserID=5; Path=/; Domain={site}"))
                .header("set-cookie", "SESSDATA=foreign; Domain=example.com")
                .body("")
                .unwrap();
            let expected = Credential::new("a%2Cb", "c", Uid(5)).unwrap();
            assert_eq!(CrossDomain::response(&response), Ok(expected));
        }
        let none = Response::new("<html>");
        assert!(CrossDomain::response(&none).is_err());
    }
}
