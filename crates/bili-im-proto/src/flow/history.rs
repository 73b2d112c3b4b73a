//! Paging back through a conversation.

use crate::{
    endpoints::SessionMsgs,
    flow::{pages::Range, prelude::*},
    setters::setters,
};

/// Which part of a conversation to read, from the newest message back (docs/protocol.md §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The session.
    pub talker: Talker,
    /// Only messages before this one.
    pub before: Option<Seqno>,
    /// Only messages after this one.
    pub after: Option<Seqno>,
    /// How many messages to ask for at once, 20 to 200.
    pub page_size: u32,
}

impl History {
    /// All of it.
    pub fn new(talker: impl Into<Talker>) -> Self {
        Self {
            talker: talker.into(),
            before: None,
            after: None,
            page_size: 100,
        }
    }
}

setters! { History {
    with_after sets after: Seqno,
    with_page_size sets page_size: u32,
} }

/// How often an empty page is asked for again where the page before said that there is more.
const EMPTY_PAGES: u32 = 3;

impl Account {
    /// Pages back through a conversation, newest messages first.
    pub fn history(&self, history: History) -> Flow<SessionMsgs, ()> {
        Flow::of(self, async move |io| read_back(&io, history).await)
    }
}

async fn read_back(io: &Io<SessionMsgs>, history: History) -> Result<(), Error> {
    let mut range = Range::between(
        history.talker,
        history.after,
        history.before,
        history.page_size,
    );
    let mut empty_pages = 0;
    loop {
        let page = range.read(io).await?;
        if page.is_doubtful && empty_pages < EMPTY_PAGES {
            empty_pages += 1;
            continue;
        }
        empty_pages = 0;
        if page.msgs.oldest().is_some() {
            io.emit(page.msgs).await;
        }
        match page.older {
            Some(older) => range = older,
            None => return Ok(()),
        }
    }
}
