//! `bili-im unread`

use std::time::Duration;

use bili_im_proto::{EventKind, MyGroupUnread};

use crate::{
    active_login::ActiveLogin,
    args::{Global, seconds},
    failure::Failure,
    json::{CountsJson, CountsLine},
    output::Output,
    watching::{Driven, Stop},
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
    /// How often to ask, about every two minutes by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "watch")]
    interval: Option<Duration>,
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
                out.warn(&format!("groups are not counted: {error}"));
                None
            }
        };
        out.print(&CountsJson::new(&users, groups))
    }

    fn watch(self, global: &Global, out: Output) -> Result<(), Failure> {
        let stop = Stop::on_signals()?;
        let mut login = ActiveLogin::open(global, out)?.share();
        let flow = login.account().watch_unread(self.interval);
        let mut events = Driven::new(flow, &stop);
        while let Some(event) = events.next_event(&mut login)? {
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
                EventKind::Held { cause, .. } => out.warn(&format!("not counted now: {cause}")),
                _ => {}
            }
        }
        Ok(())
    }
}
