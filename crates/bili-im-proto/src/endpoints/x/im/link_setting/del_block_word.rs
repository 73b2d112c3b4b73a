//! Remove a block word: `POST /x/im/link_setting/del_block_word`.

use super::add_block_word::check_word;
use crate::endpoint::prelude::*;

request! {
    /// Removes a block word (docs/protocol.md §10).
    pub struct DelBlockWord {
        /// The word.
        pub content: String,
    }
}

impl Endpoint for DelBlockWord {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/x/im/link_setting/del_block_word");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        Ok(check_word(&self.content)?)
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(Query::new().with("content", &self.content)))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}
