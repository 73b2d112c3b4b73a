//! Messages as they are shown: who, when, what.

use std::collections::BTreeMap;

use bili_im_proto::{Message, MsgType, Talker, Uid};
use jiff::Zoned;

use super::{
    body::{self, Body},
    clock::Days,
    language::Language,
    options::{Export, ExportReport, snapshot},
};
use crate::{
    archive::Archive,
    error::ArchiveError,
    reading::{ArchivedMessage, ArchivedSession, Person},
};

/// Where a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Own,
    Other,
    /// In the middle: tips, recalls, events in groups.
    Middle,
}

/// A message as it is shown.
pub(super) struct Entry<'a> {
    pub(super) seqno: u64,
    pub(super) time: Option<Zoned>,
    pub(super) side: Side,
    pub(super) sender: Option<Uid>,
    /// The sender's name.
    pub(super) name: &'a str,
    pub(super) mark: Option<&'static str>,
    pub(super) body: Body,
    language: Language,
}

/// What is known of the people in the messages.
pub(super) struct Cast {
    pub(super) owner: Option<Uid>,
    people: BTreeMap<Uid, Person>,
    language: Language,
}

impl Cast {
    pub(super) fn of(archive: &Archive, language: Language) -> Result<Self, ArchiveError> {
        Ok(Self {
            owner: archive.owner()?,
            people: archive.people()?,
            language,
        })
    }

    /// The name of a user; empty when it is not known.
    pub(super) fn name(&self, uid: Uid) -> &str {
        self.people.get(&uid).map_or("", |person| &person.name)
    }

    /// The address of a user's avatar; empty when it is not known.
    pub(super) fn face(&self, uid: Uid) -> &str {
        self.people.get(&uid).map_or("", |person| &person.face)
    }

    /// The name of the account itself.
    pub(super) fn own_name(&self) -> String {
        match self.owner {
            Some(owner) if self.name(owner).is_empty() => self.language.user(owner),
            Some(owner) => self.name(owner).to_owned(),
            None => String::new(),
        }
    }

    /// A message as it is shown; `None` when it is of a kind that nobody sees.
    pub(super) fn entry<'a>(
        &'a self,
        export: &Export,
        session: &'a ArchivedSession,
        archived: &ArchivedMessage,
    ) -> Option<Entry<'a>> {
        let message = archived.message.as_ref();
        let body = match message {
            Some(message) => Body::of(message, export.show_recalled)?,
            None => Body::unreadable(&archived.json),
        };
        let mark = message.and_then(|message| body::mark(message, &body));
        let sender = message.map(|message| message.sender_uid);
        Some(Entry {
            seqno: archived.seqno.0,
            time: export.clock.at(archived.timestamp),
            side: self.side(message, &body),
            sender,
            name: sender.map_or("", |sender| self.name_in(session, sender)),
            mark: mark.map(|mark| mark.of(self.language)),
            body,
            language: self.language,
        })
    }

    fn side(&self, message: Option<&Message>, body: &Body) -> Side {
        match (message, body) {
            (None, _) | (_, Body::Tip(_) | Body::RecallNotice) => Side::Middle,
            (Some(message), _) if message.msg_type == MsgType::Recall => Side::Middle,
            (Some(message), _) if Some(message.sender_uid) == self.owner => Side::Own,
            _ => Side::Other,
        }
    }

    /// The name of a sender in a session.
    fn name_in<'a>(&'a self, session: &'a ArchivedSession, sender: Uid) -> &'a str {
        match self.name(sender) {
            "" if session.talker == Talker::User(sender) => &session.name,
            name => name,
        }
    }
}

/// What an export has next.
pub(super) enum Next<'a> {
    Session(&'a ArchivedSession),
    /// A day begins on which something was written.
    Day(String),
    Message(&'a ArchivedSession, &'a ArchivedMessage, Entry<'a>),
}

impl Export {
    /// Goes through everything that is exported, session by session, oldest message first.
    pub(super) fn walk(
        &self,
        archive: &Archive,
        mut write: impl FnMut(Next<'_>) -> Result<(), ArchiveError>,
    ) -> Result<ExportReport, ArchiveError> {
        let _snapshot = snapshot(archive)?;
        let cast = Cast::of(archive, self.language)?;
        let (sessions, mut report) = self.sessions(archive)?;
        for session in &sessions {
            write(Next::Session(session))?;
            let mut days = Days::default();
            for message in self.messages(archive, session.talker)? {
                let message = message?;
                report.messages += 1;
                let Some(entry) = cast.entry(self, session, &message) else {
                    continue;
                };
                if let Some(day) = days.next(entry.time.as_ref()) {
                    write(Next::Day(day))?;
                }
                write(Next::Message(session, &message, entry))?;
            }
        }
        Ok(report)
    }
}

/// The name of a session, or its id.
pub(super) fn title(session: &ArchivedSession, language: Language) -> String {
    if session.name.is_empty() {
        language.talker(session.talker)
    } else {
        session.name.clone()
    }
}

impl Entry<'_> {
    /// The sender's name, or the id.
    pub(super) fn shown_name(&self) -> String {
        match self.sender {
            Some(Uid(0)) => "bilibili".to_owned(),
            Some(sender) if self.name.is_empty() => self.language.user(sender),
            Some(_) => self.name.to_owned(),
            None => String::new(),
        }
    }
}
