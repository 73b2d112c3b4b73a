//! Paging back through a conversation.

use std::cmp::Reverse;

use crate::{
    endpoints::SessionMsgs,
    flow::{pages::Range, prelude::*},
    message::Message,
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
    /// Every message of a conversation, newest first, each once. Leaves out messages that are
    /// [never shown](crate::MsgType::is_shown), and those that lack their sender, type or key.
    pub fn messages(&self, history: History) -> Flow<Message, ()> {
        Flow::of(self, async move |io| {
            let mut pages = Pages::of(history);
            while let Some(page) = pages.next(&io).await? {
                let mut messages = page.messages;
                messages.sort_by_key(|message| Reverse(message.msg_seqno));
                messages.dedup_by_key(|message| message.msg_seqno);
                messages.retain(|message| message.msg_type.is_shown());
                for message in messages {
                    io.emit(message).await;
                }
            }
            Ok(())
        })
    }

    /// Pages back through a conversation as the service gives it, newest page first.
    pub fn history(&self, history: History) -> Flow<SessionMsgs, ()> {
        Flow::of(self, async move |io| {
            let mut pages = Pages::of(history);
            while let Some(page) = pages.next(&io).await? {
                io.emit(page).await;
            }
            Ok(())
        })
    }
}

/// The pages that are not read yet.
struct Pages {
    /// `None` at the end.
    range: Option<Range>,
}

impl Pages {
    fn of(history: History) -> Self {
        let History {
            talker,
            before,
            after,
            page_size,
        } = history;
        Self {
            range: Some(Range::between(talker, after, before, page_size)),
        }
    }

    /// The next page that is not empty.
    async fn next<I>(&mut self, io: &Io<I>) -> Result<Option<SessionMsgs>, Error> {
        let mut empty_pages = 0;
        while let Some(range) = self.range {
            let page = range.read(io).await?;
            if page.is_doubtful && empty_pages < EMPTY_PAGES {
                empty_pages += 1;
                continue;
            }
            empty_pages = 0;
            self.range = page.older;
            if page.msgs.oldest().is_some() {
                return Ok(Some(page.msgs));
            }
        }
        Ok(None)
    }
}
