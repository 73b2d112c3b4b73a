//! Writing queries. The text that is signed is exactly the text that is sent (docs/protocol.md §4).

use std::{
    borrow::Cow,
    fmt::{self, Display, Write},
    ops::Range,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::{
    error::{Invalid, InvalidArgument},
    ids::{Talker, Uid},
};

/// Encodes everything but letters, digits and `-_.~`, so that no HTTP client encodes the query
/// again.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The fields of a query or form under construction.
///
/// ```
/// use bili_im_proto::Query;
///
/// let query = Query::new().with("talker_id", 1).with("note", "a b*");
/// assert_eq!(query.to_string(), "talker_id=1&note=a%20b%2A");
/// ```
#[derive(Clone, Default)]
pub struct Query {
    /// As it is sent: `name=value&name=value`, encoded.
    text: String,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: Cow<'static, str>,
    place: Range<usize>,
}

impl Query {
    /// An empty query.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
            fields: Vec::new(),
        }
    }

    /// The fields of a struct, or pairs of name and value.
    ///
    /// # Errors
    /// When a field is neither text nor number.
    pub fn of(fields: &impl Serialize) -> Result<Self, Invalid> {
        let unencodable = |error: &dyn Display| InvalidArgument::Unencodable(error.to_string());
        let text = serde_urlencoded::to_string(fields).map_err(|error| unencodable(&error))?;
        // Its encoding is that of forms, with `+` and `*`. Here each field is encoded as in queries.
        let fields: Vec<(String, String)> =
            serde_urlencoded::from_str(&text).map_err(|error| unencodable(&error))?;
        let with = |query: Self, (name, value): (String, String)| query.with(name, value);
        Ok(fields.into_iter().fold(Self::new(), with))
    }

    /// A query about the session with `talker`.
    pub(crate) fn to(talker: Talker) -> Self {
        Self::new()
            .with("talker_id", talker.id())
            .with("session_type", talker.session_type())
    }

    /// A query about users.
    pub(crate) fn about(uids: &[Uid]) -> Self {
        let uids: Vec<String> = uids.iter().map(Uid::to_string).collect();
        Self::new().with("uids", uids.join(","))
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Display) -> Self {
        self.push(name.into(), value);
        self
    }

    /// Adds a field if there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Whether the query has no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn push(&mut self, name: Cow<'static, str>, value: impl Display) {
        if self.fields.is_empty() {
            // Enough for nearly every call, so that a message is built with few allocations.
            self.fields.reserve(16);
            self.text.reserve(1024);
        } else {
            self.text.push('&');
        }
        let start = self.text.len();
        self.text.extend(utf8_percent_encode(&name, RESERVED));
        self.text.push('=');
        // Writing to a string cannot fail.
        let _ = write!(Encoded(&mut self.text), "{value}");
        let place = start..self.text.len();
        self.fields.push(Field { name, place });
    }

    /// The query in the form that is signed: sorted by name, without `!'()*` in values.
    pub(crate) fn canonical(mut self) -> String {
        self.fields.sort_by(|a, b| a.name.cmp(&b.name));
        // Leaves room for the signature.
        let mut text = String::with_capacity(self.text.len() + 48);
        for field in self.fields {
            if !text.is_empty() {
                text.push('&');
            }
            let encoded = self.text.get(field.place).unwrap_or_default();
            push_for_signature(&mut text, encoded);
        }
        text
    }
}

impl From<Query> for String {
    fn from(query: Query) -> Self {
        query.text
    }
}

impl fmt::Debug for Query {
    /// Shows names only: a value can be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fields.iter().map(|field| &field.name);
        f.write_str("Query ")?;
        f.debug_list().entries(names).finish()
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Appends an encoded `name=value` without the characters `!'()*` in the value.
fn push_for_signature(text: &mut String, field: &str) {
    let (name, value) = field.split_once('=').unwrap_or((field, ""));
    text.push_str(name);
    text.push('=');
    let mut rest = value;
    while let Some((plain, escape)) = rest.split_once('%') {
        text.push_str(plain);
        let (digits, after) = escape.split_at_checked(2).unwrap_or((escape, ""));
        if !matches!(digits, "21" | "27" | "28" | "29" | "2A") {
            text.push('%');
            text.push_str(digits);
        }
        rest = after;
    }
    text.push_str(rest);
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    push_hex(&mut text, bytes);
    text
}

pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
}

struct Encoded<'a>(&'a mut String);

impl Write for Encoded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(utf8_percent_encode(text, RESERVED));
        Ok(())
    }
}
