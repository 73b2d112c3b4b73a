//! The names of profiles.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use serde::Serialize;

/// The name of a stored login. It is part of a file's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct ProfileName(String);

impl Default for ProfileName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for ProfileName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text).ok_or_else(allowed)
    }
}

/// What a name can be.
pub(crate) fn allowed() -> &'static str {
    text!(
        "a profile's name has 1 to 64 letters, digits, - and _",
        "登录档案的名字由 1 到 64 个字母、数字、- 和 _ 组成"
    )
}

impl ProfileName {
    pub(crate) fn new(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        is_name.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profiles_name_is_no_path() {
        for name in ["default", "a", "Work-2_b"] {
            assert_eq!(name.parse::<ProfileName>().unwrap().to_string(), name);
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a.b",
            "中",
            "a b",
            &"a".repeat(65),
        ] {
            assert!(name.parse::<ProfileName>().is_err(), "{name}");
        }
    }
}
