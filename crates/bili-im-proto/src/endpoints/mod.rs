//! One file per endpoint, in a tree that follows the service's paths, and a list of them all.

mod account;
mod link_setting;
mod login;
mod session_svr;
mod svr_sync;
mod web_im;
mod x;

pub use self::{
    account::*, link_setting::*, login::*, session_svr::*, svr_sync::*, web_im::*, x::*,
};

/// Calls `$callback!` with the types of all endpoints, in the order of docs/protocol.md. The tests,
/// the fuzzer, the program's `decode` command and docs/endpoints.md use this list.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_endpoint {
    ($callback:ident) => {
        $callback! {
            FingerSpi,
            Nav,
            SendMsg,
            Recall,
            SingleUnread,
            MyGroupUnread,
            GetSessions,
            NewSessions,
            SessionDetail,
            AckSessions,
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
            GetSettings,
            SetSettings,
            GetBlockWords,
            AddBlockWord,
            DelBlockWord,
            GetReplyText,
            SetReplyText,
            DelReplyText,
            UploadBfs,
            UserCards,
            UserInfos,
            QrGenerate,
            QrPoll,
            CrossDomain,
            Logout,
        }
    };
}
