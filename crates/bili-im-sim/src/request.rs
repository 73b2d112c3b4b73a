//! A parsed request.

use std::str::FromStr;

use http::{
    Method, Request,
    header::{CONTENT_TYPE, COOKIE, HOST},
    uri::Scheme,
};

use crate::{answer::Refusal, codes::BAD_REQUEST, cookie, ids::Uid};

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a query or a form, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Removes spaces around the names.
    pub(crate) fn trimmed(self) -> Self {
        Self(
            self.0
                .into_iter()
                .map(|(name, value)| (name.trim().to_owned(), value))
                .collect(),
        )
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value with this name.
    pub(crate) fn get(&self, wanted: &str) -> Option<&str> {
        self.iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or_else(|| BAD_REQUEST.because(format!("{name} is missing")))
    }

    /// The field as a number; `None` when it is absent or empty.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| BAD_REQUEST.because(format!("{name} is not a number in range"))),
        }
    }

    pub(crate) fn required_number<T: FromStr>(&self, name: &str) -> Result<T, Refusal> {
        self.number(name)?
            .ok_or_else(|| BAD_REQUEST.because(format!("{name} is missing")))
    }

    /// Refuses unless the field is the uid of the account that makes the request.
    pub(crate) fn check_own(&self, name: &str, owner: Uid) -> Result<(), Refusal> {
        if Uid(self.required_number(name)?) == owner {
            Ok(())
        } else {
            Err(BAD_REQUEST.because(format!("{name} is not the owner of the cookie")))
        }
    }

    /// The field as a switch: 0 or 1.
    pub(crate) fn required_switch(&self, name: &str) -> Result<bool, Refusal> {
        match self.required(name)? {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(BAD_REQUEST.because(format!("{name} is neither 0 nor 1"))),
        }
    }

    /// Whether the field is 1.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }
}

/// A parsed request.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Fields,
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: String,
    /// `http` unless the server or the address of the request says otherwise.
    scheme: Scheme,
    host: String,
    cookies: Vec<(String, String)>,
}

impl Incoming {
    pub(crate) fn new(request: Request<Vec<u8>>) -> Self {
        let (head, body) = request.into_parts();
        let cookies = head
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        let content_type = head
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let host = (head.headers.get(HOST))
            .and_then(|host| host.to_str().ok())
            .or(head.uri.host())
            .unwrap_or_default()
            .to_owned();
        let told = head.extensions.get::<Scheme>().or(head.uri.scheme());
        Self {
            scheme: told.cloned().unwrap_or(Scheme::HTTP),
            host,
            method: head.method,
            path: head.uri.path().to_owned(),
            query: Fields::parse(head.uri.query().unwrap_or_default().as_bytes()),
            body,
            content_type,
            cookies,
        }
    }

    /// The address of the service, as the client has it.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Whether the body is a URL-encoded form.
    pub(crate) fn is_form(&self) -> bool {
        let essence = self.content_type.split(';').next();
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM))
    }

    /// The percent-decoded value of a cookie (docs/protocol.md §2).
    pub(crate) fn cookie(&self, wanted: &str) -> Option<String> {
        let (_, value) = self.cookies.iter().find(|(name, _)| name == wanted)?;
        Some(cookie::decode(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others_and_decoded() {
        let request = Request::get("/")
            .header(COOKIE, "a=1; SESSDATA=x%2Cy%2A; b=")
            .body(Vec::new())
            .unwrap();
        let incoming = Incoming::new(request);
        assert_eq!(incoming.cookie("SESSDATA").as_deref(), Some("x,y*"));
        assert_eq!(incoming.cookie("b").as_deref(), Some(""));
        assert_eq!(incoming.cookie("c"), None);
    }

    #[test]
    fn the_origin_has_the_scheme_that_is_told_and_http_otherwise() {
        let origin = |address: &str, told: Option<Scheme>| {
            let mut request = Request::get(address).header(HOST, "a.example:1");
            if let Some(scheme) = told {
                request = request.extension(scheme);
            }
            Incoming::new(request.body(Vec::new()).unwrap()).origin()
        };
        assert_eq!(origin("/x", None), "http://a.example:1");
        assert_eq!(origin("/x", Some(Scheme::HTTPS)), "https://a.example:1");
        assert_eq!(origin("https://b.example/x", None), "https://a.example:1");
        assert_eq!(origin("http://b.example/x", None), "http://a.example:1");
    }

    #[test]
    fn a_form_is_recognized_by_its_content_type_with_any_charset() {
        let is_form = |content_type: &str| {
            Incoming::new(
                Request::post("/")
                    .header(CONTENT_TYPE, content_type)
                    .body(Vec::new())
                    .unwrap(),
            )
            .is_form()
        };
        assert!(is_form("application/x-www-form-urlencoded"));
        assert!(is_form("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
        assert!(!is_form("application/json"));
    }

    #[test]
    fn a_number_may_be_absent_or_empty_but_not_something_else() {
        let fields = Fields::parse(b"size=20&none=&bad=2x&minus=-1");
        assert_eq!(fields.number::<u64>("size").unwrap(), Some(20));
        assert_eq!(fields.number::<u64>("none").unwrap(), None);
        assert_eq!(fields.number::<u64>("missing").unwrap(), None);
        assert!(fields.number::<u64>("bad").is_err());
        assert!(fields.number::<u64>("minus").is_err());
        assert!(fields.required_number::<u64>("missing").is_err());
    }
}
