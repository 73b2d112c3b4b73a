//! What the program's synchronisations have kept: a store in memory, which crashes do not touch.

use std::collections::BTreeSet;

use bili_im_proto::{MsgKey, Seqno, SyncOptions, SyncState, SyncStep, Talker};
use bili_im_sim::Service;

use crate::plan::OWN;

/// The store, and the messages in it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) state: SyncState,
    messages: BTreeSet<(Talker, Seqno, MsgKey)>,
    /// Whether the last synchronisation has come to its end without a failure.
    is_whole: bool,
}

impl Kept {
    pub(super) fn begin(&mut self, full: bool) -> (SyncState, SyncOptions) {
        self.is_whole = false;
        (self.state.clone(), SyncOptions::default().with_full(full))
    }

    pub(super) fn save(&mut self, step: SyncStep) {
        match step {
            SyncStep::Sessions(listed) => {
                for session in listed {
                    let known = self.state.sessions.entry(session.talker).or_default();
                    known.newest = session.newest();
                    known.changed = session.session_ts;
                }
            }
            SyncStep::Page(page) => {
                let messages = page.messages.into_iter().filter_map(|one| one.message);
                let place = |message: bili_im_proto::Message| {
                    (page.talker, message.msg_seqno, message.msg_key)
                };
                self.messages.extend(messages.map(place));
                if let Some(stretch) = page.read {
                    let known = self.state.sessions.entry(page.talker).or_default();
                    known.coverage.add(stretch);
                }
            }
            SyncStep::People(cards) => {
                let uids = cards.into_iter().map(|card| card.uid);
                self.state.people.extend(uids);
            }
            SyncStep::Finished(mark) => {
                self.state.mark = Some(mark);
                self.is_whole = true;
            }
            _ => {}
        }
    }

    /// The store has every message that the service has.
    pub(super) fn check(&self, service: &Service) -> Result<(), String> {
        if !self.is_whole {
            return Err("the last synchronisation did not come to its end".to_owned());
        }
        for talker in service.talkers(OWN) {
            let ours = match talker {
                bili_im_sim::Talker::User(uid) => Talker::user(uid.0),
                bili_im_sim::Talker::Group(id) => Talker::group(id.0),
            };
            for message in service.conversation(OWN, talker) {
                let seqno = Seqno(message.msg_seqno.0);
                let place = (ours, seqno, MsgKey(message.msg_key.0));
                if !self.messages.contains(&place) {
                    return Err(format!("message {seqno} with {ours} was not kept"));
                }
            }
        }
        Ok(())
    }
}
