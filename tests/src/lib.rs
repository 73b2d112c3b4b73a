//! What the tests that span crates share; the tests are in the `tests` folder beside this one.

pub mod answers;
pub mod drive;
pub mod plain;

use std::env;

use bili_im_proto::{Account, AccountBuilder, Credential, InvalidCredential};
use proptest::test_runner::Config;

/// The account that the tests log in as, unless they need another.
pub const OWN_UID: u64 = 293_793_435;

/// The CSRF token of that login.
pub const CSRF: &str = "0123456789abcdef0123456789abcdef";

/// The settings of a property test: `cases` of them, or as many as `PROPTEST_CASES` says.
pub fn cases(cases: u32) -> Config {
    let asked = env::var("PROPTEST_CASES").ok();
    Config {
        cases: asked.and_then(|text| text.parse().ok()).unwrap_or(cases),
        failure_persistence: None,
        ..Config::default()
    }
}

/// The cookie header of a login with everything that a browser has.
pub fn cookie() -> String {
    format!("SESSDATA=a%2Cb%2Ac; bili_jct={CSRF}; DedeUserID={OWN_UID}; buvid3=B3")
}

/// That cookie as a credential.
///
/// # Errors
/// Never, as long as the crate takes a plain `Cookie` header.
pub fn credential() -> Result<Credential, InvalidCredential> {
    Credential::parse(&cookie())
}

/// An account of that login, always with the same chance.
///
/// # Errors
/// As [`credential`].
pub fn account() -> Result<AccountBuilder, InvalidCredential> {
    Ok(Account::builder(credential()?, [7; 24]))
}
