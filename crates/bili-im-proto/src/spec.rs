//! The properties that all calls of one endpoint share.

use std::time::Duration;

use crate::{
    context::{Context, Host},
    error::{Missing, RefusalKind},
};

/// The properties that all calls of one endpoint share.
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

/// The effect of a call. It decides whether the call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The call changes nothing.
    Read,
    /// The call changes something, and repeating it changes nothing more.
    Idempotent,
    /// Each repetition takes effect again, like sending a message.
    Once,
}

impl Spec {
    /// A GET that changes nothing and needs a login. Its timeout is 20 s.
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

    /// A POST with an [idempotent](Effect::Idempotent) effect. It needs a login and carries the
    /// CSRF token in its form.
    pub const fn post(host: Host, path: &'static str) -> Self {
        Self {
            method: Method::Post,
            effect: Effect::Idempotent,
            csrf: &["csrf", "csrf_token"],
            ..Self::get(host, path)
        }
    }

    /// Marks the query as signed (docs/protocol.md §4).
    #[must_use]
    pub const fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// Sets the effect to [`Effect::Once`].
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.effect = Effect::Once;
        self
    }

    /// Allows the call without a login.
    #[must_use]
    pub const fn without_login(mut self) -> Self {
        self.needs_login = false;
        self
    }

    /// Defines codes whose meaning differs from the general one (docs/protocol.md §3).
    #[must_use]
    pub const fn codes(self, codes: &'static [(i64, RefusalKind)]) -> Self {
        Self { codes, ..self }
    }

    /// Sets the names of the form fields that carry the CSRF token, instead of `csrf` and
    /// `csrf_token`. Without names, [`parts`](crate::Endpoint::parts) has to add the token.
    #[must_use]
    pub const fn csrf_as(self, csrf: &'static [&'static str]) -> Self {
        Self { csrf, ..self }
    }

    /// Sets the timeout to 120 s instead of 20 s.
    #[must_use]
    pub const fn slow(mut self) -> Self {
        self.timeout = Duration::from_secs(120);
        self
    }

    /// Marks the call as a poll: a read that watchers repeat. Polls start at least
    /// [`least_watch_interval`](crate::Pacing::least_watch_interval) apart.
    #[must_use]
    pub const fn poll(mut self) -> Self {
        self.is_poll = true;
        self
    }

    /// Sets a name other than the last segment of the path.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// The endpoint's name in errors: the last segment of its path, unless set otherwise.
    pub fn name(&self) -> &'static str {
        let last_segment = || self.path.rsplit('/').next().unwrap_or(self.path);
        self.name.unwrap_or_else(last_segment)
    }

    /// The HTTP method: `GET` or `POST`.
    pub fn method(&self) -> http::Method {
        match self.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        }
    }

    /// The host that the call goes to.
    pub const fn host(&self) -> Host {
        self.host
    }

    /// The path, without the query.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The effect of the call.
    pub const fn effect(&self) -> Effect {
        self.effect
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

    pub(crate) fn kind_of(&self, code: i64) -> RefusalKind {
        (self.codes.iter())
            .find(|(own, _)| *own == code)
            .map_or_else(|| RefusalKind::of(code), |&(_, kind)| kind)
    }
}
