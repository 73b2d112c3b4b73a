//! The JSON envelope around every answer (docs/protocol.md §3).

use std::{borrow::Cow, collections::BTreeMap, fmt, time::Duration};

use http::{HeaderMap, Response, StatusCode, header::RETRY_AFTER};
use memchr::memmem;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    credential::Credential,
    error::{Error, Refusal, RefusalKind, Unreadable},
    lenient::{self, Field, Lenient, wire},
    printable,
    spec::Spec,
};

/// How many bytes of an unreadable answer an error quotes.
const EXCERPT: usize = 200;

/// Replaces words that may hold secrets.
const HIDDEN: &str = "not shown, it may hold secrets";

/// The header with risk control's voucher, when it is not in the body.
const VOUCHER_HEADER: &str = "x-bili-gaia-vvoucher";

/// The field with the voucher, quotes included.
const VOUCHER: &[u8] = b"\"v_voucher\"";

/// The longest wait accepted from an answer: anyone on the way could ask for a longer one.
pub(crate) const LONGEST_RETRY: Duration = Duration::from_secs(25 * 60 * 60);

/// An HTTP answer to a call of one endpoint.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    spec: &'static Spec,
    status: StatusCode,
    headers: &'a HeaderMap,
    body: &'a [u8],
    /// The login sent with the request, if known.
    credential: Option<&'a Credential>,
}

impl fmt::Debug for Answer<'_> {
    /// Shows neither headers nor body: they can hold a login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("endpoint", &self.spec.name())
            .field("status", &self.status)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Answer<'a> {
    pub(crate) fn new(
        spec: &'static Spec,
        status: StatusCode,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Self {
        Self {
            spec,
            status,
            headers,
            body,
            credential: None,
        }
    }

    pub(crate) fn of(spec: &'static Spec, response: &'a Response<impl AsRef<[u8]>>) -> Self {
        let (status, headers) = (response.status(), response.headers());
        Self::new(spec, status, headers, response.body().as_ref())
    }

    /// Sets the login sent with the request, so that no error quotes a secret of it.
    pub(crate) fn to(self, credential: Option<&'a Credential>) -> Self {
        Self { credential, ..self }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The body.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The body as text. Bytes that are not UTF-8 become `U+FFFD`.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        str::from_utf8(self.body).map_or_else(|_| String::from_utf8_lossy(self.body), Cow::Borrowed)
    }

    pub(crate) fn with_body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    /// Checks that the service accepted the call, and ignores the data.
    ///
    /// # Errors
    /// When the service refused, or the answer cannot be understood.
    pub fn success(&self) -> Result<(), Error> {
        self.accepted::<Ignored>().map(drop)
    }

    /// The answer's `data`, an object. Data that is missing or null counts as `{}`.
    ///
    /// # Errors
    /// When the service refused, or the answer cannot be understood.
    pub fn data<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Error> {
        match self.accepted::<Data<T>>()?.0 {
            Field::Present(data) => Ok(data),
            Field::Absent => serde_json::from_str("{}").map_err(|_| self.missing("data")),
            Field::WrongType => Err(self.missing("data")),
        }
    }

    /// The answer's `data`, a list of objects. A missing or null list is empty. Items that are not
    /// objects are left out.
    ///
    /// # Errors
    /// When the service refused, or the answer cannot be understood.
    pub fn list<T: for<'de> Deserialize<'de>>(&self) -> Result<Vec<T>, Error> {
        let items = self.accepted::<Field<Vec<Data<T>>>>()?.list();
        let items = self.require(items, "data")?;
        let here = |Data(item)| match item {
            Field::Present(item) => Some(item),
            Field::Absent | Field::WrongType => None,
        };
        Ok(items.into_iter().filter_map(here).collect())
    }

    /// As [`data`](Self::data), but the error shows nothing of the answer: it may hold secrets.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn secret_data<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Error> {
        self.data().map_err(without_words)
    }

    /// As [`require`](Self::require), but the error shows nothing of the answer: it may hold
    /// secrets.
    ///
    /// # Errors
    /// As [`require`](Self::require).
    pub fn secret_field<T>(&self, value: Option<T>, field: &str) -> Result<T, Error> {
        self.require(value, field).map_err(without_words)
    }

    /// The answer's `data`, or the refusal as an error.
    pub(crate) fn accepted<T: Lenient + Default>(&self) -> Result<T, Error> {
        match self.data_and_refusal()? {
            (data, None) => Ok(data),
            (_, Some(refusal)) => Err(refusal.into()),
        }
    }

    /// The answer's `data` together with the refusal, for endpoints whose refusals carry data too.
    pub(crate) fn data_and_refusal<T: Lenient + Default>(
        &self,
    ) -> Result<(T, Option<Refusal>), Error> {
        let by_status = kind_of_status(self.status);
        let Envelope { code, data } = match (self.read(), by_status) {
            (Ok(envelope), _) => envelope,
            (Err(_), Some(kind)) => return Err(self.refusal(kind, None, self.beginning()).into()),
            (Err(reason), None) => return Err(self.unreadable(reason)),
        };
        let code = code.map(|Code(code)| code);
        let refusal = match (code, by_status) {
            (_, Some(kind)) => Some(self.refusal(kind, code, self.message())),
            (None, None) => return Err(self.unreadable("the field code is missing")),
            (Some(0), None) if !self.status.is_success() => {
                return Err(
                    self.unreadable("code 0 means success, with an HTTP status that denies it")
                );
            }
            (Some(0), None) => self
                .is_voucher()
                .then(|| self.refusal(RefusalKind::RiskControl, code, self.message())),
            (Some(number), None) => {
                Some(self.refusal(self.spec.kind_of(number), code, self.message()))
            }
        };
        Ok((data, refusal))
    }

    /// An error for an answer that cannot be understood, because of `reason`.
    pub fn unreadable(&self, reason: impl Into<String>) -> Error {
        Error::Unreadable(Box::new(Unreadable {
            endpoint: self.spec.name(),
            status: self.status.as_u16(),
            reason: reason.into(),
            is_html: self.is_html(),
            excerpt: self.words(printable::excerpt(self.body, EXCERPT)),
        }))
    }

    /// The service's message.
    fn message(&self) -> String {
        let Words { message, msg } = self.read().unwrap_or_default();
        let message = message.filter(|m| !m.is_empty()).or(msg);
        message.unwrap_or_default()
    }

    /// `words`, unless the answer quotes a secret of the login.
    fn words(&self, words: String) -> String {
        let is_secret = |own: &Credential| own.is_shown_in(self.body);
        if !words.is_empty() && self.credential.is_some_and(is_secret) {
            HIDDEN.to_owned()
        } else {
            words
        }
    }

    /// The beginning of a body that is not an envelope.
    fn beginning(&self) -> String {
        let start = self.body.get(..EXCERPT).unwrap_or(self.body);
        String::from_utf8_lossy(start).trim().to_owned()
    }

    /// The refusal "not logged in", for answers that say so without a code.
    pub(crate) fn not_logged_in(&self) -> Refusal {
        self.refusal(RefusalKind::NotLoggedIn, None, String::new())
    }

    /// The value of a required field.
    ///
    /// # Errors
    /// When it is `None`.
    pub fn require<T>(&self, value: Option<T>, field: &str) -> Result<T, Error> {
        value.ok_or_else(|| self.missing(field))
    }

    /// An error for a missing required field.
    pub fn missing(&self, field: &str) -> Error {
        self.unreadable(format!(
            "the field {field} is missing, too long or of an unexpected type"
        ))
    }

    /// The refusal that the status alone means, for an answer without a body.
    pub(crate) fn refusal_by_status(
        spec: &'static Spec,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<Refusal> {
        let kind = kind_of_status(status)?;
        Some(Answer::new(spec, status, headers, &[]).refusal(kind, None, String::new()))
    }

    fn refusal(&self, kind: RefusalKind, code: Option<i64>, message: String) -> Refusal {
        let a_day = Duration::from_secs(24 * 60 * 60);
        let retry_after = (self.retry_after()).or((code == Some(21046)).then_some(a_day));
        Refusal {
            endpoint: self.spec.name(),
            kind,
            code: code.filter(|&code| code != 0),
            status: self.status.as_u16(),
            message: self.words(Some(message).filter(|m| m != "0").unwrap_or_default()),
            retry_after,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds).min(LONGEST_RETRY));
        }
        let until = httpdate::parse_http_date(text).ok()?;
        let date = self.headers.get(http::header::DATE)?.to_str().ok()?;
        let date = httpdate::parse_http_date(date).ok()?;
        let wait = until.duration_since(date).unwrap_or_default();
        Some(wait.min(LONGEST_RETRY))
    }

    /// Whether risk control answered with a success that holds a voucher and nothing else.
    fn is_voucher(&self) -> bool {
        let in_header = self.headers.contains_key(VOUCHER_HEADER);
        // The word is rare, but anyone can write it into a message, so its place is checked too.
        if !in_header && memmem::find(self.body, VOUCHER).is_none() {
            return false;
        }
        let text = self.text();
        let Ok(RawEnvelope { data }) = serde_json::from_str(&text) else {
            return false;
        };
        let fields = data.and_then(|data| serde_json::from_str(data.get()).ok());
        let fields: BTreeMap<String, &RawValue> = fields.unwrap_or_default();
        let (mut has_voucher, mut has_others) = (in_header, false);
        for (name, value) in fields {
            let is_filled = !matches!(value.get(), "null" | "\"\"");
            match &*name {
                "v_voucher" => has_voucher |= is_filled,
                _ => has_others |= is_filled,
            }
        }
        has_voucher && !has_others
    }

    /// Reads the envelope, or says why it cannot be read.
    fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, String> {
        // Checking UTF-8 once here saves the check of each string.
        let text = self.text();
        let mut json = serde_json::Deserializer::from_str(&text);
        match lenient::object(&mut json).and_then(|envelope| json.end().map(|()| envelope)) {
            Ok(envelope) => envelope.ok_or_else(|| "it is not a JSON object".to_owned()),
            Err(error) => Err(self.reason(&error)),
        }
    }

    /// The first byte that is not white space.
    fn start(&self) -> Option<&u8> {
        self.body.iter().find(|byte| !byte.is_ascii_whitespace())
    }

    fn is_html(&self) -> bool {
        self.start() == Some(&b'<')
    }

    /// Says why a body cannot be read as JSON, without quoting it.
    fn reason(&self, error: &serde_json::Error) -> String {
        match self.start() {
            None => "it is empty".to_owned(),
            Some(b'<') => "it is a page of HTML, not JSON".to_owned(),
            Some(b'{') if error.is_eof() => "its JSON is cut short".to_owned(),
            Some(b'{') => format!(
                "its JSON is broken at line {} column {}",
                error.line(),
                error.column()
            ),
            Some(_) => "it is not a JSON object".to_owned(),
        }
    }
}

/// The error without anything that the answer says.
fn without_words(mut error: Error) -> Error {
    let hide = |words: &mut String| {
        if !words.is_empty() {
            *words = HIDDEN.to_owned();
        }
    };
    match &mut error {
        Error::Unreadable(unreadable) => hide(&mut unreadable.excerpt),
        Error::Refused(refusal) => hide(&mut refusal.message),
        Error::RateLimited(limited) => {
            if let Some(refusal) = &mut limited.refusal {
                hide(&mut refusal.message);
            }
        }
        _ => {}
    }
    error
}

/// Statuses that mean a refusal whatever the body says.
fn kind_of_status(status: StatusCode) -> Option<RefusalKind> {
    match status.as_u16() {
        401 => Some(RefusalKind::NotLoggedIn),
        412 => Some(RefusalKind::RiskControl),
        413 => Some(RefusalKind::TooLarge),
        429 => Some(RefusalKind::RateLimited),
        500.. => Some(RefusalKind::Service),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(bound = "T: Lenient + Default")]
struct Envelope<T> {
    #[serde(default, deserialize_with = "lenient::option")]
    code: Option<Code>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    data: T,
}

wire! {
    /// Read only when the service refused.
    struct Words {
        message: Option<String>,
        msg: Option<String>,
    }
}

/// An envelope's code: a number, or a number as text. Any other value counts as absent.
struct Code(i64);

impl Lenient for Code {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let text: Option<String> = lenient::option(deserializer)?;
        Ok(text.and_then(|text| text.trim().parse().ok().map(Self)))
    }
}

wire! {
    struct Ignored {}
}

/// An envelope whose data is left as it is written.
#[derive(Deserialize)]
struct RawEnvelope<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// An answer's data, expected to be an object.
struct Data<T>(Field<T>);

impl<T> Default for Data<T> {
    fn default() -> Self {
        Self(Field::Absent)
    }
}

impl<T: for<'a> Deserialize<'a>> Lenient for Data<T> {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        lenient::object_field(deserializer).map(|data| Some(Self(data)))
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::{
        endpoint::Endpoint,
        endpoints::{QrGenerate, SingleUnread},
        testing::decode,
    };

    fn refused(status: u16, body: &str) -> Refusal {
        match decode::<SingleUnread>(status, body).unwrap_err() {
            Error::Refused(refusal) => *refusal,
            Error::RateLimited(limited) => limited.refusal.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn unreadable(status: u16, body: &str) -> String {
        let error = decode::<SingleUnread>(status, body).unwrap_err();
        assert!(matches!(error, Error::Unreadable(_)), "{error:?}");
        assert!(!error.took_no_effect());
        error.to_string()
    }

    #[test]
    fn a_refusal_quotes_message_or_else_msg() {
        for (body, words) in [
            (r#"{"code":1,"message":"a","msg":"b"}"#, "a"),
            (r#"{"code":1,"message":"","msg":"b"}"#, "b"),
            (r#"{"code":1,"msg":"b","data":null}"#, "b"),
            (r#"{"code":"1","message":{},"data":{}}"#, ""),
        ] {
            assert_eq!(refused(200, body).message, words, "{body}");
        }
    }

    #[test]
    fn some_statuses_decide_whatever_the_body_is() {
        for (status, kind) in [
            (401, RefusalKind::NotLoggedIn),
            (412, RefusalKind::RiskControl),
            (429, RefusalKind::RateLimited),
            (500, RefusalKind::Service),
            (502, RefusalKind::Service),
        ] {
            for body in ["", "<html>", "{}", r#"{"code":0,"data":{}}"#] {
                assert_eq!(refused(status, body).kind, kind, "{status} {body}");
            }
        }
        let refusal = refused(412, r#"{"code":-412,"message":"request was banned"}"#);
        assert_eq!(refusal.code, Some(-412));
    }

    #[test]
    fn an_unreadable_answer_is_reported_with_status_and_beginning() {
        for (status, body, words) in [
            (200, "", "it is empty"),
            (200, " <!DOCTYPE html>\u{1b}[2J", "a page of HTML"),
            (404, "<html>", "a page of HTML"),
            (200, r#"{"code":0,"da"#, "cut short"),
            (200, r#"{"code":0,}"#, "broken at line 1 column"),
            (200, r#"[0,"m","m",{}]"#, "not a JSON object"),
            (200, "{}", "the field code is missing"),
            (200, r#"{"code":{}}"#, "the field code is missing"),
            (302, r#"{"code":0}"#, "an HTTP status that denies it"),
        ] {
            let shown = unreadable(status, body);
            assert!(shown.contains(words), "{shown}");
            assert!(shown.contains("single_unread"), "{shown}");
            assert!(shown.contains(&status.to_string()), "{shown}");
            assert!(!shown.contains('\u{1b}'), "{shown}");
        }
        let long = unreadable(200, &format!("<{}", "x".repeat(500)));
        assert!(long.ends_with(&format!("<{})", "x".repeat(199))), "{long}");
    }

    #[test]
    fn the_wait_asked_for_is_read_as_seconds_or_as_a_date() {
        for (header, seconds) in [
            (Some("7"), 7),
            (Some("Thu, 01 Jan 1970 00:01:00 GMT"), 50),
            (Some("soon"), 30),
            (None, 30),
        ] {
            let mut response = Response::builder()
                .status(429)
                .header("date", "Thu, 01 Jan 1970 00:00:10 GMT");
            if let Some(header) = header {
                response = response.header("retry-after", header);
            }
            let error = SingleUnread::response(&response.body("").unwrap()).unwrap_err();
            let Error::RateLimited(limited) = error else {
                panic!("{error:?}")
            };
            assert_eq!(limited.retry_after, Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_page_in_place_of_an_envelope_is_shown_unless_it_may_hold_secrets() {
        let page = "<html>\u{1b}[2J".to_owned() + &"x".repeat(300);
        for status in [412, 429, 502] {
            let error = decode::<SingleUnread>(status, &page).unwrap_err();
            let shown = error.to_string();
            assert!(shown.contains(r"<html>\u{1b}[2Jxxx"), "{shown}");
            assert!(!shown.contains(&"x".repeat(195)), "{shown}");
            let shown = decode::<QrGenerate>(status, &page).unwrap_err().to_string();
            assert!(!shown.contains("html"), "{shown}");
        }
    }
}
