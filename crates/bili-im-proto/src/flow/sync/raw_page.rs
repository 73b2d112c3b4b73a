//! A page of messages, each with the text that the service sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    endpoint::prelude::*,
    endpoints::{FetchSessionMsgs, SessionMsgs},
    ids::Seqno,
};

/// [`FetchSessionMsgs`], with the messages also as they were sent.
pub(super) struct FetchRawMsgs(pub(super) FetchSessionMsgs);

/// The messages as they were sent, by their sequence number.
pub(super) type RawMsgs = BTreeMap<Seqno, String>;

#[derive(Deserialize)]
struct Wire {
    messages: Option<Vec<Box<RawValue>>>,
}

wire! {
    struct Numbered {
        msg_seqno: Option<Seqno>,
    }
}

impl Endpoint for FetchRawMsgs {
    type Response = (SessionMsgs, RawMsgs);

    const SPEC: Spec = FetchSessionMsgs::SPEC;

    fn check(&self, context: &Context) -> Result<(), Invalid> {
        self.0.check(context)
    }

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        self.0.parts(context)
    }

    fn decode(answer: Answer<'_>) -> Result<Self::Response, Error> {
        let msgs = FetchSessionMsgs::decode(answer)?;
        let text = answer.text();
        let wire: Wire = answer.with_body(text.as_bytes()).data()?;
        let numbered = |json: &RawValue| serde_json::from_str::<Numbered>(json.get()).ok();
        let messages = wire.messages.unwrap_or_default();
        let raw = messages.into_iter().filter_map(|json| {
            let seqno = numbered(&json)?.msg_seqno?;
            Some((seqno, Box::<str>::from(json).into()))
        });
        Ok((msgs, raw.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{message::Message, testing::decode};

    #[test]
    fn each_message_is_kept_as_it_was_sent() {
        let whole = r#"{"sender_uid":1,"msg_type":1,"content":"{\"content\":\"\ud800\"}","msg_key":9,"msg_seqno":"2", "new":[1.50]}"#;
        let keyless = r#"{"msg_type":1,"content":"","msg_seqno":1}"#;
        let body = format!(r#"{{"code":0,"data":{{"messages":[{whole},{keyless}]}}}}"#);
        let (msgs, raw) = decode::<FetchRawMsgs>(200, &body).unwrap();
        assert_eq!(msgs.unreadable, [Seqno(1)]);
        assert_eq!(raw[&Seqno(1)], keyless);
        assert_eq!(raw[&Seqno(2)], whole);
        assert_eq!(Message::from_json(whole).as_ref(), msgs.messages.first());
        assert_eq!(Message::from_json(keyless), None);
        let (_, nothing) =
            decode::<FetchRawMsgs>(200, r#"{"code":0,"data":{"messages":null}}"#).unwrap();
        assert!(nothing.is_empty());
    }
}
