//! One session: `GET /session_svr/v1/session_svr/session_detail`.

use crate::{
    endpoint::prelude::*,
    session::{Session, WireSession},
};

request! {
    /// Fetches one session (docs/protocol.md §7). Refused with
    /// [`NoSuchSession`](crate::RefusalKind::NoSuchSession) when it does not exist yet.
    #[derive(Copy)]
    pub struct SessionDetail {
        /// The session.
        pub talker: Talker,
    }
}

impl Endpoint for SessionDetail {
    type Response = Session;

    const SPEC: Spec = Spec::get(Host::Im, "/session_svr/v1/session_svr/session_detail");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::to(self.talker)))
    }

    fn decode(answer: Answer<'_>) -> Result<Session, Error> {
        let session: WireSession = answer.data()?;
        let (session_type, id) =
            (session.numbers()).map_err(|field| answer.missing(&format!("data.{field}")))?;
        let talker = answer.require(Talker::from_wire(session_type, id), "data.session_type")?;
        Ok(session.with(talker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::RefusalKind, testing::*};

    #[test]
    fn a_missing_session_is_reported_in_our_words() {
        let body = r#"{"code":1000004,"message":"入口节点已存在"}"#;
        let error = decode::<SessionDetail>(200, body).unwrap_err();
        assert_eq!(error.kind(), Some(RefusalKind::NoSuchSession));
        assert!(error.to_string().contains("no such session"), "{error}");
    }
}
