//! Helpers of the tests that span crates. The tests are in the `tests` folder.

mod adapter;
pub mod answers;
mod authority;
pub mod codes;
#[cfg(doctest)]
mod docs;
mod drive;
pub mod endpoints;
pub mod faults;
mod live;
pub mod marks;
pub mod peer;
pub mod plain;
mod program;

use std::env;

use bili_im_proto::{Account, AccountBuilder, Credential, InvalidCredential};

pub use crate::{
    adapter::Adapter,
    authority::{Authority, tls_without_roots},
    drive::{Answers, Running, Seen, Stage, Timeline, Turn, local_account},
    live::{DEMO_FRIEND, DEMO_UID, Live, demo_login, sim_login},
    program::{example, program},
};

/// How many cases a property test tries: as many as `PROPTEST_CASES` says, else `default`.
pub fn cases(default: u32) -> u32 {
    env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(default)
}

/// The account in hand-written answers.
pub const OWN_UID: u64 = 293_793_435;

/// Its CSRF token.
pub const CSRF: &str = "0123456789abcdef0123456789abcdef";

/// The login of that account.
pub fn credential() -> Result<Credential, InvalidCredential> {
    Credential::parse(&format!(
        "SESSDATA=a%2Cb%2Ac; bili_jct={CSRF}; DedeUserID={OWN_UID}; buvid3=B3"
    ))
}

/// That account, always with the same seed.
pub fn account() -> Result<AccountBuilder, InvalidCredential> {
    Ok(Account::builder(credential()?, [7; 24]))
}
