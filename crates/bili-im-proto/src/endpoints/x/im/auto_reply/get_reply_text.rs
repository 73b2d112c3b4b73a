//! The texts of automatic replies: `GET /x/im/auto_reply/get_reply_text`.

use crate::{endpoint::prelude::*, numbered::numbered};

numbered! {
    /// When an automatic reply is sent (`type`). The setting of the same name turns it on:
    /// `followed_reply`, `keys_reply`, `recv_reply`, `voyage_reply`.
    ReplyKind {
        /// To new followers.
        Followed = 1,
        /// To messages with certain keywords.
        Keys = 2,
        /// To every message.
        Recv = 3,
        /// To new patrons (大航海).
        Voyage = 5,
    }
}

request! {
    /// Lists the texts of one kind of automatic replies (docs/protocol.md §10). Only
    /// [`ReplyKind::Keys`] can have several.
    #[derive(Copy)]
    pub struct GetReplyText {
        /// The kind.
        pub kind: ReplyKind,
    }
}

wire! {
    /// The text of an automatic reply.
    pub struct ReplyText {
        /// Its id, for [`SetReplyText`](crate::SetReplyText) and
        /// [`DelReplyText`](crate::DelReplyText).
        pub id: u64,
        /// The kind.
        #[serde(rename = "type")]
        pub kind: Option<ReplyKind>,
        /// The name of a rule for keywords.
        pub title: String,
        /// A rule's keywords that a message has to equal, separated by `，`.
        pub key1: String,
        /// A rule's keywords that a message has to contain, separated by `，`.
        pub key2: String,
        /// The text that is sent.
        pub reply: String,
    }
}

wire! {
    struct ReplyTexts {
        texts: Vec<ReplyText>,
    }
}

impl Endpoint for GetReplyText {
    type Response = Vec<ReplyText>;

    const SPEC: Spec = Spec::get(Host::Im, "/x/im/auto_reply/get_reply_text");

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(
            Query::new().with("type[]", self.kind.number()),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<Vec<ReplyText>, Error> {
        Ok(answer.data::<ReplyTexts>()?.texts)
    }
}
