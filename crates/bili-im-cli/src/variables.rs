//! The environment variables that several parts of the program name.

/// The language.
pub(crate) const LANGUAGE: &str = "BILI_IM_LANG";

/// Where the service is.
pub(crate) const ENDPOINT: &str = "BILI_IM_ENDPOINT";

/// The profile whose login is used.
pub(crate) const PROFILE: &str = "BILI_IM_PROFILE";

/// The cookie. It is not passed on to other programs.
pub(crate) const COOKIE: &str = "BILI_IM_COOKIE";

/// The uid of the account, as `watch --exec` tells its program.
pub(crate) const ACCOUNT: &str = "BILI_IM_ACCOUNT";
