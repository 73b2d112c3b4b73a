//! The push connection of a watch, and what people read of it.

use bili_im_proto::{EventKind, Hints};
#[cfg(feature = "push")]
use bili_im_ureq::{Push, proto::PushEvent};

use super::stop::Stop;
use crate::{active_login::SharedLogin, output::Output};

/// How a watch uses push.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PushChoice {
    pub(crate) is_wanted: bool,
    /// Whether to show all that happens on the connection.
    pub(crate) verbose: bool,
}

/// The push connection of a watch, if there is one.
pub(crate) struct Pushed {
    #[cfg(feature = "push")]
    push: Option<Push>,
    out: Output,
    verbose: bool,
    has_said: bool,
}

impl Pushed {
    /// Opens a connection, unless the user wants none. It wakes the watch by `stop`.
    pub(crate) fn open(login: &SharedLogin, choice: PushChoice, stop: &Stop, out: Output) -> Self {
        let PushChoice { is_wanted, verbose } = choice;
        #[cfg(feature = "push")]
        let push = is_wanted.then(|| {
            let stop = stop.clone();
            login.client().open_push(move |event| {
                if verbose {
                    out.remark(format_text!("push: {}", "推送：{}", words(&event)));
                }
                stop.wake();
            })
        });
        #[cfg(not(feature = "push"))]
        let _unused = (is_wanted, login, stop);
        Self {
            #[cfg(feature = "push")]
            push,
            out,
            verbose,
            has_said: false,
        }
    }

    pub(crate) fn hints(&self) -> Hints {
        #[cfg(feature = "push")]
        if let Some(push) = &self.push {
            return push.hints();
        }
        Hints::new()
    }

    /// Says whether the watch is told of news or asks for them: once, or with `--verbose` whenever
    /// that changes. Returns whether the event was about that.
    pub(crate) fn note(&mut self, kind: &EventKind) -> bool {
        let remark = match kind {
            EventKind::PushLive => {
                text!("news are told at once, by push", "有推送：新消息会立刻送达").to_owned()
            }
            EventKind::PushLost { cause } => {
                format_text!(
                    "asks for news now and then, there is no push: {cause}",
                    "没有推送，改为定时查询：{cause}"
                )
            }
            _ => return false,
        };
        if self.verbose || !self.has_said {
            self.out.remark(&remark);
        }
        self.has_said = true;
        true
    }
}

#[cfg(feature = "push")]
fn words(event: &PushEvent) -> String {
    match event {
        PushEvent::Live => text!("connected", "已连接").to_owned(),
        PushEvent::Changed(Some(talker)) => {
            format_text!("something new with {talker}", "{talker} 有新动静")
        }
        PushEvent::Changed(None) => text!("something new", "有新动静").to_owned(),
        PushEvent::UnreadChanged => text!("unread counts changed", "未读数变了").to_owned(),
        PushEvent::KickedOut => {
            text!("the service ended the connection", "服务断开了连接").to_owned()
        }
        PushEvent::Closed { cause, until } => {
            let wait = until.since(bili_im_ureq::now().mono).as_secs();
            format_text!(
                "closed, again in {wait} s: {cause}",
                "已断开，{wait} 秒后重连：{cause}"
            )
        }
        other => format!("{other:?}"),
    }
}
