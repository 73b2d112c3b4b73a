//! Collects what the readers find, and makes a login of it.

use percent_encoding::utf8_percent_encode;
use zeroize::Zeroizing;

use super::{
    form::{CookieForm, InvalidCredential},
    login::Credential,
};
use crate::{encode::RESERVED, time::UnixSeconds};

/// Cookies without which later calls fail.
const NEEDED: [&str; 3] = ["SESSDATA", "bili_jct", "DedeUserID"];

/// Other cookies of the service.
const FURTHER: [&str; 7] = [
    "DedeUserID__ckMd5",
    "buvid3",
    "buvid4",
    "buvid_fp",
    "b_nut",
    "bili_ticket",
    "bili_ticket_expires",
];

/// What is written among cookies but is none: attributes of `Set-Cookie`, and tokens that other
/// programs keep beside the cookies.
const NO_COOKIES: [&str; 11] = [
    "path",
    "domain",
    "expires",
    "max-age",
    "samesite",
    "httponly",
    "secure",
    "ac_time_value",
    "refresh_token",
    "access_token",
    "access_key",
];

/// A cookie as a reader found it.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Empty when unknown.
    pub(super) domain: &'a str,
    pub(super) expires: Option<UnixSeconds>,
}

impl<'a> Found<'a> {
    pub(super) fn new(name: &'a str, value: &'a str) -> Self {
        Self {
            name,
            value,
            ..Self::default()
        }
    }
}

/// The cookies that were found, in their order, with unique names.
pub(super) struct Cookies {
    form: CookieForm,
    pairs: Vec<(String, Zeroizing<String>)>,
    expires: Option<UnixSeconds>,
    is_named: bool,
    is_foreign: bool,
    bad: Option<&'static str>,
}

impl Cookies {
    pub(super) fn new(form: CookieForm) -> Self {
        Self {
            form,
            pairs: Vec::new(),
            expires: None,
            is_named: false,
            is_foreign: false,
            bad: None,
        }
    }

    pub(super) fn of(
        form: CookieForm,
        pairs: Vec<(String, Zeroizing<String>)>,
        expires: Option<UnixSeconds>,
    ) -> Self {
        Self {
            pairs,
            expires,
            ..Self::new(form)
        }
    }

    /// Adds a cookie of the service, or replaces its value. Cookies of other sites, and those of
    /// other scripts with characters that cookies cannot have, are left out.
    pub(super) fn add(&mut self, found: &Found<'_>) {
        let known = known(found.name);
        let name = known.unwrap_or(found.name.trim());
        let is_sessdata = name == "SESSDATA";
        self.is_named |= is_sessdata;
        if !is_ours(found.domain) {
            self.is_foreign |= is_sessdata;
            return;
        }
        if NO_COOKIES.iter().any(|no| name.eq_ignore_ascii_case(no)) {
            return;
        }
        let value = unquoted(found.value);
        let value = Zeroizing::new(if is_sessdata && !value.contains('%') {
            utf8_percent_encode(value, RESERVED).to_string()
        } else {
            value.to_owned()
        });
        // With other characters at its front the header would be parsed as JSON or as another
        // header.
        let fits = |b: u8| b.is_ascii_graphic() && b != b';';
        if !is_token(name) || !value.bytes().all(fits) {
            self.bad = self.bad.or(known.filter(|name| NEEDED.contains(name)));
            return;
        }
        if is_sessdata && !value.is_empty() {
            self.expires = found.expires;
        }
        match self.pairs.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) if value.is_empty() && !old.is_empty() => {}
            Some((_, old)) => *old = value,
            None => self.pairs.push((name.to_owned(), value)),
        }
    }

    pub(super) fn has_sessdata(&self) -> bool {
        (self.pairs.iter()).any(|(name, value)| name == "SESSDATA" && !value.is_empty())
    }

    /// Makes a login of the cookies that were found in `text`.
    pub(super) fn finish(self, text: &str) -> Result<Credential, InvalidCredential> {
        let form = self.form;
        if let Some(name) = self.bad {
            return Err(InvalidCredential::BadValue { form, name });
        }
        if self.has_sessdata() {
            return Ok(Credential::of(self.pairs, self.expires));
        }
        if self.is_foreign {
            return Err(InvalidCredential::AnotherSite { form });
        }
        if self.is_named || names_sessdata(text) {
            return Err(InvalidCredential::NoValue { form });
        }
        let seen: Vec<_> = (self.pairs.iter())
            .filter_map(|(name, _)| known(name))
            .collect();
        Err(if seen.is_empty() {
            InvalidCredential::Unknown
        } else {
            InvalidCredential::NoSessdata { form, seen }
        })
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).map_or(text, unquoted)
}

/// Whether a cookie can have this name.
pub(super) fn is_token(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(fits)
}

/// The service's name of a cookie, however it is written: `sessdata`, `BILI_JCT`, `biliJct`,
/// `BILI_SESSDATA`.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let written = plain(name.trim_matches([' ', '\t', '"', '\'']));
    let names = NEEDED.iter().chain(&FURTHER);
    let whole = names.copied().find(|name| plain(name) == written);
    whole.or_else(|| {
        let prefixed = |name: &str| written.starts_with("bili") && written.ends_with(&plain(name));
        NEEDED.into_iter().find(|name| prefixed(name))
    })
}

/// The names before which a new pair begins, wherever they stand.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NEEDED.into_iter().chain(FURTHER)
}

/// Whether a cookie's domain is empty or the service's.
fn is_ours(domain: &str) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    domain.is_empty() || domain == "bilibili.com" || domain.ends_with(".bilibili.com")
}

fn names_sessdata(text: &str) -> bool {
    const NAME: &[u8] = b"sessdata";
    (text.as_bytes().windows(NAME.len())).any(|part| part.eq_ignore_ascii_case(NAME))
}
