//! Whether the account is restricted: `GET /link_setting/v1/link_setting/is_limit`.

use crate::endpoint::prelude::*;

/// Asks whether the account is restricted in sending messages (docs/protocol.md §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IsLimit;

wire! {
    /// Restrictions of the account.
    pub struct Limits {
        /// Whether it is restricted.
        pub is_limit: bool,
        /// Whether it is restricted because it was reported.
        pub report_limit: bool,
    }
}

impl Endpoint for IsLimit {
    type Response = Limits;

    const SPEC: Spec = Spec::get(Host::Im, "/link_setting/v1/link_setting/is_limit");

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(
            Query::new().with("uid", context.own_uid()?).with("type", 1),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<Limits, Error> {
        answer.data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn it_asks_about_the_account_itself() {
        assert_eq!(query(&IsLimit), "uid=293793435&type=1");
        let limits = decode::<IsLimit>(200, r#"{"code":0,"data":{"is_limit":"1"}}"#).unwrap();
        assert!(limits.is_limit && !limits.report_limit);
    }
}
