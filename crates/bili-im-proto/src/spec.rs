//! What is the same in every call to one endpoint.

use std::time::Duration;

use crate::{
    context::{Context, Host},
    error::{Missing, RefusalKind},
};

/// What is the same in every call to one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    pub(crate) method: Method,
    pub(crate) host: Host,
    pub(crate) path: &'static str,
    pub(crate) signed: bool,
    pub(crate) effect: Effect,
    pub(crate) needs_login: bool,
    pub(crate) csrf: &'static [&'static str],
    pub(crate) codes: &'static [(i64, RefusalKind)],
    pub(crate) timeout: Duration,
    pub(crate) is_poll: bool,
    name: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

/// What a call does, which decides whether it may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// Repeating it is harmless.
    Idempotent,
    /// Each time it takes effect anew.
    Once,
}

impl Spec {
    /// A read, with the login's cookie.
    pub const fn get(host: Host, path: &'static str) -> Self {
        Self {
            method: Method::Get,
            host,
            path,
            signed: false,
            effect: Effect::Read,
            needs_login: true,
            csrf: &[],
            codes: &[],
            timeout: Duration::from_secs(20),
            is_poll: false,
            name: None,
        }
    }

    /// A change that may be repeated, with the login's cookie and the CSRF token in the body.
    pub const fn post(host: Host, path: &'static str) -> Self {
        Self {
            method: Method::Post,
            effect: Effect::Idempotent,
            csrf: &["csrf", "csrf_token"],
            ..Self::get(host, path)
        }
    }

    /// The query must be signed (docs/protocol.md §4).
    #[must_use]
    pub const fn signed(self) -> Self {
        Self {
            signed: true,
            ..self
        }
    }

    /// It takes effect anew each time.
    #[must_use]
    pub const fn once(self) -> Self {
        Self {
            effect: Effect::Once,
            ..self
        }
    }

    /// It works without a login too.
    #[must_use]
    pub const fn without_login(self) -> Self {
        Self {
            needs_login: false,
            ..self
        }
    }

    /// What certain codes mean here, ahead of what they mean elsewhere.
    #[must_use]
    pub const fn codes(self, codes: &'static [(i64, RefusalKind)]) -> Self {
        Self { codes, ..self }
    }

    /// The CSRF token goes out under other names than `csrf` and `csrf_token`; under none when
    /// [`parts`](crate::Endpoint::parts) places it itself.
    #[must_use]
    pub const fn csrf_as(self, csrf: &'static [&'static str]) -> Self {
        Self { csrf, ..self }
    }

    /// It may take long: two minutes instead of 20 seconds.
    #[must_use]
    pub const fn slow(self) -> Self {
        Self {
            timeout: Duration::from_secs(120),
            ..self
        }
    }

    /// It asks what is new, as one does again and again: no more often than a watcher may.
    #[must_use]
    pub const fn poll(self) -> Self {
        Self {
            is_poll: true,
            ..self
        }
    }

    /// A better name than the last segment of the path.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// The call's name: by default the last segment of its path.
    pub fn name(&self) -> &'static str {
        let last_segment = || self.path.rsplit('/').next().unwrap_or(self.path);
        self.name.unwrap_or_else(last_segment)
    }

    /// Whether it is a `GET` or a `POST`.
    pub fn method(&self) -> http::Method {
        match self.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        }
    }

    /// Which of the service's hosts it goes to.
    pub const fn host(&self) -> Host {
        self.host
    }

    /// The path at that host.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// What the call does.
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether its query is signed.
    pub const fn is_signed(&self) -> bool {
        self.signed
    }

    /// Whether the login is all that the call needs.
    pub(crate) fn check_login(&self, context: &Context) -> Result<(), Missing> {
        if self.needs_login && context.credential.is_none() {
            return Err(Missing::Credential);
        }
        if self.method == Method::Post && !self.csrf.is_empty() {
            context.csrf_token()?;
        }
        Ok(())
    }

    /// What a code means here.
    pub(crate) fn kind_of(&self, code: i64) -> RefusalKind {
        (self.codes.iter())
            .find(|(own, _)| *own == code)
            .map_or_else(|| RefusalKind::of(code), |&(_, kind)| kind)
    }
}
