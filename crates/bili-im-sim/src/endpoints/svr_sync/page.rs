//! A page of a conversation's messages.

use crate::{
    ids::{Seqno, Uid},
    state::Written,
};

/// The newest messages between two exclusive bounds.
pub(super) struct Page<'a> {
    /// Newest first.
    pub(super) messages: Vec<&'a Written>,
    /// The lowest sequence number, which may be that of a removed message.
    pub(super) lowest: Seqno,
    pub(super) has_more: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        conversation: &'a [Written],
        reader: Uid,
        size: usize,
        begin: Seqno,
        end: Option<Seqno>,
    ) -> Self {
        let mut page = Self {
            messages: Vec::new(),
            lowest: Seqno(0),
            has_more: false,
        };
        let mut counted = 0;
        let upto = end.map_or(conversation.len(), |end| {
            conversation.partition_point(|written| written.seqno < end)
        });
        let in_bounds = conversation
            .get(..upto)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|written| written.seqno > begin)
            .filter(|written| {
                written.message.is_for(reader) && (size > 0 || written.message.is_tip())
            });
        for written in in_bounds {
            if !written.message.is_removed() {
                // System tips do not count towards the size.
                if !written.message.is_tip() {
                    if counted == size {
                        page.has_more = true;
                        break;
                    }
                    counted += 1;
                }
                page.messages.push(written);
            }
            page.lowest = written.seqno;
        }
        page
    }
}
