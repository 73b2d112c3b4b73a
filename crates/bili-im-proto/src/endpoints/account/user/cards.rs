//! Names and avatars of users: `GET /account/v1/user/cards`.

use crate::endpoint::prelude::*;

/// Fetches the cards of up to 50 users (docs/protocol.md §12). The cards come in any order, and
/// unknown users are left out. Names and signatures are written by strangers: show them through
/// [`Printable`](crate::Printable).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserCards {
    /// The users, 1 to 50.
    pub uids: Vec<Uid>,
}

wire! {
    /// The card of a user.
    pub struct UserCard {
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
    }
}

impl UserCards {
    /// Fetches the cards of these users.
    pub fn new(uids: impl IntoIterator<Item = Uid>) -> Self {
        Self {
            uids: uids.into_iter().collect(),
        }
    }
}

impl Endpoint for UserCards {
    type Response = Vec<UserCard>;

    const SPEC: Spec = Spec::get(Host::Im, "/account/v1/user/cards");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_uids(&self.uids)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::about(&self.uids)))
    }

    fn decode(answer: Answer<'_>) -> Result<Vec<UserCard>, Error> {
        let mut cards: Vec<UserCard> = answer.list()?;
        cards.retain(|card| card.uid != Uid(0));
        Ok(cards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::InvalidArgument, testing::*};

    #[test]
    fn at_most_fifty_are_asked_about() {
        assert_eq!(query(&UserCards::new([Uid(1), Uid(2)])), "uids=1%2C2");
        for given in [0, 51] {
            let request = UserCards::new(vec![Uid(1); given]).request(&context());
            assert_eq!(
                request.unwrap_err(),
                Invalid::Argument(InvalidArgument::TooManyUids { given })
            );
        }
    }
}
