//! Paging back through a conversation.

use crate::{
    account::Account,
    endpoints::{FetchSessionMsgs, SessionMsgs},
    error::Error,
    flow::{io::Io, run::Flow},
    ids::{Seqno, Talker},
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

    /// Only messages before one.
    #[must_use]
    pub fn with_before(self, seqno: Seqno) -> Self {
        Self {
            before: Some(seqno),
            ..self
        }
    }

    /// Only messages after one.
    #[must_use]
    pub fn with_after(self, seqno: Seqno) -> Self {
        Self {
            after: Some(seqno),
            ..self
        }
    }

    /// With another size of page.
    #[must_use]
    pub fn with_page_size(self, page_size: u32) -> Self {
        Self { page_size, ..self }
    }

    /// Only what came after a message, and that message: a page that holds it leaves nothing out, and one
    /// that holds nothing at all is likelier a hiccup.
    pub(crate) fn from(self, seqno: Option<Seqno>) -> Self {
        let after = seqno.and_then(|seqno| seqno.0.checked_sub(1).map(Seqno));
        Self { after, ..self }
    }

    /// The page before `before`.
    pub(crate) fn page(self, before: Option<Seqno>) -> FetchSessionMsgs {
        let mut page = FetchSessionMsgs::new(self.talker).with_size(self.page_size.clamp(20, 200));
        page.begin_seqno = self.after;
        page.end_seqno = before;
        page
    }
}

/// Where the page before this one ends; `None` when there is none.
pub(crate) fn next_page(asked: &FetchSessionMsgs, page: &SessionMsgs) -> Option<Seqno> {
    let is_last = !page.has_more && page.seqnos().count() < asked.size as usize;
    let oldest = page.oldest()?;
    let progress = asked.end_seqno.is_none_or(|end| oldest < end);
    let in_range = asked.begin_seqno.is_none_or(|begin| oldest > begin);
    (!is_last && progress && in_range).then_some(oldest)
}

/// How many empty pages are not believed where the page before said that there is more.
const EMPTY_ONES: u32 = 3;

impl Account {
    /// Pages back through a conversation, newest messages first.
    pub fn history(&self, history: History) -> Flow<SessionMsgs, ()> {
        Flow::of(self, async move |io| read_back(&io, history).await)
    }
}

async fn read_back(io: &Io<SessionMsgs>, history: History) -> Result<(), Error> {
    let mut before = history.before;
    let mut empty_ones = 0;
    let mut had_more = false;
    loop {
        let request = history.page(before);
        let page = io.call(&request).await?;
        if page.oldest().is_none() && had_more && empty_ones < EMPTY_ONES {
            empty_ones += 1;
            continue;
        }
        had_more = page.has_more;
        before = next_page(&request, &page);
        if page.oldest().is_some() {
            empty_ones = 0;
            io.emit(page).await;
        }
        if before.is_none() {
            return Ok(());
        }
    }
}
