//! What a notification tells: that something changed, and never what (docs/protocol.md §15).

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use prost::Message;

use crate::ids::{Talker, Uid};

/// The most bytes of a notification that is read. A longer one only says that something changed: of
/// tiny commands it would take many times its length to read.
const LONGEST: usize = 32 << 10;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing about private messages of this account.
    Nothing,
    KickedOut,
    /// A conversation changed; which one, if it tells.
    Changed(Option<Talker>),
    UnreadChanged,
}

impl News {
    /// Reads the body of a notification to the account `own`. One that is too long or cannot be
    /// understood counts as a change: to ask is harmless.
    pub(super) fn read(body: &[u8], own: Option<Uid>) -> Self {
        if body.len() > LONGEST {
            return Self::Changed(None);
        }
        let Ok(notification) = Notification::decode(body) else {
            return Self::Changed(None);
        };
        if notification.uid != 0 && own.is_some_and(|own| own.0 != notification.uid) {
            return Self::Nothing;
        }
        if notification.cmd == 2 {
            return Self::KickedOut;
        }
        let payload = Payload::read(&notification.payload);
        payload.map_or(Self::Changed(None), |payload| payload.news(own))
    }

    /// What two parts of a notification tell together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Changed(one), Self::Changed(two)) => Self::Changed(one.filter(|_| one == two)),
            (Self::Changed(talker), _) | (_, Self::Changed(talker)) => Self::Changed(talker),
            (Self::Nothing, other) => other,
            (news, _) => news,
        }
    }
}

/// `NotifyRsp`.
#[derive(Message)]
struct Notification {
    #[prost(uint64, tag = "1")]
    uid: u64,
    /// 2: kicked out.
    #[prost(uint64, tag = "2")]
    cmd: u64,
    /// A message or the base64 text of one. `payload_type` is not needed to tell: no field of the
    /// message has a tag that is a character of base64.
    #[prost(bytes = "vec", tag = "3")]
    payload: Vec<u8>,
}

/// `ReqServerNotify`.
#[derive(Message)]
struct Payload {
    #[prost(message, optional, tag = "2")]
    instant_msg: Option<InstantMsg>,
    #[prost(message, optional, tag = "3")]
    notify_info: Option<NotifyInfo>,
    #[prost(message, repeated, tag = "4")]
    command_msgs: Vec<Command>,
}

/// `Msg`, without its content.
#[derive(Message)]
struct InstantMsg {
    #[prost(uint64, tag = "1")]
    sender_uid: u64,
    #[prost(uint64, tag = "2")]
    receiver_type: u64,
    #[prost(uint64, tag = "3")]
    receiver_id: u64,
    #[prost(uint32, tag = "5")]
    msg_type: u32,
}

#[derive(Message)]
struct NotifyInfo {
    #[prost(uint32, tag = "1")]
    msg_type: u32,
    #[prost(uint64, tag = "2")]
    talker_id: u64,
    #[prost(uint64, tag = "3")]
    session_type: u64,
}

/// `CommandMsg`. One of the fields is there; reading accepts several.
#[derive(Message)]
struct Command {
    #[prost(message, optional, tag = "1")]
    update_total_unread: Option<()>,
    #[prost(message, optional, tag = "2")]
    update_session_list: Option<OfSession>,
    /// The links above the list of conversations: no private messages, as a guess.
    #[prost(message, optional, tag = "3")]
    update_quick_link: Option<()>,
    #[prost(message, optional, tag = "4")]
    fetch_message: Option<OfSession>,
}

#[derive(Message)]
struct OfSession {
    #[prost(message, optional, tag = "1")]
    session: Option<SessionId>,
}

#[derive(Message)]
struct SessionId {
    #[prost(message, optional, tag = "1")]
    user: Option<u64>,
    #[prost(message, optional, tag = "2")]
    group: Option<u64>,
}

impl Payload {
    fn read(bytes: &[u8]) -> Option<Self> {
        let decoded = BASE64.decode(bytes).ok();
        let read = |bytes: &[u8]| Self::decode(bytes).ok();
        decoded.as_deref().and_then(read).or_else(|| read(bytes))
    }

    fn news(&self, own: Option<Uid>) -> News {
        let of_message = |msg_type, talker| match msg_type {
            // Likes and the like.
            108 | 113..=115 => News::Nothing,
            _ => News::Changed(talker),
        };
        let info = (self.notify_info.as_ref())
            .map(|info| of_message(info.msg_type, talker(info.session_type, info.talker_id)));
        let msg = (self.instant_msg.as_ref()).map(|msg| of_message(msg.msg_type, msg.talker(own)));
        (self.command_msgs.iter().map(Command::news))
            .chain(info)
            .chain(msg)
            .reduce(News::and)
            .unwrap_or(News::Changed(None))
    }
}

impl InstantMsg {
    /// The other side: of a message to a user it depends on who of the two is the account.
    fn talker(&self, own: Option<Uid>) -> Option<Talker> {
        let id = match own {
            _ if self.receiver_type != 1 => self.receiver_id,
            Some(Uid(own)) if own == self.sender_uid => self.receiver_id,
            Some(Uid(own)) if own == self.receiver_id => self.sender_uid,
            _ => return None,
        };
        talker(self.receiver_type, id)
    }
}

impl Command {
    fn news(&self) -> News {
        match (&self.fetch_message, &self.update_session_list) {
            (Some(of), _) | (None, Some(of)) => {
                News::Changed(of.session.as_ref().and_then(SessionId::talker))
            }
            _ if self.update_total_unread.is_some() => News::UnreadChanged,
            _ if self.update_quick_link.is_some() => News::Nothing,
            _ => News::Changed(None),
        }
    }
}

impl SessionId {
    fn talker(&self) -> Option<Talker> {
        match (self.user, self.group) {
            (Some(user), None) => talker(1, user),
            (None, Some(group)) => talker(2, group),
            _ => None,
        }
    }
}

/// The talker, unless its id is 0: then it is not told.
fn talker(session_type: u64, id: u64) -> Option<Talker> {
    Talker::from_wire(session_type, id).filter(|_| id != 0)
}
