#![doc = include_str!("../README.md")]

mod account;
mod adapter;
mod answer;
mod content;
mod context;
mod credential;
mod encode;
mod endpoint;
mod endpoints;
mod error;
mod flow;
mod ids;
mod lenient;
mod line;
mod message;
mod msg_type;
mod numbered;
mod printable;
#[cfg(feature = "push")]
mod push;
mod regular;
mod secret;
mod session;
mod setters;
mod spec;
mod sync;
#[cfg(test)]
mod testing;
mod ticket;
mod time;
mod watch;
mod wbi;

pub use http;

#[cfg(feature = "push")]
pub use crate::push::{PushEvent, PushInput, PushSession, PushStep};

pub use crate::{
    account::{Account, AccountBuilder, InvalidSnapshot, Pacing, Snapshot},
    adapter::{AdapterClient, ClientBuilder},
    answer::Answer,
    content::*,
    context::{Context, Host, Hosts, InvalidOrigin, InvalidUserAgent, Origin, UserAgent},
    credential::{CookieForm, Credential, InvalidCredential},
    encode::Query,
    endpoint::{Body, Endpoint, Parts},
    endpoints::*,
    error::{
        Error, ForeignCursor, Invalid, InvalidArgument, InvalidContent, Missing, NotSent,
        RateLimited, Refusal, RefusalKind, Sent, Stopped, Transport, Unconfirmed, Unreadable,
    },
    flow::{
        AnswerStep, Answered, Failure, Flow, History, Input, LoginOutcome, LoginStep, Outgoing,
        Step, qr_login,
    },
    ids::{DeviceId, GroupId, InvalidDeviceId, MsgKey, Seqno, Talker, Uid},
    message::{Emoticon, Message, MsgSource, MsgStatus},
    msg_type::MsgType,
    printable::{Printable, is_treacherous},
    secret::Secret,
    session::{AccountInfo, Session, SessionList, SystemAccount},
    spec::{Effect, Spec},
    sync::{
        Coverage, Gap, InvalidCoverage, RawMessage, Stretch, SyncMark, SyncOptions, SyncPage,
        SyncProgress, SyncReport, SyncState, SyncStep, SyncStore, SyncedSession,
    },
    ticket::{Confirmation, SendTicket},
    time::{Monotonic, Now, UnixMicros, UnixSeconds},
    watch::{Cursor, Direction, Event, EventId, EventKind, Hints, Position, WatchOptions},
    wbi::{InvalidKeys, SigningKeys},
};
