//! Answers that its owner must see to, after which a watch may end.

use bili_im_proto::{Error, RefusalKind};
use serde_json::Value;

use super::SECOND;

/// How long after such an answer a call may still be given up because of it: it may have been made again.
const SOON: u64 = 2 * 60 * SECOND;

/// How long risk control stops an account.
const STOP: u64 = 3600 * SECOND;

/// When a program was last told so, since it was started.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    logged_out: Option<u64>,
    risk: Option<u64>,
    /// A signature was called wrong: a reason to fetch the keys again.
    wrong_signature: Option<u64>,
}

/// What an answer says about the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Warning {
    LoggedOut,
    /// Risk control; a wrong signature looks like it.
    Risk,
}

impl Warning {
    /// By an answer's body, and whether it has the header with a voucher.
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

    /// The service took a signature for a wrong one.
    pub(super) fn note_wrong_signature(&mut self, now: u64) {
        self.wrong_signature = Some(now);
    }

    /// Keys could not be fetched. A signature that was called wrong before stays wrong then.
    pub(super) fn note_no_keys(&mut self, now: u64) {
        if self.wrong_signature.is_some_and(|at| now <= at + SOON) {
            self.risk = Some(now);
        }
    }

    /// Whether they explain that a watch ended with this.
    pub(super) fn explain(&self, error: &Error, now: u64) -> bool {
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
