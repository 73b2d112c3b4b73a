//! The messages of one session: `GET /svr_sync/v1/svr_sync/fetch_session_msgs`.

use std::mem;

use crate::{
    endpoint::prelude::*,
    ids::Seqno,
    lenient::Field,
    message::{Emoticon, Message, WireMessage},
    regular,
    setters::setters,
};

/// Reads the messages of one session, newest first (docs/protocol.md §8). Does not mark them as
/// read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchSessionMsgs {
    /// The session.
    pub talker: Talker,
    /// Messages per page, 1 to 200. When there are more, the newest are returned.
    pub size: u32,
    /// Only messages after this one.
    pub begin_seqno: Option<Seqno>,
    /// Only messages before this one: gives the next page.
    pub end_seqno: Option<Seqno>,
}

/// A page of messages, newest first.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SessionMsgs {
    /// The messages.
    pub messages: Vec<Message>,
    /// Seqnos of messages that lack their sender, type or key.
    pub unreadable: Vec<Seqno>,
    /// Whether there are older messages.
    pub has_more: bool,
    /// The oldest message of the whole conversation (`min_seqno`), if the service says. It is no
    /// cursor: the next page ends at the oldest message of this one.
    pub floor: Option<Seqno>,
    /// The emoticons in the messages.
    pub e_infos: Vec<Emoticon>,
}

wire! {
    struct Wire {
        messages: Field<Vec<WireMessage>>,
        has_more: bool,
        min_seqno: Option<Seqno>,
        e_infos: Vec<Emoticon>,
    }
}

impl FetchSessionMsgs {
    /// Reads the newest 20 messages of the session with `talker`.
    pub fn new(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
            size: 20,
            begin_seqno: None,
            end_seqno: None,
        }
    }
}

setters! { FetchSessionMsgs {
    /// Other values are brought into the range 1 to 200.
    with_size sets size: u32,
} }

impl SessionMsgs {
    /// The oldest message on the page. It is the `end_seqno` of the next page.
    pub fn oldest(&self) -> Option<Seqno> {
        self.seqnos().min()
    }

    /// The newest message on the page.
    pub fn newest(&self) -> Option<Seqno> {
        self.seqnos().max()
    }

    /// The seqnos of all messages on the page, readable or not.
    pub(crate) fn seqnos(&self) -> impl Iterator<Item = Seqno> {
        let readable = self.messages.iter().map(|message| message.msg_seqno);
        readable.chain(self.unreadable.iter().copied())
    }
}

impl Endpoint for FetchSessionMsgs {
    type Response = SessionMsgs;

    const SPEC: Spec = Spec::get(Host::Im, "/svr_sync/v1/svr_sync/fetch_session_msgs").signed();

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_talker(self.talker)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(
            Query::to(self.talker)
                .with("size", self.size.clamp(1, 200))
                .with_some("begin_seqno", self.begin_seqno)
                .with_some("end_seqno", self.end_seqno)
                .with("sender_device_id", 1),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<SessionMsgs, Error> {
        if let Some((messages, rest)) = regular::messages(&answer.text())
            && let Ok(rest) = answer.with_body(rest.as_bytes()).data::<Wire>()
        {
            return rest.page(messages, &answer);
        }
        let mut wire: Wire = answer.data()?;
        let messages = mem::take(&mut wire.messages).list();
        wire.page(answer.require(messages, "data.messages")?, &answer)
    }
}

impl Wire {
    /// Makes the page. `listed` are its messages.
    fn page(self, listed: Vec<WireMessage>, answer: &Answer<'_>) -> Result<SessionMsgs, Error> {
        let mut messages = Vec::with_capacity(listed.len());
        let mut unreadable = Vec::new();
        for (index, message) in listed.into_iter().enumerate() {
            match (message.msg_seqno, message.finish()) {
                (_, Ok(message)) => messages.push(message),
                (Some(seqno), Err(_)) => unreadable.push(seqno),
                // Without a seqno a message cannot even be reported as unreadable, so the page
                // fails.
                (None, Err(field)) => {
                    return Err(answer.missing(&format!("data.messages[{index}].{field}")));
                }
            }
        }
        Ok(SessionMsgs {
            messages,
            unreadable,
            has_more: self.has_more,
            floor: self.min_seqno,
            e_infos: self.e_infos,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Content, ids::MsgKey, message::*, msg_type::MsgType, testing::*};

    #[test]
    fn a_full_page_is_read() {
        let page = decode::<FetchSessionMsgs>(
            200,
            r#"{"code":0,"msg":"0","message":"0","ttl":1,"data":{"messages":[
                {"sender_uid":1,"receiver_type":1,"receiver_id":2,"msg_type":1,"content":"{\"content\":\"hi\"}","msg_seqno":8,"timestamp":1626181379,"at_uids":[0],"msg_key":6852559688104417870,"msg_status":0,"notify_code":"","new_face_version":1,"msg_source":7},
                {"sender_uid":2,"receiver_type":1,"receiver_id":1,"msg_type":999,"content":"?","msg_seqno":5,"timestamp":1626181300,"msg_key":6852559688104417800,"msg_status":1}],
                "has_more":1,"min_seqno":3,"max_seqno":8,"e_infos":[{"text":"[doge]","uri":"u","size":1}]}}"#,
        )
        .unwrap();
        let [first, second] = &page.messages[..] else {
            panic!("{page:?}")
        };
        assert_eq!(first.msg_key, MsgKey(6852559688104417870));
        assert_eq!(first.status, MsgStatus::Normal);
        assert_eq!(first.source, MsgSource::Web);
        assert!(first.at_uids.is_empty());
        assert_eq!(first.content(), Content::Text("hi".to_owned()));
        assert_eq!(second.content(), Content::Recalled);
        assert_eq!(second.msg_type, MsgType::Other(999));
        assert!(page.has_more);
        // `min_seqno` may be lower than any message listed, so the next page is taken from the
        // messages.
        assert_eq!(page.oldest(), Some(Seqno(5)));
        assert_eq!(page.newest(), Some(Seqno(8)));
    }

    #[test]
    fn a_message_without_another_field_is_listed_as_unreadable() {
        let body = r#"{"code":0,"data":{"messages":[
            {"sender_uid":1,"msg_type":1,"content":"","msg_key":1,"msg_seqno":9},
            {"sender_uid":1,"msg_type":1,"content":"","msg_seqno":8},
            {"msg_type":1,"content":"","msg_key":1,"msg_seqno":7},
            {"sender_uid":1,"content":"","msg_key":1,"msg_seqno":6}]}}"#;
        let page = decode::<FetchSessionMsgs>(200, body).unwrap();
        assert_eq!(page.messages.len(), 1);
        assert_eq!(page.unreadable, [8, 7, 6].map(Seqno));
        assert_eq!(
            (page.oldest(), page.newest()),
            (Some(Seqno(6)), Some(Seqno(9)))
        );
    }

    #[test]
    fn a_content_that_is_not_unicode_does_not_fail_the_page() {
        for content in [&b"\\ud800x"[..], b"\xffx"] {
            for before in ["", " "] {
                let mut body = format!("{before}{{\"code\":0,\"data\":{{\"messages\":[{{\"sender_uid\":1,\"msg_type\":1,\"content\":\"").into_bytes();
                body.extend_from_slice(content);
                body.extend_from_slice(b"\",\"msg_seqno\":1,\"msg_key\":1}]}}");
                let page = FetchSessionMsgs::response(&http::Response::new(body)).unwrap();
                let [message] = &page.messages[..] else {
                    panic!("{page:?}")
                };
                let raw = message.raw_content_even_if_recalled();
                assert_eq!(raw.trim_start_matches('\u{fffd}'), "x");
            }
        }
    }

    #[test]
    fn the_word_voucher_in_a_message_is_not_a_voucher() {
        let body = r#"{"code":0,"data":{"messages":[{"sender_uid":1,"msg_type":1,"content":"\"v_voucher\"","msg_key":1,"msg_seqno":1,"v_voucher":"x"}]}}"#;
        assert_eq!(
            decode::<FetchSessionMsgs>(200, body)
                .unwrap()
                .messages
                .len(),
            1
        );
    }
}
