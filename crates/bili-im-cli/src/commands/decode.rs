//! `bili-im decode`

use std::io::{self, Read};

use bili_im_proto::{
    BatchRmDustbin, BatchUpdateDustbinAck, Endpoint, Error, FetchSessionMsgs, FingerSpi, GetMsgDnd,
    GetSessionSs, GetSessions, GetSettings, IsLimit, Logout, MyGroupUnread, Nav, NewSessions,
    QrGenerate, QrPoll, Recall, RemoveSession, SendMsg, SessionDetail, SetMsgDnd, SetPushSs,
    SetSettings, SetTop, SingleUnread, UpdateAck, UpdateIntercept, UploadBfs, UserCards,
    http::{Response, StatusCode},
};
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    cli::Global,
    failure::Failure,
    json::{
        AcceptedJson, CodeJson, DeviceJson, DndListJson, FollowJson, GroupUnreadJson, LimitsJson,
        LoginJson, MessagesJson, NavJson, SentJson, SessionJson, SessionsJson, UnreadJson,
        UploadedJson, UsersJson,
    },
    output::Output,
    settings::SettingsJson,
};

/// More than any answer has.
const MOST: u64 = 64 << 20;

/// Read an answer's body from stdin and print what the library makes of it, as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is sent, and no login is needed. A refusal is printed too, and is the exit code.
Logins and login codes in an answer are masked.

Examples:
  bili-im decode single-unread < captured.json
  bili-im decode send-msg --status 412 < page.html")]
pub(crate) struct Decode {
    /// What was asked: the last segment of its path
    #[arg(id = "of", value_name = "ENDPOINT", value_enum, ignore_case = true)]
    endpoint: Name,
    /// The answer's HTTP status
    #[arg(long, value_name = "N", default_value = "200")]
    status: StatusCode,
    /// Show what recalled messages said
    #[arg(long)]
    show_recalled: bool,
}

/// Every endpoint, in the order of the protocol's page.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Nav,
    SendMsg,
    Recall,
    SingleUnread,
    MyGroupUnread,
    GetSessions,
    NewSessions,
    SessionDetail,
    UpdateAck,
    RemoveSession,
    SetTop,
    UpdateIntercept,
    BatchUpdateDustbinAck,
    BatchRmDustbin,
    FetchSessionMsgs,
    IsLimit,
    GetMsgDnd,
    SetMsgDnd,
    GetSessionSs,
    SetPushSs,
    #[value(alias = "get-settings")]
    Get,
    #[value(alias = "set-settings")]
    Set,
    UploadBfs,
    #[value(alias = "user-cards")]
    Cards,
    #[value(alias = "qr-generate")]
    Generate,
    #[value(alias = "qr-poll")]
    Poll,
    #[value(alias = "logout")]
    V2,
    #[value(alias = "finger-spi")]
    Spi,
}

impl Decode {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let mut answer = Response::new(read_body()?);
        *answer.status_mut() = self.status;
        let answer = Captured { answer, out };
        let show_recalled = self.show_recalled;
        match self.endpoint {
            Name::Nav => answer.try_show::<Nav, NavJson>(NavJson::try_from),
            Name::SendMsg => answer.show::<SendMsg, SentJson>(),
            Name::Recall => answer.show::<Recall, AcceptedJson>(),
            Name::SingleUnread => answer.show::<SingleUnread, UnreadJson>(),
            Name::MyGroupUnread => answer.show::<MyGroupUnread, GroupUnreadJson>(),
            Name::GetSessions => answer
                .try_show::<GetSessions, _>(|list| Ok(SessionsJson::new(&list, show_recalled))),
            Name::NewSessions => answer
                .try_show::<NewSessions, _>(|list| Ok(SessionsJson::new(&list, show_recalled))),
            Name::SessionDetail => answer.try_show::<SessionDetail, _>(|session| {
                Ok(SessionJson::new(&session, show_recalled))
            }),
            Name::UpdateAck => answer.show::<UpdateAck, AcceptedJson>(),
            Name::RemoveSession => answer.show::<RemoveSession, AcceptedJson>(),
            Name::SetTop => answer.show::<SetTop, AcceptedJson>(),
            Name::UpdateIntercept => answer.show::<UpdateIntercept, AcceptedJson>(),
            Name::BatchUpdateDustbinAck => answer.show::<BatchUpdateDustbinAck, AcceptedJson>(),
            Name::BatchRmDustbin => answer.show::<BatchRmDustbin, AcceptedJson>(),
            Name::FetchSessionMsgs => answer
                .try_show::<FetchSessionMsgs, _>(|page| Ok(MessagesJson::new(page, show_recalled))),
            Name::IsLimit => answer.show::<IsLimit, LimitsJson>(),
            Name::GetMsgDnd => answer.show::<GetMsgDnd, DndListJson>(),
            Name::SetMsgDnd => answer.show::<SetMsgDnd, AcceptedJson>(),
            Name::GetSessionSs => answer.show::<GetSessionSs, FollowJson>(),
            Name::SetPushSs => answer.show::<SetPushSs, AcceptedJson>(),
            Name::Get => answer.show::<GetSettings, SettingsJson>(),
            Name::Set => answer.show::<SetSettings, AcceptedJson>(),
            Name::UploadBfs => answer.show::<UploadBfs, UploadedJson>(),
            Name::Cards => answer.show::<UserCards, UsersJson>(),
            Name::Generate => answer.show::<QrGenerate, CodeJson>(),
            Name::Poll => answer.show::<QrPoll, LoginJson>(),
            Name::V2 => answer.show::<Logout, AcceptedJson>(),
            Name::Spi => answer.show::<FingerSpi, DeviceJson>(),
        }
    }
}

/// An answer, and where what it says is printed.
struct Captured {
    answer: Response<Vec<u8>>,
    out: Output,
}

impl Captured {
    fn show<E: Endpoint, J: Serialize + From<E::Response>>(&self) -> Result<(), Failure> {
        self.try_show::<E, J>(|answer| Ok(answer.into()))
    }

    fn try_show<E: Endpoint, J: Serialize>(
        &self,
        make: impl FnOnce(E::Response) -> Result<J, Error>,
    ) -> Result<(), Failure> {
        match E::response(&self.answer).and_then(make) {
            Ok(json) => self.out.show(&json),
            Err(error) => {
                let failure = Failure::from(error);
                self.out.show_failure(&failure)?;
                Err(failure)
            }
        }
    }
}

fn read_body() -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let read = io::stdin().lock().take(MOST + 1).read_to_end(&mut body);
    match read {
        Ok(length) if length as u64 > MOST => Err(Failure::wrong_use(
            "what stdin holds is longer than any answer",
            "give the body of one answer",
        )),
        Ok(_) => Ok(body),
        Err(error) => Err(Failure::wrong_use(
            format!("stdin cannot be read: {error}"),
            "give the body of one answer",
        )),
    }
}
