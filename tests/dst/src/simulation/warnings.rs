//! Answers about the login that may end a watch: the account's owner has to act on them.

use bili_im_proto::{Error, RefusalKind};
use serde_json::Value;

use crate::time::SECOND;

/// How long after such an answer a call may fail because of it. The call may have been repeated.
const SOON: u64 = 2 * 60 * SECOND;

/// How long an account stays stopped by risk control.
const STOP: u64 = 3600 * SECOND;

/// The times of the last warnings since the program was started.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    logged_out: Option<u64>,
    risk: Option<u64>,
    /// The service called a signature wrong, after which the program fetches the keys again.
    wrong_signature: Option<u64>,
}

/// What an answer says about the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Warning {
    LoggedOut,
    /// Risk control, or a wrong signature, which gets the same answer.
    Risk,
}

impl Warning {
    /// Reads a warning from an answer's body and whether it has a voucher header.
    pub(super) fn of(body: &Value, has_voucher: bool) -> Option<Self> {
        match body.get("code").and_then(Value::as_i64) {
            Some(-101) => Some(Self::LoggedOut),
            Some(-352 | -412) => Some(Self::Risk),
            _ if has_voucher || body.pointer("/data/v_voucher").is_some() => Some(Self::Risk),
            _ => None,
        }
    }
}

impl Warnings {
    pub(super) fn note(&mut self, warning: Warning, now: u64) {
        match warning {
            Warning::LoggedOut => self.logged_out = Some(now),
            Warning::Risk => self.risk = Some(now),
        }
    }

    /// Records that the service called a signature wrong.
    pub(super) fn note_wrong_signature(&mut self, now: u64) {
        self.wrong_signature = Some(now);
    }

    /// Records that the keys could not be fetched: a signature that was wrong stays wrong.
    pub(super) fn note_keys_not_fetched(&mut self, now: u64) {
        if self.wrong_signature.is_some_and(|at| now <= at + SOON) {
            self.risk = Some(now);
        }
    }

    /// Whether the warnings justify that a watch ended with this error.
    pub(super) fn justify(&self, error: &Error, now: u64) -> bool {
        let within = |at: Option<u64>, time| at.is_some_and(|at| now <= at + time);
        match error {
            Error::Stopped(_) => within(self.risk, STOP),
            Error::Refused(refusal) => match refusal.kind {
                RefusalKind::NotLoggedIn => within(self.logged_out, SOON),
                RefusalKind::RiskControl => within(self.risk, SOON),
                _ => false,
            },
            _ => false,
        }
    }
}
