//! The messages of a large mailbox, written before the first request.

use std::num::NonZeroU64;

use super::{ConversationId, State, Written, whole::before};
use crate::{
    ids::{MsgKey, Seqno, Uid},
    time::UnixMicros,
    world::{Mailbox, Message},
};

/// People recall what they have just written: within this many seconds (docs/protocol.md §5).
const RECALL_WINDOW: u64 = 120;

impl State {
    /// Writes the messages of a mailbox.
    pub(super) fn fill(&mut self, mut mailbox: Mailbox, start: UnixMicros) {
        let with_capacity =
            |length: &u64| Vec::with_capacity(usize::try_from(*length).unwrap_or(0));
        let mut conversations: Vec<Vec<Written>> =
            mailbox.lengths.iter().map(with_capacity).collect();
        for (seconds_ago, place) in mailbox.moments() {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let Some(conversation) = conversations.get_mut(place) else {
                continue;
            };
            let sent_at = before(start, seconds_ago.into());
            let recall = recall(conversation.last_mut(), sent_at, &mut mailbox);
            let Some(mut message) = recall.or_else(|| mailbox.message(place, seconds_ago.into()))
            else {
                continue;
            };
            if conversation.is_empty() {
                // Otherwise the owner might not see the session.
                message.only_for = message.only_for.and(Some(mailbox.owner));
            }
            self.newest = Seqno(self.newest.0 + 1);
            let seed = NonZeroU64::new(mailbox.chance.next());
            conversation.push(Written {
                key: key(&message, self.newest, sent_at),
                seqno: self.newest,
                sent_at,
                arrived_at: sent_at,
                content_seed: seed.filter(|_| message.content.is_empty()),
                message,
            });
        }
        for (peer, conversation) in mailbox.peers.iter().zip(conversations) {
            let id = ConversationId::of(mailbox.owner, peer.talker);
            let named = conversation
                .iter()
                .filter(|written| written.key != MsgKey(0));
            self.places
                .extend(named.map(|written| (written.key, (id, written.seqno))));
            let most_unread = mailbox.chance.below(40).saturating_sub(30);
            let most_unread = usize::try_from(most_unread).unwrap_or(0);
            self.mark_read(id, &conversation, mailbox.owner, most_unread);
            self.conversations.insert(id, conversation);
        }
    }

    /// Marks the sessions of all who take part as read. The owner has not read the newest messages
    /// of others, up to a number.
    fn mark_read(&mut self, id: ConversationId, messages: &[Written], owner: Uid, most: usize) {
        let newest = messages.iter().rev();
        let unread = newest.clone().take(most);
        let unread = unread
            .take_while(|written| written.message.from != owner)
            .count();
        for reader in self.participants(id) {
            let Some(talker) = id.talker_for(reader) else {
                continue;
            };
            let session = self.settings_mut(reader, talker);
            let skipped = if reader == owner { unread } else { 0 };
            if let Some(read) = newest.clone().nth(skipped) {
                session.read_upto(read.seqno, read.sent_at);
            }
        }
    }
}

/// Now and then, recalls the message that was sent just before, or removes it as the system does.
fn recall(latest: Option<&mut Written>, now: UnixMicros, mailbox: &mut Mailbox) -> Option<Message> {
    let latest = latest?;
    let is_recallable = latest.key != MsgKey(0)
        && latest.message.counts_for(Uid(0))
        && now.since(latest.sent_at).as_secs() <= RECALL_WINDOW;
    match mailbox.chance.below(1000) {
        0..=19 if is_recallable => Some(latest.message.recall(latest.key)),
        20 if is_recallable => Some(latest.message.sys_cancel(latest.key)),
        _ => None,
    }
}

/// A key as the service makes it. No other message has the same lower half, because the number is
/// multiplied by an odd one.
fn key(message: &Message, seqno: Seqno, sent_at: UnixMicros) -> MsgKey {
    if message.keyless {
        return MsgKey(0);
    }
    let lower = seqno.0.wrapping_mul(0x9e37_79b1) & 0xffff_ffff;
    MsgKey((sent_at.as_secs() << 32) | lower)
}
