//! Log out: `POST /login/exit/v2`.

use crate::{endpoint::prelude::*, error::RefusalKind};

/// Ends the login (docs/protocol.md §13). Succeeds too if the login had already ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Logout;

impl Endpoint for Logout {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Passport, "/login/exit/v2")
        .csrf_as(&["biliCSRF"])
        .named("logout")
        .codes(&[(2202, RefusalKind::Csrf)]);

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        let start = answer
            .body()
            .iter()
            .find(|byte| !byte.is_ascii_whitespace());
        if answer.status().is_success() && start == Some(&b'<') {
            return Ok(());
        }
        match answer.success() {
            Err(error) if error.kind() == Some(RefusalKind::NotLoggedIn) => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn an_expired_login_counts_as_logged_out() {
        for body in [
            r#"{"code":0,"status":true,"ts":1,"data":{"redirectUrl":"x"}}"#,
            "<!DOCTYPE html>",
            r#"{"code":-101}"#,
        ] {
            assert_eq!(decode::<Logout>(200, body), Ok(()), "{body}");
        }
        let error = decode::<Logout>(200, r#"{"code":2202}"#).unwrap_err();
        assert_eq!(error.kind(), Some(RefusalKind::Csrf));
        assert_eq!(
            decode::<Logout>(502, "<html>").unwrap_err().kind(),
            Some(RefusalKind::Service)
        );
    }
}
