//! `Set-Cookie` headers.

use http::{
    HeaderMap,
    header::{DATE, SET_COOKIE},
};

use super::{
    cookies::{Cookies, Found},
    form::CookieForm,
    login::Credential,
};
use crate::time::UnixSeconds;

/// A cookie with its attributes.
pub(super) struct SetCookie<'a> {
    name: &'a str,
    value: &'a str,
    attributes: &'a str,
}

impl<'a> SetCookie<'a> {
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=')?;
        Some(Self {
            name: name.trim(),
            value,
            attributes,
        })
    }

    /// The cookie. Its age counts from `date`, the answer's `Date` header.
    pub(super) fn found(&self, date: Option<&str>) -> Found<'a> {
        Found {
            domain: self.attribute("domain").unwrap_or_default(),
            expires: self.expires(date),
            ..Found::new(self.name, self.value)
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.split(';').find_map(|attribute| {
            let (own, value) = attribute.split_once('=')?;
            own.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn expires(&self, date: Option<&str>) -> Option<UnixSeconds> {
        if let (Some(age), Some(date)) = (self.attribute("max-age"), date) {
            let date = UnixSeconds::parse_date(date)?;
            return Some(UnixSeconds(date.0.saturating_add(age.parse().ok()?)));
        }
        UnixSeconds::parse_date(self.attribute("expires")?)
    }
}

impl Credential {
    /// Reads the login that an answer sets. `also` is a further site whose cookies are the
    /// service's too.
    pub(crate) fn set_by(headers: &HeaderMap, also: Option<&str>) -> Option<Self> {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let mut cookies = Cookies::new(CookieForm::Headers);
        for header in headers.get_all(SET_COOKIE) {
            let Some(cookie) = header.to_str().ok().and_then(SetCookie::parse) else {
                continue;
            };
            let mut found = cookie.found(date);
            if also.is_some_and(|site| found.domain.trim_start_matches('.') == site) {
                found.domain = "";
            }
            cookies.add(&found);
        }
        cookies.finish("").ok()
    }
}
