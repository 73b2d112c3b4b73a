//! The forms of a pasted login, and what can be wrong with one.

use std::fmt;

/// A form in which people have their cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieForm {
    /// JSON: what a browser, an extension or another program exports, or names and values.
    Json,
    /// The command that browsers copy as cURL.
    Curl,
    /// A `cookies.txt` file, as `curl`, `wget` and `yt-dlp` use it.
    Netscape,
    /// Header lines, of which those named `Cookie` or `Set-Cookie` count.
    Headers,
    /// Rows copied from the table of cookies in a browser's developer tools.
    Table,
    /// `NAME=VALUE` or `NAME: VALUE`, with semicolons, line breaks or spaces between them.
    Pairs,
}

impl fmt::Display for CookieForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Curl => "a curl command",
            Self::Netscape => "a cookies.txt file",
            Self::Headers => "headers",
            Self::Table => "rows of a table of cookies",
            Self::Pairs => "pairs of NAME=VALUE",
        })
    }
}

/// Why a text was not accepted as a login. It has names of cookies only, never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredential {
    /// The text has no cookie of the service.
    #[error(
        "this has no cookie of bilibili in a form that is known: a Cookie header, request headers, \
         Set-Cookie lines, a curl command, cookies.txt, JSON, the developer tools' table, or \
         NAME=VALUE"
    )]
    Unknown,
    /// The text begins like JSON but is not valid JSON.
    #[error("this begins like JSON but is none: see line {line}, column {column}; is it cut off?")]
    BadJson {
        /// Where it stops being JSON; lines count from 1.
        line: usize,
        /// The column, in bytes, from 1.
        column: usize,
    },
    /// There are cookies of the service, but not `SESSDATA`, the one that is the login.
    #[error("read as {form}, this has {} but no SESSDATA, which is the login", .seen.join(", "))]
    NoSessdata {
        /// What the text was read as.
        form: CookieForm,
        /// The known cookies that it has.
        seen: Vec<&'static str>,
    },
    /// The name `SESSDATA` is in the text, but no value could be read for it.
    #[error("read as {form}, this names SESSDATA but gives no value for it")]
    NoValue {
        /// What the text was read as.
        form: CookieForm,
    },
    /// The only `SESSDATA` belongs to another site.
    #[error("read as {form}, this has SESSDATA only for another site than bilibili.com")]
    AnotherSite {
        /// What the text was read as.
        form: CookieForm,
    },
    /// The value of a needed cookie contains a character that cookies cannot have.
    #[error("read as {form}, the value of {name} has a character that cookies cannot have")]
    BadValue {
        /// What the text was read as.
        form: CookieForm,
        /// The cookie.
        name: &'static str,
    },
}

impl InvalidCredential {
    /// What to do.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::BadJson { .. } => "copy the whole export again",
            Self::AnotherSite { .. } => "export the cookies of bilibili.com",
            Self::BadValue { .. } => "copy the value again, without a line break",
            _ => {
                "open bilibili.com in a browser that is logged in, and copy the Cookie header of a \
                 request from the developer tools, or export the cookies of bilibili.com"
            }
        }
    }
}
