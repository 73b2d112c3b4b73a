//! `bili-im unread`

use std::{
    fmt::{self, Display},
    time::Duration,
};

use bili_im_json::CountsJson;
use bili_im_proto::{EventKind, GetSettings, MyGroupUnread, WatchOptions};
use serde::Serialize;

use super::sessions;
use crate::{
    active_login::ActiveLogin,
    args::{Global, seconds},
    failure::Failure,
    json::{CountsLine, CountsOutput},
    output::Output,
    watching::{Driven, PushChoice, Pushed, Stop},
    wording::Worded,
};

/// Count the unread messages
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im unread
  bili-im unread --watch
  bili-im unread --watch --json | jq --unbuffered .follow_unread")]
pub(crate) struct Unread {
    /// Go on counting, with a line whenever it changes, until SIGINT or SIGTERM
    #[arg(long)]
    watch: bool,
    /// Also ask whether the site shows none of them: notifications off, or all in muted sessions
    #[arg(long, conflicts_with = "watch")]
    check: bool,
    /// How often to ask, about every two minutes by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "watch")]
    interval: Option<Duration>,
    /// Ask all the time instead of being told by push
    #[arg(long, requires = "watch")]
    no_push: bool,
}

impl Unread {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        if self.watch {
            return self.watch(global, out);
        }
        let login = ActiveLogin::open(global, out)?;
        let users = login.client().unread()?;
        let groups = match login.client().call(MyGroupUnread) {
            Ok(groups) => Some(groups.unread_count),
            Err(error) => {
                let error = error.worded();
                out.warn(format_text!(
                    "groups are not counted: {error}",
                    "没能统计应援团：{error}"
                ));
                None
            }
        };
        let counts = CountsOutput(CountsJson::new(&users, groups));
        if !self.check {
            return out.print(&counts);
        }
        let hidden = why_hidden(&login)?;
        out.print(&Checked { counts, hidden })
    }

    fn watch(self, global: &Global, out: Output) -> Result<(), Failure> {
        let stop = Stop::on_signals()?;
        let mut login = ActiveLogin::open(global, out)?.share();
        let choice = PushChoice {
            is_wanted: !self.no_push,
            verbose: global.verbose,
        };
        let mut pushed = Pushed::open(&login, choice, &stop, out);
        let mut options = WatchOptions::default();
        options.interval = self.interval;
        let account = login.client().account();
        let flow = account.watch_unread_pushed(options, pushed.hints());
        let mut events = Driven::new(flow, &stop);
        while let Some(event) = events.next_event(&mut login)? {
            if pushed.note(&event.kind) {
                continue;
            }
            let Some(_work) = stop.begin_work() else {
                break;
            };
            match event.kind {
                EventKind::UnreadChanged { users, groups } => {
                    let line = CountsLine(CountsJson::new(&users, groups));
                    if !out.line(&line)? {
                        break;
                    }
                }
                EventKind::Held { cause, .. } => out.warn(format_text!(
                    "not counted now: {cause}",
                    "暂时无法统计：{cause}",
                    cause = cause.worded()
                )),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The counts, and why the site shows none of them.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    counts: CountsOutput,
    hidden: Option<&'static str>,
}

impl Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.fmt(f)?;
        match self.hidden {
            Some(why) => write_text!(
                f,
                "\nthe site shows none of them: {why}",
                "\n网站上不会显示这些未读：{why}"
            ),
            None => f.write_str(text!(
                "\nthe site shows unread messages",
                "\n网站会显示未读"
            )),
        }
    }
}

/// Why the site shows no unread messages although some are counted (docs/protocol.md §7).
fn why_hidden(login: &ActiveLogin) -> Result<Option<&'static str>, Failure> {
    if login.client().call(GetSettings)?.msg_notify == Some(3) {
        return Ok(Some(text!("notifications are off", "消息提醒已关闭")));
    }
    let unread = sessions::unread(login)?;
    let is_all_muted = !unread.is_empty() && unread.iter().all(|session| session.is_muted);
    Ok(is_all_muted.then_some(text!("all are in muted sessions", "全都在免打扰的会话里")))
}
