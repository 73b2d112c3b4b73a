//! A fast reader for pages of messages in the service's usual form: compact JSON, each field in its
//! usual order and of its usual type. Any other page is left to the lenient reader, which takes
//! twice as long.

use crate::{
    ids::{MsgKey, Seqno, Uid},
    lenient::{LazyText, MOST_ITEMS},
    message::WireMessage,
    time::UnixSeconds,
};

/// The text before the list of messages.
const PLACE: &str = r#""data":{"messages":["#;

/// The fields that are read, in the service's order.
const FIELDS: [&str; 12] = [
    "sender_uid",
    "receiver_type",
    "receiver_id",
    "msg_type",
    "content",
    "msg_seqno",
    "timestamp",
    "at_uids",
    "msg_key",
    "msg_status",
    "notify_code",
    "msg_source",
];

/// The messages of a page, and the rest of the page with an empty list. `None` when the page is not
/// in the usual form.
pub(crate) fn messages(page: &str) -> Option<(Vec<WireMessage>, String)> {
    // JSON strings cannot contain control characters, and compact JSON has none between values.
    if page.bytes().fold(u8::MAX, u8::min) < b' ' {
        return None;
    }
    let (before, list) = page.split_once(PLACE)?;
    // After a second brace, this could be the `data` of an inner object.
    if !before.starts_with('{') || !before.ends_with(['{', ',']) || before.matches('{').count() > 1
    {
        return None;
    }
    let mut reader = Reader { rest: list };
    let mut messages = Vec::new();
    while messages.len() < MOST_ITEMS {
        messages.push(reader.message()?);
        if reader.take("]").is_some() {
            return Some((messages, [before, PLACE, "]", reader.rest].concat()));
        }
        reader.take(",")?;
    }
    None
}

/// The unread part of the list. Every method returns `None` when the text is not in the usual form.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn message(&mut self) -> Option<WireMessage> {
        let mut fields = Fields {
            reader: self,
            before: "{",
        };
        let message = WireMessage {
            sender_uid: fields.next("sender_uid", Self::number)?.map(Uid),
            receiver_type: fields
                .next("receiver_type", Self::number)?
                .unwrap_or_default(),
            receiver_id: fields
                .next("receiver_id", Self::number)?
                .unwrap_or_default(),
            msg_type: fields.next("msg_type", Self::signed)?,
            content: fields.next("content", Self::text)?.unwrap_or_default(),
            msg_seqno: fields.next("msg_seqno", Self::number)?.map(Seqno),
            timestamp: UnixSeconds(fields.next("timestamp", Self::number)?.unwrap_or_default()),
            at_uids: fields.next("at_uids", Self::mentioned)?.unwrap_or_default(),
            msg_key: fields.next("msg_key", Self::number)?.map(MsgKey),
            msg_status: fields.next("msg_status", Self::signed)?.unwrap_or_default(),
            notify_code: fields.next("notify_code", Self::plain)?.unwrap_or_default(),
            msg_source: fields.next("msg_source", Self::signed)?.unwrap_or_default(),
        };
        fields.end()?;
        Some(message)
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn number(&mut self) -> Option<u64> {
        let length = self.rest.bytes().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        let is_regular = length == 1 || !digits.starts_with('0');
        is_regular.then(|| digits.parse().ok())?
    }

    fn signed(&mut self) -> Option<i64> {
        self.number()?.try_into().ok()
    }

    fn text(&mut self) -> Option<LazyText> {
        self.quoted().map(LazyText::from_json)
    }

    /// A string without escapes.
    fn plain(&mut self) -> Option<String> {
        let text = self.quoted()?.trim_matches('"');
        (!text.contains('\\')).then(|| text.to_owned())
    }

    /// A string as written, with quotes and escapes.
    fn quoted(&mut self) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        if bytes.first() != Some(&b'"') {
            return None;
        }
        let mut end = 1;
        loop {
            end += memchr::memchr2(b'"', b'\\', bytes.get(end..)?)?;
            if bytes.get(end) == Some(&b'"') {
                break;
            }
            end += match bytes.get(end + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                b'u' if bytes
                    .get(end + 2..end + 6)?
                    .iter()
                    .all(u8::is_ascii_hexdigit) =>
                {
                    6
                }
                _ => return None,
            };
        }
        let (quoted, rest) = self.rest.split_at_checked(end + 1)?;
        self.rest = rest;
        Some(quoted)
    }

    fn mentioned(&mut self) -> Option<Vec<Uid>> {
        // `[0]` means that nobody is mentioned.
        if self.take("[0]").is_some() {
            return Some(Vec::new());
        }
        self.take("[")?;
        let mut list = Vec::new();
        while list.len() < MOST_ITEMS {
            list.push(Uid(self.number()?));
            if self.take("]").is_some() {
                return Some(list);
            }
            self.take(",")?;
        }
        None
    }

    /// Skips the value of a field that is not read.
    fn skip(&mut self) -> Option<()> {
        if self.rest.starts_with('"') {
            self.quoted().map(drop)
        } else {
            self.number().map(drop)
        }
    }
}

/// Reads the fields of one message in order.
struct Fields<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// The separator before the next field.
    before: &'static str,
}

impl<'a> Fields<'_, 'a> {
    /// The value of the field `name`. `Some(None)` when the next field that is read is another one.
    fn next<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Reader<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        loop {
            let Some(rest) = self.reader.rest.strip_prefix(self.before) else {
                return Some(None);
            };
            let rest = rest.strip_prefix('"')?;
            let own = rest
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix("\":"));
            if let Some(value) = own {
                self.reader.rest = value;
                self.before = ",";
                return read(self.reader).map(Some);
            }
            let (other, rest) = rest.split_once('"')?;
            if FIELDS.contains(&other) {
                return Some(None);
            }
            if other.contains('\\') {
                return None;
            }
            self.reader.rest = rest.strip_prefix(':')?;
            self.before = ",";
            self.reader.skip()?;
        }
    }

    /// Skips fields that are not read, and the closing brace.
    fn end(mut self) -> Option<()> {
        self.next("", |_| None::<()>)?;
        self.reader.take("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = r#"{"sender_uid":1,"receiver_type":1,"receiver_id":2,"msg_type":1,"content":"{\"content\":\"\u4f60\\u0026\"}","msg_seqno":8,"timestamp":1626181379,"at_uids":[0],"msg_key":6852559688104417870,"msg_status":0,"notify_code":"1_2","new_face_version":1,"msg_source":7}"#;

    fn page(messages: &str) -> String {
        format!(r#"{{"code":0,"data":{{"messages":[{messages}],"has_more":1}}}}"#)
    }

    #[test]
    fn a_regular_page_is_read_as_the_lenient_reader_reads_it() {
        let least = r#"{"msg_seqno":1,"at_uids":[3,0,4],"new":"x"}"#;
        let (messages, rest) = messages(&page(&format!("{MESSAGE},{least}"))).unwrap();
        let read = messages.into_iter().map(WireMessage::finish);
        let leniently = [MESSAGE, least].map(|json| serde_json::from_str(json).unwrap());
        assert!(read.eq(leniently.map(WireMessage::finish)));
        assert_eq!(rest, page(""));
    }

    #[test]
    fn what_is_not_regular_is_left_to_the_lenient_reader() {
        let irregular = [
            ("1626181379", r#""1626181379""#),
            ("1626181379", "01626181379"),
            ("1626181379", "1626181379.0"),
            ("1626181379", "null"),
            ("\"timestamp\"", "\"time\\u0073tamp\""),
            ("\"timestamp\"", "\"msg_seqno\""),
            ("\"timestamp\"", "\"msg_source\""),
            ("\"timestamp\":", "\"timestamp\": "),
            ("[0]", "null"),
            ("[0]", "[]"),
            ("[0]", "[0,]"),
            ("1_2", "1\n2"),
            ("1_2", r"1\n2"),
            ("u4f60", "u4fg0"),
            (r"\u4f60", r"\x"),
            ("\"new_face_version\":1", "\"new_face_version\":{}"),
            ("7}", "7,}"),
            ("7}", "7"),
        ];
        for (from, to) in irregular {
            assert!(MESSAGE.contains(from), "{from}");
            let page = page(&MESSAGE.replace(from, to));
            assert_eq!(messages(&page), None, "{page}");
        }
    }

    #[test]
    fn messages_elsewhere_in_the_answer_are_not_read() {
        let page = page(MESSAGE);
        for (from, to) in [
            ("{\"code\":0,", "{\"code\":0,\"other\":{"),
            ("\"data\"", "\"other\\\"data\""),
            ("{\"code\":0,", "[0,{\"code\":0,"),
            ("\"data\"", " \"data\""),
        ] {
            assert!(page.contains(from), "{from}");
            let page = page.replacen(from, to, 1);
            assert_eq!(messages(&page), None, "{page}");
        }
    }

    #[test]
    fn an_oversized_list_is_left_to_the_lenient_reader() {
        let list = |length| page(&vec![r#"{"a":1}"#; length].join(","));
        assert_eq!(messages(&list(MOST_ITEMS)).unwrap().0.len(), MOST_ITEMS);
        assert_eq!(messages(&list(MOST_ITEMS + 1)), None);
    }
}
