//! Changes of one session: `bili-im pin`, `unpin`, `mute`, `unmute`, `remove` and
//! `intercept`.

use std::fmt::{self, Display};

use bili_im_json::ChangeJson;
use bili_im_proto::{Endpoint, RemoveSession, SetMsgDnd, SetTop, Talker, Uid, UpdateIntercept};
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{DryRun, Global, To, number},
    failure::Failure,
    output::Output,
    words::talker_text,
};

/// Intercept a user's messages, or let them through again
#[derive(Debug, clap::Args)]
pub(crate) struct Intercept {
    /// The user's number
    #[arg(value_parser = number)]
    uid: u64,
    /// Let them through again
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Intercept {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let uid = Uid(self.uid);
        let changed = ChangeOutput {
            change: ChangeJson {
                talker: Talker::User(uid),
                field: "intercepted",
                value: !self.off,
            },
            done: if self.off {
                text!("intercepted no more", "已取消拦截")
            } else {
                text!("intercepted", "已拦截")
            },
        };
        let change = UpdateIntercept::new(uid, !self.off);
        make(change, self.dry_run, changed, global, out)
    }
}

/// Commands that take a talker alone: each with its endpoint, the word for people, and the field of
/// its JSON.
macro_rules! changes {
    ($($(#[$help:meta])* $Command:ident: $endpoint:expr, $done:expr, $field:ident = $value:literal;)*) => {
        $(
            $(#[$help])*
            #[derive(Debug, clap::Args)]
            pub(crate) struct $Command {
                #[command(flatten)]
                with: To,
                #[command(flatten)]
                dry_run: DryRun,
            }

            impl $Command {
                pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
                    let talker = self.with.talker();
                    let changed = ChangeOutput {
                        change: ChangeJson {
                            talker,
                            field: stringify!($field),
                            value: $value,
                        },
                        done: $done,
                    };
                    make($endpoint(talker), self.dry_run, changed, global, out)
                }
            }
        )*
    };
}

changes! {
    /// Pin a session to the top of the list
    Pin: |talker| SetTop::new(talker, true), text!("pinned", "已置顶"), pinned = true;
    /// Unpin a session
    Unpin: |talker| SetTop::new(talker, false), text!("unpinned", "已取消置顶"), pinned = false;
    /// Mute a session: its messages are not announced
    Mute: |talker| SetMsgDnd::new(talker, true), text!("muted", "已设为免打扰"), muted = true;
    /// Unmute a session
    Unmute: |talker| SetMsgDnd::new(talker, false), text!("unmuted", "已取消免打扰"), muted = false;
    /// Remove a session from the list; its messages stay, and a new one brings it back
    Remove: RemoveSession::new, text!("removed", "已移除"), removed = true;
}

/// Makes a change and prints it.
pub(super) fn make<E>(
    change: E,
    dry_run: DryRun,
    changed: impl Serialize + Display,
    global: &Global,
    out: Output,
) -> Result<(), Failure>
where
    E: Endpoint<Response = ()> + Send + Sync + 'static,
{
    let login = ActiveLogin::open_to_change(global, out)?;
    let flow = login.client().account().call(change);
    out.print(&login.change(flow, dry_run)?.map(|()| changed))
}

/// What has changed, with a word for people.
#[derive(Debug, Serialize)]
struct ChangeOutput {
    #[serde(flatten)]
    change: ChangeJson,
    #[serde(skip)]
    done: &'static str,
}

impl Display for ChangeOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.done, talker_text(self.change.talker))
    }
}
