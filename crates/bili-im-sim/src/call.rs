//! One call of an endpoint, and the checks that many endpoints share.

use crate::{
    answer::Refusal,
    codes::{BAD_REQUEST, CSRF, Code, FORBIDDEN, NOT_LOGGED_IN, NOT_LOGGED_IN_CLASSIC},
    ids::{Talker, Uid},
    request::{Fields, Incoming},
    state::{Login, State},
    time::UnixMicros,
    wbi::{self, Flaw},
    world::{Mode, StaleSignature},
};

/// One call of an endpoint: the request, and the state that it may change.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Incoming,
    pub(crate) state: &'a mut State,
    /// The time of the service's clock.
    pub(crate) now: UnixMicros,
}

impl<'a> Call<'a> {
    pub(crate) fn is_classic(&self) -> bool {
        self.state.options.mode == Mode::Classic
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.state.options.mode == Mode::Strict
    }

    /// The login whose cookie the request carries.
    pub(crate) fn login(&self) -> Result<&Login, Refusal> {
        let code = if self.is_classic() {
            NOT_LOGGED_IN_CLASSIC
        } else {
            NOT_LOGGED_IN
        };
        self.login_or(code)
    }

    /// The login whose cookie the request carries; without one, the refusal has this code.
    pub(crate) fn login_or(&self, code: Code) -> Result<&Login, Refusal> {
        let sessdata = self
            .request
            .cookie("SESSDATA")
            .ok_or_else(|| code.because("there is no cookie SESSDATA"))?;
        self.state
            .logins
            .get(&sessdata, self.now)
            .ok_or_else(|| code.because("no account has this SESSDATA"))
    }

    /// The account whose cookie the request carries.
    pub(crate) fn owner(&self) -> Result<Uid, Refusal> {
        Ok(self.login()?.uid)
    }

    /// The account whose cookie a GET carries, and the query.
    pub(crate) fn query(&self) -> Result<(Uid, &'a Fields), Refusal> {
        Ok((self.owner()?, &self.request.query))
    }

    /// The form of a POST, without a check of the CSRF token.
    pub(crate) fn unchecked_form(&self) -> Result<Fields, Refusal> {
        if !self.request.is_form() {
            return Err(
                BAD_REQUEST.because("the content type is not application/x-www-form-urlencoded")
            );
        }
        let form = Fields::parse(&self.request.body);
        // An example in the source document has a space in a field name.
        Ok(if self.is_classic() {
            form.trimmed()
        } else {
            form
        })
    }

    /// The account whose cookie a POST carries, and the form. Refuses when the form's CSRF token is
    /// not the login's (docs/protocol.md §2): `csrf` is enough, a second one must be right too.
    pub(crate) fn form(&self) -> Result<(Uid, Fields), Refusal> {
        let login = self.login()?;
        let expected = login.bili_jct.as_str();
        let form = self.unchecked_form()?;
        let (needed, also): (&[&str], _) = match self.state.options.mode {
            Mode::Lenient => (&["csrf"], form.get("csrf_token")),
            Mode::Strict => (&["csrf", "csrf_token"], None),
            Mode::Classic => (&["csrf_token"], None),
        };
        let given = needed.iter().map(|field| form.get(field));
        if given
            .chain(also.map(Some))
            .any(|token| token != Some(expected))
        {
            let why = format!("{} is not the login's bili_jct", needed.join(" or "));
            return Err(CSRF.because(why));
        }
        self.check_csrf_cookie(expected)?;
        Ok((login.uid, form))
    }

    /// Refuses when the cookie `bili_jct` is not the login's. Only the strict mode needs it.
    pub(crate) fn check_csrf_cookie(&self, expected: &str) -> Result<(), Refusal> {
        let is_right = match self.request.cookie("bili_jct") {
            Some(cookie) => self.is_classic() || cookie == expected,
            None => !self.is_strict(),
        };
        if is_right {
            Ok(())
        } else {
            Err(CSRF.because("the cookie bili_jct is not the login's"))
        }
    }

    /// Refuses a read whose signature is wrong, and in strict mode one without a signature
    /// (docs/protocol.md §4).
    pub(crate) fn check_read_signature(&self) -> Result<(), Refusal> {
        if self.is_classic() {
            return Ok(());
        }
        match wbi::verify(
            &self.request.query,
            &self.state.key_ring.keys(self.now),
            self.now,
        ) {
            Err(Flaw::Unsigned) if !self.is_strict() => Ok(()),
            Err(Flaw::Unsigned) => Err(FORBIDDEN.because("the query is not signed")),
            Err(Flaw::Stale(why)) => Err(FORBIDDEN.because(why)),
            Ok(()) => Ok(()),
        }
    }

    /// Refuses a query that is not signed with the current keys (docs/protocol.md §4).
    pub(crate) fn check_signature(&mut self) -> Result<(), Refusal> {
        let keys = self.state.key_ring.keys(self.now);
        let why = match wbi::verify(&self.request.query, &keys, self.now) {
            Ok(()) => return Ok(()),
            Err(Flaw::Unsigned) => {
                return Err(BAD_REQUEST.because("the query is not signed: wts or w_rid is missing"));
            }
            Err(Flaw::Stale(why)) => why,
        };
        let chance = &mut self.state.chance;
        let answer = match self.state.options.stale_signature {
            StaleSignature::ByChance => match chance.below(4) {
                0 => StaleSignature::Voucher,
                1 => StaleSignature::RiskControl,
                2 => StaleSignature::Forbidden,
                _ => StaleSignature::BadRequest,
            },
            chosen => chosen,
        };
        Err(match answer {
            StaleSignature::RiskControl => Refusal::risk_control(chance, why),
            StaleSignature::Forbidden => FORBIDDEN.because(why),
            StaleSignature::BadRequest => BAD_REQUEST.because(why),
            StaleSignature::Voucher | StaleSignature::ByChance => Refusal::voucher(chance, why),
        })
    }
}

/// The talker of `talker_id` and `session_type`.
pub(crate) fn talker(fields: &Fields) -> Result<Talker, Refusal> {
    let id = fields.required_number("talker_id")?;
    let session_type = fields.required_number("session_type")?;
    Talker::from_wire(id, session_type)
        .ok_or_else(|| BAD_REQUEST.because("session_type is neither 1 nor 2"))
}
