//! A send as a program stores it before it happens (docs/protocol.md §5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    content::Content,
    endpoints::{SendContent, SendMsg},
    error::{Error, Unconfirmed},
    ids::{MsgKey, Seqno, Talker, Uid},
    message::Message,
    time::{UnixMicros, UnixSeconds},
};

/// A message to send, as a program that may die stores it.
///
/// Each ticket sends once. [`Account::prepare_send`](crate::Account::prepare_send) makes it,
/// [`Account::send_ticket`](crate::Account::send_ticket) sends it and gives it back to be stored
/// before the request may leave: then it has *begun*. After a restart
/// [`Account::confirm`](crate::Account::confirm) tells what became of a stored ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendTicket {
    #[serde(default)]
    pub(crate) version: u32,
    pub(crate) uid: Uid,
    pub(crate) message: SendMsg,
    /// The service's time when the ticket was made.
    pub(crate) time: UnixMicros,
    /// The newest message of the session at that time; `None` when it could not be read.
    pub(crate) newest: Option<Seqno>,
    /// Tells tickets apart.
    #[serde(with = "crate::ids::as_text")]
    pub(crate) nonce: u64,
    /// The service's time when its request could leave; `None` while nothing was sent.
    pub(crate) begun: Option<UnixMicros>,
    pub(crate) at_least_once: bool,
}

/// Changes when what is stored changes its meaning.
pub(crate) const VERSION: u32 = 2;

/// By how many seconds two clocks of the service may differ.
const CLOCKS_DIFFER: u64 = 60;

/// By how much clocks may differ, and a request may be later than it should, for its message to be
/// taken for the ticket's.
pub(crate) const MUCH_LATER: Duration = Duration::from_secs(15 * 60);

/// What became of a ticket's message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Confirmation {
    /// It was sent.
    Sent(MsgKey),
    /// It was not sent. This ticket sends it.
    Absent(Box<SendTicket>),
    /// It may have been sent: it cannot be found, or not be told apart from another message of the
    /// same content, or the session cannot be read.
    CannotTell,
}

impl SendTicket {
    /// To whom.
    pub fn talker(&self) -> Talker {
        self.message.talker
    }

    /// What.
    pub fn content(&self) -> &SendContent {
        &self.message.content
    }

    /// Whether its request may have left.
    pub fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Prefers two messages to none.
    ///
    /// A message that cannot be found after
    /// [`Pacing::latest_arrival`](crate::Pacing::latest_arrival) is then confirmed as
    /// [`Absent`](Confirmation::Absent), so that it is sent again. That is a guess: the first
    /// request may still arrive. Without this, such a message is
    /// [`CannotTell`](Confirmation::CannotTell) and never sent again.
    #[must_use]
    pub fn at_least_once(self) -> Self {
        Self {
            at_least_once: true,
            ..self
        }
    }

    /// The ticket with its request about to leave.
    pub(crate) fn begun_at(&self, time: UnixMicros) -> Self {
        Self {
            begun: Some(time),
            ..self.clone()
        }
    }

    /// A ticket of the same message that has not begun: the same one however often it is made, so
    /// that it is sent once.
    pub(crate) fn renewed(self) -> Self {
        Self {
            begun: None,
            nonce: self.nonce.wrapping_add(1),
            ..self
        }
    }

    /// When its message can have been written at the earliest, as far as clocks agree.
    pub(crate) fn earliest(&self) -> UnixSeconds {
        UnixSeconds(self.time.seconds().0.saturating_sub(CLOCKS_DIFFER))
    }

    /// Whether a message of the session may be this one.
    pub(crate) fn matches(&self, message: &Message) -> bool {
        message.sender_uid == self.uid
            && message.msg_seqno > self.newest.unwrap_or_default()
            && self.likeness().is(&message.content_even_if_recalled())
    }

    pub(crate) fn likeness(&self) -> Likeness {
        Likeness::of(self.content())
    }

    pub(crate) fn unconfirmed(&self, cause: Error) -> Error {
        Error::Unconfirmed(Box::new(Unconfirmed {
            talker: Some(self.talker()),
            cause,
        }))
    }
}

/// What two messages share whose contents cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Likeness {
    Text(String),
    Image(String),
}

impl Likeness {
    pub(crate) fn of(content: &SendContent) -> Self {
        match content {
            SendContent::Text(text) => Self::Text(without_emoticon_names(text.as_str())),
            SendContent::Image(image) => Self::Image(without_scheme(image.url()).to_owned()),
        }
    }

    /// Whether a content is such a one.
    pub(crate) fn is(&self, content: &Content) -> bool {
        match (self, content) {
            (Self::Text(own), Content::Text(text)) => *own == without_emoticon_names(text),
            (Self::Image(own), Content::Image(image)) => *own == without_scheme(image.url()),
            _ => false,
        }
    }
}

/// The service may rewrite the old name of an emoticon: `[name]` counts as any other.
fn without_emoticon_names(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        bare.push_str(before);
        rest = match after.split_once(']') {
            Some((name, behind)) if !name.is_empty() && !name.contains(['[', '\n']) => {
                bare.push_str("[*]");
                behind
            }
            _ => {
                bare.push('[');
                after
            }
        };
    }
    bare.push_str(rest);
    bare
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoticon_names_do_not_tell_texts_apart_but_all_else_does() {
        for (one, other, alike) in [
            ("hi[doge]", "hi[tv_doge]", true),
            ("[a][b]", "[c][d]", true),
            ("[a]", "[a][a]", false),
            ("[]", "[x]", false),
            ("[a", "[b", false),
            ("[[a]", "[[b]", true),
            ("x]", "y]", false),
        ] {
            let likeness = without_emoticon_names(one) == without_emoticon_names(other);
            assert_eq!(likeness, alike, "{one} {other}");
        }
    }
}
