//! Reading a conversation page by page, newest first (docs/protocol.md §8).

use crate::{
    endpoints::{FetchSessionMsgs, SessionMsgs},
    flow::prelude::*,
};

/// A part of a conversation, of which the newest page is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    talker: Talker,
    /// Only messages after this one.
    pub(super) after: Option<Seqno>,
    /// Only messages before this one.
    pub(super) before: Option<Seqno>,
    page_size: u32,
    /// Whether it certainly holds a message, so that an empty page proves nothing.
    holds_something: bool,
}

/// A page of a range.
#[derive(Debug)]
pub(super) struct Page {
    /// What lies in the range, whatever else the service sent.
    pub(super) msgs: SessionMsgs,
    /// The rest of the range; `None` when this page is its end.
    pub(super) older: Option<Range>,
    /// Whether it is empty because nothing is older: the conversation begins where it ends.
    pub(super) is_end: bool,
    /// Whether it is empty although something is there.
    pub(super) is_doubtful: bool,
    /// Whether the service sent messages and none of them lies in the range.
    pub(super) is_outside: bool,
}

impl Range {
    /// What came after one message and before another.
    pub(super) fn between(
        talker: Talker,
        after: Option<Seqno>,
        before: Option<Seqno>,
        page_size: u32,
    ) -> Self {
        Self {
            talker,
            after,
            before,
            page_size,
            holds_something: false,
        }
    }

    /// What came after a message, and that message: a page that holds it leaves nothing out.
    pub(super) fn from(talker: Talker, known: Option<Seqno>, page_size: u32) -> Self {
        let after = known.and_then(|known| known.0.checked_sub(1).map(Seqno));
        Self {
            holds_something: known > Some(Seqno(0)),
            ..Self::between(talker, after, None, page_size)
        }
    }

    /// The part of it before a message.
    pub(super) fn before(self, before: Option<Seqno>) -> Self {
        Self { before, ..self }
    }

    /// The same range, which certainly holds a message.
    pub(super) fn holding_something(self) -> Self {
        Self {
            holds_something: true,
            ..self
        }
    }

    /// Reads the newest page.
    pub(super) async fn read<I>(self, io: &Io<I>) -> Result<Page, Error> {
        let request = self.request();
        let msgs = io.call(&request).await?;
        Ok(self.page(request.size as usize, msgs))
    }

    /// The request for the newest page.
    pub(super) fn request(self) -> FetchSessionMsgs {
        let mut request =
            FetchSessionMsgs::new(self.talker).with_size(self.page_size.clamp(20, 200));
        request.begin_seqno = self.after;
        request.end_seqno = self.before;
        request
    }

    /// The newest page, as the service answered the request for `size` messages.
    pub(super) fn page(self, size: usize, mut msgs: SessionMsgs) -> Page {
        let is_last = !msgs.has_more && msgs.seqnos().count() < size;
        // Some accounts are answered the same page whatever they ask for.
        let is_inside = |seqno: Seqno| {
            self.after.is_none_or(|after| seqno > after)
                && self.before.is_none_or(|before| seqno < before)
        };
        let was_empty = msgs.oldest().is_none();
        msgs.messages.retain(|message| is_inside(message.msg_seqno));
        msgs.unreadable.retain(|&seqno| is_inside(seqno));
        let is_empty = msgs.oldest().is_none();
        let is_end = is_empty && self.before.is_some() && msgs.floor == self.before;
        let oldest = msgs.oldest().filter(|_| !is_last);
        Page {
            older: oldest.map(|oldest| Self {
                before: Some(oldest),
                holds_something: msgs.has_more,
                ..self
            }),
            // At its end a conversation may still be said to have more.
            is_end,
            is_doubtful: self.holds_something && is_empty && !is_end,
            is_outside: !was_empty && is_empty,
            msgs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::decode;

    const PEER: Talker = Talker::User(crate::ids::Uid(2));

    fn msgs(seqnos: &[u64], has_more: u8) -> SessionMsgs {
        let message = |seqno: &u64| {
            format!(
                r#"{{"sender_uid":2,"msg_type":1,"msg_key":{seqno},"content":"{{}}","msg_seqno":{seqno}}}"#
            )
        };
        let list: Vec<String> = seqnos.iter().map(message).collect();
        let list = list.join(",");
        let body = format!(r#"{{"code":0,"data":{{"messages":[{list}],"has_more":{has_more}}}}}"#);
        decode::<FetchSessionMsgs>(200, &body).unwrap()
    }

    fn seqnos(page: &Page) -> Vec<u64> {
        page.msgs.seqnos().map(|seqno| seqno.0).collect()
    }

    #[test]
    fn a_page_is_cut_to_the_range_asked_for() {
        let range = Range::from(PEER, Some(Seqno(3)), 20).before(Some(Seqno(6)));
        let page = range.page(20, msgs(&[7, 6, 5, 4, 3, 2], 1));
        assert_eq!(seqnos(&page), [5, 4, 3]);
    }

    #[test]
    fn a_page_that_comes_again_and_again_ends_the_reading() {
        let range = Range::from(PEER, None, 20);
        let first = range.page(20, msgs(&[9, 8], 1));
        let again = first.older.unwrap().page(20, msgs(&[9, 8], 1));
        assert!(again.msgs.oldest().is_none() && again.is_doubtful);
        assert_eq!(again.older, None);
    }

    #[test]
    fn below_the_floor_an_empty_page_is_the_end_whatever_was_said() {
        let range = Range::from(PEER, None, 20);
        let older = range.page(20, msgs(&[9, 8], 1)).older.unwrap();
        let empty = |floor| SessionMsgs {
            floor,
            ..msgs(&[], 1)
        };
        for (floor, is_doubtful) in [
            (Some(Seqno(8)), false),
            (Some(Seqno(3)), true),
            (Some(Seqno(u64::MAX)), true),
            (None, true),
        ] {
            let page = older.page(20, empty(floor));
            assert_eq!((page.is_doubtful, page.older), (is_doubtful, None));
        }
    }

    #[test]
    fn a_short_page_without_more_is_the_last() {
        let range = Range::from(PEER, None, 20);
        assert_eq!(range.page(20, msgs(&[9, 8], 0)).older, None);
        let older = range.page(20, msgs(&[9, 8], 1)).older.unwrap();
        assert_eq!(older.before, Some(Seqno(8)));
        // A full page may have more behind it, whatever it says.
        assert!(range.page(2, msgs(&[9, 8], 0)).older.is_some());
    }

    #[test]
    fn an_empty_page_proves_nothing_where_there_must_be_something() {
        let empty = || msgs(&[], 0);
        let is_doubtful = |range: Range| range.page(20, empty()).is_doubtful;
        assert!(is_doubtful(Range::from(PEER, Some(Seqno(3)), 20)));
        assert!(!is_doubtful(Range::from(PEER, Some(Seqno(0)), 20)));
        assert!(!is_doubtful(Range::from(PEER, None, 20)));
        let said_more = Range::from(PEER, None, 20).page(20, msgs(&[9], 1));
        assert!(is_doubtful(said_more.older.unwrap()));
        let full = Range::from(PEER, None, 20).page(1, msgs(&[9], 0));
        assert!(!is_doubtful(full.older.unwrap()));
    }
}
