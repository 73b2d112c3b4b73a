//! How a user is related to the account: `GET /link_setting/v1/link_setting/get_session_ss`.

use crate::{endpoint::prelude::*, numbered::numbered};

request! {
    /// Asks whether a user follows the account, and whether the account receives their pushes
    /// (docs/protocol.md §10).
    #[derive(Copy)]
    pub struct GetSessionSs {
        /// The user.
        pub uid: Uid,
    }
}

numbered! {
    /// How a user is related to the account (`follow_status`).
    FollowStatus {
        /// The user does not follow the account.
        No = 0,
        /// The user follows the account.
        Follows = 2,
        /// Both follow each other.
        Mutual = 6,
        /// The user blocked the account.
        Blocked = 128,
    }
}

wire! {
    /// How a user is related to the account.
    pub struct SessionSettings {
        /// Whether the user follows the account.
        pub follow_status: Option<FollowStatus>,
        /// Whether the user follows the account with special attention (特别关注).
        pub special: bool,
        /// Whether the account does **not** receive the user's pushes.
        pub push_setting: bool,
        /// Whether clients show the setting for pushes.
        pub show_push_setting: bool,
    }
}

impl Endpoint for GetSessionSs {
    type Response = SessionSettings;

    const SPEC: Spec = Spec::get(Host::Im, "/link_setting/v1/link_setting/get_session_ss");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(Talker::User(self.uid))?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new().with("talker_uid", self.uid)))
    }

    fn decode(answer: Answer<'_>) -> Result<SessionSettings, Error> {
        answer.data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn every_follow_status_is_read() {
        assert_eq!(query(&GetSessionSs::new(Uid(5))), "talker_uid=5");
        for (number, status) in [
            (0, FollowStatus::No),
            (2, FollowStatus::Follows),
            (6, FollowStatus::Mutual),
            (128, FollowStatus::Blocked),
            (7, FollowStatus::Other(7)),
        ] {
            let body =
                format!(r#"{{"code":0,"data":{{"follow_status":{number},"push_setting":1}}}}"#);
            let settings = decode::<GetSessionSs>(200, &body).unwrap();
            assert_eq!(settings.follow_status, Some(status));
            assert!(settings.push_setting);
        }
    }
}
