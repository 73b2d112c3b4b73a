//! Who may do what.

use std::{collections::BTreeSet, fmt};

use bili_im_proto::Talker;
use subtle::ConstantTimeEq;

use crate::{
    toml_file::Fault,
    words::{Words, words},
};

/// The fewest characters of a token.
const SHORTEST: usize = 16;

/// Names under which the process keeps consumers and sends of its own.
const OURS: [&str; 4] = ["hook", "notify", "rule", "rules"];

/// What a client may do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rights {
    /// Under what name its consumers are kept.
    pub name: String,
    /// Whether it may change something.
    pub write: bool,
    /// Its accounts; `None` for all.
    pub accounts: Option<BTreeSet<String>>,
    /// Its talkers; `None` for all.
    pub talkers: Option<BTreeSet<Talker>>,
}

impl Rights {
    /// Everything.
    pub fn all(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            write: true,
            accounts: None,
            talkers: None,
        }
    }

    /// Whether an account may be used.
    pub fn account(&self, name: &str) -> bool {
        (self.accounts.as_ref()).is_none_or(|accounts| accounts.contains(name))
    }

    /// Whether a talker may be used. Where there is none, only who may use all.
    pub fn talker(&self, talker: Option<Talker>) -> bool {
        let is_among = |talkers: &BTreeSet<_>| talker.is_some_and(|one| talkers.contains(&one));
        self.talkers.as_ref().is_none_or(is_among)
    }

    /// The name of one of its consumers. Those of two tokens are different.
    pub(crate) fn consumer(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    /// Whether nothing is left out.
    pub(crate) fn is_for_all(&self) -> bool {
        self.accounts.is_none() && self.talkers.is_none()
    }
}

/// The tokens of a process.
pub struct Tokens(Vec<(String, Rights)>);

impl Tokens {
    /// Reads the text of a token file. Each line has a name, a token, and `read` or `write`; then
    /// perhaps `accounts=A,B` and `talkers=user:1,group:2`. Lines that begin with # are left out.
    ///
    /// # Errors
    /// When a line cannot be used, or there is none. No token is shown.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut tokens: Vec<(String, Rights)> = Vec::new();
        let mut last = 0;
        for (line, text) in (1..).zip(text.lines()) {
            last = line;
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let (token, rights) = entry(text).map_err(|problem| Fault { line, problem })?;
            let is_taken =
                |(other, known): &(String, Rights)| *other == token || known.name == rights.name;
            if tokens.iter().any(is_taken) {
                let problem = words!(
                    "an earlier line has the same name or token",
                    "前面有一行的名字或令牌相同"
                );
                return Err(Fault { line, problem });
            }
            tokens.push((token, rights));
        }
        match tokens.is_empty() {
            true => Err(Fault {
                line: last,
                problem: words!(
                    "there is no token; a line is NAME TOKEN read|write",
                    "没有令牌；一行的写法是：名字 令牌 read|write"
                ),
            }),
            false => Ok(Self(tokens)),
        }
    }

    /// The rights of a token. Takes as long for a wrong one of the same length as for a right one.
    pub fn rights(&self, token: &[u8]) -> Option<&Rights> {
        let mut found = None;
        for (known, rights) in &self.0 {
            if bool::from(known.as_bytes().ct_eq(token)) {
                found = Some(rights);
            }
        }
        found
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(_, rights)| &rights.name);
        f.debug_list().entries(names).finish()
    }
}

/// Whether a name of an account, a token or a consumer can be used.
pub(crate) fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(is_allowed)
}

fn entry(text: &str) -> Result<(String, Rights), Words> {
    let mut words = text.split_whitespace();
    let (Some(name), Some(token), Some(right)) = (words.next(), words.next(), words.next()) else {
        return Err(words!(
            "a line is NAME TOKEN read|write [accounts=A,B] [talkers=user:1,group:2]",
            "一行的写法是：名字 令牌 read|write [accounts=A,B] [talkers=user:1,group:2]"
        ));
    };
    if !is_name(name) {
        return Err(words!(
            "a name has 1 to 64 Latin letters, digits, -, _ and .",
            "名字由 1 到 64 个英文字母、数字和 - _ . 组成"
        ));
    }
    if OURS.contains(&name) {
        return Err(words!(
            "hook, notify, rule and rules are names of this process's own consumers",
            "hook、notify、rule、rules 是程序自己用的名字"
        ));
    }
    if token.len() < SHORTEST {
        return Err(words!(
            "a token has 16 characters at least: openssl rand -hex 24",
            "令牌至少 16 个字符：openssl rand -hex 24"
        ));
    }
    let mut rights = Rights::all(name);
    rights.write = match right {
        "read" => false,
        "write" => true,
        _ => {
            return Err(words!(
                "the right is read or write",
                "权限应为 read 或 write"
            ));
        }
    };
    for word in words {
        match word.split_once('=') {
            Some(("accounts", names)) => {
                rights.accounts = Some(names.split(',').map(str::to_owned).collect());
            }
            Some(("talkers", talkers)) => {
                let talkers: Option<_> = talkers.split(',').map(talker).collect();
                rights.talkers = Some(talkers.ok_or_else(|| {
                    words!(
                        "a talker is user:NUMBER or group:NUMBER",
                        "会话应为 user:数字 或 group:数字"
                    )
                })?);
            }
            _ => {
                return Err(words!(
                    "after the right come accounts=A,B and talkers=user:1,group:2",
                    "权限后面只能写 accounts=A,B 和 talkers=user:1,group:2"
                ));
            }
        }
    }
    Ok((token.to_owned(), rights))
}

/// `user:NUMBER` or `group:NUMBER`.
pub(crate) fn talker(text: &str) -> Option<Talker> {
    match text.split_once(':')? {
        ("user", id) => Some(Talker::user(id.parse().ok()?)),
        ("group", id) => Some(Talker::group(id.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::has_chinese;

    #[test]
    fn a_token_has_the_rights_of_its_line() {
        let tokens = Tokens::parse(
            "# bots\nbot 0123456789abcdef write accounts=main talkers=user:7,group:9\n\
             eye fedcba9876543210 read\n",
        )
        .unwrap();
        let bot = tokens.rights(b"0123456789abcdef").unwrap();
        assert!(bot.write && bot.account("main") && !bot.account("other"));
        assert!(bot.talker(Some(Talker::group(9))) && !bot.talker(Some(Talker::user(9))));
        assert!(!bot.talker(None));
        let eye = tokens.rights(b"fedcba9876543210").unwrap();
        assert!(!eye.write && eye.talker(None) && eye.account("any"));
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdeg",
            "0123456789abcdef0",
        ] {
            assert_eq!(tokens.rights(wrong.as_bytes()), None, "{wrong}");
        }
        assert!(!format!("{tokens:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named_without_its_token() {
        for (text, line) in [
            ("", 0),
            ("a 0123456789abcdef", 1),
            ("a 0123456789abcdef read\n\nb 0123456789abcdef read", 3),
            ("a short read", 1),
            ("a 0123456789abcdef admin", 1),
            ("a 0123456789abcdef read talkers=7", 1),
            ("a 0123456789abcdef read talker=user:7", 1),
            ("a/b 0123456789abcdef read", 1),
            ("hook 0123456789abcdef read", 1),
        ] {
            let invalid = Tokens::parse(text).unwrap_err();
            assert_eq!(invalid.line, line, "{text}");
            let chinese = invalid.chinese();
            assert!(chinese.starts_with(&format!("第 {line} 行：")), "{chinese}");
            assert!(has_chinese(invalid.problem.chinese()), "{chinese}");
            for words in [invalid.to_string(), chinese] {
                assert!(!words.contains("0123456789abcdef"), "{words}");
            }
        }
    }
}
