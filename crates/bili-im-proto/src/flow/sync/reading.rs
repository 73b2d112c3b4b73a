//! Reading what a store lacks of one session.

use std::time::Duration;

use crate::{
    flow::{
        pages::{Page, Range},
        prelude::*,
        sync::{
            patience::Tries,
            raw_page::{FetchRawMsgs, RawMsgs},
        },
    },
    message::Message,
    sync::{Coverage, Gap, RawMessage, Stretch, SyncPage, SyncStep},
};

/// How many messages a page holds at most.
const PAGE_SIZE: u32 = 200;

/// How often an empty page is asked for again where there must be something. After that the gap is
/// left to the next synchronisation.
const EMPTY_PAGES: u32 = 3;

/// A list is believed when a session does not show its newest message for this long: the message
/// was removed, or is for others.
const DOUBT: Duration = Duration::from_secs(10 * 60);

/// A session that has something to read.
#[derive(Debug, Clone)]
pub(super) struct ToRead {
    pub(super) talker: Talker,
    /// Its newest message, as a list says.
    pub(super) newest: Option<Seqno>,
    /// When it last changed, as a list says.
    pub(super) changed: Option<UnixMicros>,
    pub(super) coverage: Coverage,
}

/// How a session was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) messages: u64,
    pub(super) unreadable: u64,
}

impl ToRead {
    /// A session of which nothing is known.
    pub(super) fn new(talker: Talker) -> Self {
        Self {
            talker,
            newest: None,
            changed: None,
            coverage: Coverage::default(),
        }
    }

    /// Whether it last changed before a time.
    pub(super) fn is_before(&self, since: Option<UnixSeconds>) -> bool {
        since.is_some_and(|since| self.changed.is_some_and(|changed| changed < since.micros()))
    }

    /// Whether anything is missing, as far as the store and the list say.
    pub(super) fn has_gap(&self, since: Option<UnixSeconds>) -> bool {
        let is_behind = self.newest.is_some() && self.newest_gap().is_some();
        is_behind || self.coverage.older_gap(since).is_some()
    }

    /// The gap after what has been read, unless the list says that there is none.
    fn newest_gap(&self) -> Option<Gap> {
        let is_whole = self.newest.is_some() && self.newest <= self.coverage.newest();
        (!is_whole).then(|| self.coverage.newest_gap())
    }

    /// Reads its gaps, newest first.
    pub(super) async fn read(
        &mut self,
        io: &Io<SyncStep>,
        since: Option<UnixSeconds>,
        sessions_left: usize,
        mut meet: impl FnMut(Uid),
    ) -> Result<Read, Error> {
        let mut read = Read::default();
        let mut next = match self.newest_gap() {
            Some(gap) => Some(self.range(gap)),
            None => self.older_range(since),
        };
        while let Some(range) = next {
            let (page, raw) = read_page(io, range).await?;
            let stretch = self.stretch(io, &page, range);
            let is_missing = stretch.is_none() && range.before.is_some();
            let older = page.older;
            let page = SyncPage {
                talker: self.talker,
                emoticons: page.msgs.e_infos.clone(),
                messages: raw_messages(&page, raw),
                read: stretch,
                sessions_left,
            };
            for message in page.messages.iter().map(|one| &one.message) {
                read.messages += 1;
                match message {
                    Some(message) => meet(message.sender_uid),
                    None => read.unreadable += 1,
                }
            }
            io.emit(SyncStep::Page(page)).await;
            if let Some(stretch) = stretch {
                self.coverage.add(stretch);
            }
            // The rest of a gap is known to hold something when the page said so.
            let rest = self.older_range(since).filter(|_| !is_missing);
            next = rest.map(|rest| {
                older
                    .filter(|older| older.before == rest.before)
                    .unwrap_or(rest)
            });
        }
        Ok(read)
    }

    fn range(&self, Gap { after, before }: Gap) -> Range {
        let range = Range::between(self.talker, after, before, PAGE_SIZE);
        let is_named = before.is_none() && self.newest > after;
        // Only a page that says so is the end of a conversation.
        if is_named || before.is_some() {
            range.holding_something()
        } else {
            range
        }
    }

    fn older_range(&self, since: Option<UnixSeconds>) -> Option<Range> {
        self.coverage.older_gap(since).map(|gap| self.range(gap))
    }

    /// What has been read once the page is stored; `None` when that is not certain.
    fn stretch(&self, io: &Io<SyncStep>, page: &Page, range: Range) -> Option<Stretch> {
        // Some accounts are answered the newest page whatever they ask for.
        if page.is_outside || page.is_doubtful {
            return None;
        }
        let Range { after, before, .. } = range;
        let just_before = before.map(|before| Seqno(before.0.saturating_sub(1)));
        let last = just_before.or_else(|| self.newest_read(io, page))?;
        let oldest = page
            .msgs
            .messages
            .iter()
            .min_by_key(|message| message.msg_seqno);
        let first = match (page.older, page.msgs.oldest()) {
            (Some(_), Some(oldest)) => oldest,
            _ => after.map_or(Seqno(0), |after| Seqno(after.0.saturating_add(1))),
        };
        Some(Stretch {
            first,
            last,
            since: oldest.map_or(UnixSeconds(0), |oldest| oldest.timestamp),
        })
    }

    /// Up to where the newest page has been read. What the list speaks of and the page lacks may
    /// still come, unless it is old.
    fn newest_read(&self, io: &Io<SyncStep>, page: &Page) -> Option<Seqno> {
        let now = io.account.service_time(io.now());
        let is_old = (self.changed).is_some_and(|changed| now.since(changed) >= DOUBT);
        page.msgs.newest().max(self.newest.filter(|_| is_old))
    }
}

/// Reads a page, until the service answers. An empty page is asked for again where there must be
/// something.
async fn read_page(io: &Io<SyncStep>, range: Range) -> Result<(Page, RawMsgs), Error> {
    let mut tries = Tries::new(io);
    let mut empty_pages = 0;
    loop {
        let request = range.request();
        let size = request.size as usize;
        match io.call(&FetchRawMsgs(request)).await {
            Ok((msgs, raw)) => {
                let page = range.page(size, msgs);
                if !page.is_doubtful || empty_pages >= EMPTY_PAGES {
                    return Ok((page, raw));
                }
                io.sleep(io.account.repeat_gap() * 2u32.pow(empty_pages))
                    .await;
                empty_pages += 1;
            }
            Err(cause) => tries.wait_out(io, cause).await?,
        }
    }
}

/// The messages of a page, oldest first, each once.
fn raw_messages(page: &Page, mut raw: RawMsgs) -> Vec<RawMessage> {
    let readable = page
        .msgs
        .messages
        .iter()
        .map(|message| (message.msg_seqno, Some(message)));
    let unreadable = page.msgs.unreadable.iter().map(|&seqno| (seqno, None));
    let mut messages: Vec<(Seqno, Option<&Message>)> = readable.chain(unreadable).collect();
    messages.sort_by_key(|&(seqno, message)| (seqno, message.is_none()));
    let messages = messages.into_iter().filter_map(|(seqno, message)| {
        Some(RawMessage {
            seqno,
            json: raw.remove(&seqno)?,
            message: message.cloned(),
        })
    });
    messages.collect()
}
