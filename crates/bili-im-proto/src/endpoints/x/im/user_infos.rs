//! Who users are, with their marks: `GET /x/im/user_infos`.

use crate::{endpoint::prelude::*, error::MOST_UIDS, numbered::numbered};

/// Fetches what is known of up to 50 users, with their marks (docs/protocol.md §12). Names, signatures
/// and titles are written by strangers: show them through [`Printable`](crate::Printable).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserInfos {
    /// The users, 1 to 50.
    pub uids: Vec<Uid>,
}

numbered! {
    /// Whom an official mark is for (`official.type`).
    OfficialType {
        /// There is no mark.
        None = -1,
        /// A person.
        Person = 0,
        /// An organisation.
        Organisation = 1,
    }
}

wire! {
    /// What is known of a user.
    pub struct UserInfo {
        /// The user.
        #[serde(rename = "mid")]
        pub uid: Uid,
        /// The name.
        pub name: String,
        /// The address of the avatar.
        pub face: String,
        /// The signature: a line of the user's own words.
        pub sign: String,
        /// The rank.
        pub rank: u64,
        /// The level, 0 to 6.
        pub level: u32,
        /// Whether the user is silenced.
        pub silence: bool,
        /// The official mark, as the service sends it. [`mark`](Self::mark) is `None` without one.
        pub official: Option<Official>,
        /// Whether the service holds the account to be fake.
        pub is_fake_account: bool,
        /// Whether the account is deleted.
        pub is_deleted: bool,
    }
}

wire! {
    /// The official mark (认证) of a user.
    pub struct Official {
        /// Whom the mark is for; `None` when the answer does not say.
        #[serde(rename = "type")]
        pub kind: Option<OfficialType>,
        /// What the service confirms, such as an office.
        pub title: String,
    }
}

impl UserInfo {
    /// The official mark; `None` when the user has none.
    pub fn mark(&self) -> Option<&Official> {
        (self.official.as_ref()).filter(|official| match official.kind {
            Some(kind) => kind != OfficialType::None,
            None => !official.title.is_empty(),
        })
    }
}

impl UserInfos {
    /// The most users per call.
    pub const MOST: usize = MOST_UIDS;

    /// Fetches what is known of these users.
    pub fn new(uids: impl IntoIterator<Item = Uid>) -> Self {
        Self {
            uids: uids.into_iter().collect(),
        }
    }
}

impl Endpoint for UserInfos {
    type Response = Vec<UserInfo>;

    const SPEC: Spec = Spec::get(Host::Im, "/x/im/user_infos");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_uids(&self.uids)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::about(&self.uids)))
    }

    fn decode(answer: Answer<'_>) -> Result<Vec<UserInfo>, Error> {
        let mut infos: Vec<UserInfo> = answer.list()?;
        infos.retain(|info| info.uid != Uid(0));
        Ok(infos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::InvalidArgument, testing::*};

    #[test]
    fn a_mark_is_told_from_no_mark() {
        for (official, title) in [
            (
                r#"{"role":2,"title":"站长","desc":"","type":0}"#,
                Some("站长"),
            ),
            (r#"{"role":3,"title":"公司","type":"1"}"#, Some("公司")),
            (r#"{"title":"新","type":8}"#, Some("新")),
            (r#"{"title":"旧"}"#, Some("旧")),
            (r#"{"role":0,"title":"","desc":"","type":-1}"#, None),
            ("{}", None),
            ("null", None),
            ("[]", None),
        ] {
            let body = format!(
                r#"{{"code":0,"data":[{{"mid":"2","official":{official},"is_fake_account":1}},{{"name":"?"}}]}}"#
            );
            let infos = decode::<UserInfos>(200, &body).unwrap();
            assert_eq!(infos.len(), 1, "without a uid it is nobody");
            assert_eq!(
                infos[0].mark().map(|mark| &*mark.title),
                title,
                "{official}"
            );
            assert!(infos[0].is_fake_account);
        }
    }

    #[test]
    fn at_most_fifty_are_asked_about() {
        assert_eq!(query(&UserInfos::new([Uid(1), Uid(2)])), "uids=1%2C2");
        for given in [0, 51] {
            let request = UserInfos::new(vec![Uid(1); given]).request(&context());
            let error = InvalidArgument::TooManyUids { given };
            assert_eq!(request.unwrap_err(), error.into());
        }
    }
}
