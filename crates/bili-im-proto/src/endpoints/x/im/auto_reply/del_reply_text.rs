//! Delete the text of an automatic reply: `POST /x/im/auto_reply/del_reply_text`.

use crate::{endpoint::prelude::*, error::RefusalKind};

request! {
    /// Deletes the text of an automatic reply (docs/protocol.md §10).
    #[derive(Copy)]
    pub struct DelReplyText {
        /// The id of the [`ReplyText`](crate::ReplyText).
        pub id: u64,
    }
}

impl Endpoint for DelReplyText {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/x/im/auto_reply/del_reply_text")
        .codes(&[(1003, RefusalKind::Forbidden)]);

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::new().with("id", self.id)))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}
