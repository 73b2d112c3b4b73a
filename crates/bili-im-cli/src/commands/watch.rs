//! `bili-im watch`

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use bili_im_proto::{Uid, WatchOptions};
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::{
    active_login::ActiveLogin,
    archive_file::ArchiveFile,
    args::{Global, seconds},
    credentials,
    failure::Failure,
    names::SenderNames,
    output::Output,
    variables::ACCOUNT,
    watching::{Exec, Handler, Place, Progress, Stop},
    words::on_one_line,
};

/// Tell what happens from now on, each message once, until SIGINT or SIGTERM
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im watch
  bili-im watch --json --cursor ~/.local/state/bili-im.cursor
  bili-im watch --exec notify-send -- 'a message'
  bili-im watch --cursor bot.cursor --exec ./bot --reply-stdout

With --cursor nothing is missed between two runs. An event that was printed and not stored,
because the program was killed in between, comes again with the same id.")]
pub(crate) struct Watch {
    /// Begin now, or where this cursor file ends; by default where the file of --cursor ends, or
    /// now
    #[arg(
        long,
        value_name = "now|CURSOR-FILE",
        value_parser = OsStringValueParser::new().map(Since::from)
    )]
    since: Option<Since>,
    /// Store the position in this file after each event
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,
    /// Run this program for every message, with the event on its stdin and in BILI_IM_ variables
    #[arg(long, value_name = "CMD")]
    exec: Option<OsString>,
    /// Arguments of that program
    #[arg(last = true, value_name = "ARGS", requires = "exec")]
    args: Vec<OsString>,
    /// End the program, with its children, when it runs for longer
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "exec")]
    exec_timeout: Option<Duration>,
    /// Send what the program prints as an answer, to messages that a person wrote
    #[arg(long, requires = "exec")]
    reply_stdout: bool,
    /// After a restart, send an answer again that cannot be found, though it may then arrive twice;
    /// without this it is not sent again
    #[arg(long, requires = "reply_stdout")]
    at_least_once: bool,
    /// Keep what is told in the profile's archive, or in this one; recalled messages lose what they
    /// said there, unless --keep-recalled is given
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    archive: Option<Option<PathBuf>>,
    /// Keep in the archive what recalled messages said
    #[arg(long, requires = "archive")]
    keep_recalled: bool,
    /// Leave out your own messages
    #[arg(long)]
    no_own: bool,
    /// Leave out messages in groups
    #[arg(long)]
    no_groups: bool,
    /// Tell of what the service writes too: notices, pushes, tips, group events
    #[arg(long)]
    system: bool,
    /// Tell of automatic replies too
    #[arg(long)]
    automatic: bool,
    /// Tell of messages in intercepted sessions too
    #[arg(long)]
    intercepted: bool,
    /// Tell of changed sessions and unread counts too
    #[arg(long)]
    changes: bool,
    /// How often to ask while nothing is told by push: 20 by default, and at least 6 unless the
    /// service is on this machine
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    interval: Option<Duration>,
    /// Ask all the time instead of being told by push
    #[arg(long)]
    no_push: bool,
}

#[derive(Debug, Clone)]
enum Since {
    Now,
    File(PathBuf),
}

impl From<OsString> for Since {
    fn from(text: OsString) -> Self {
        if text == "now" {
            Self::Now
        } else {
            Self::File(text.into())
        }
    }
}

impl Watch {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let stop = Stop::on_signals()?;
        let options = self.options();
        let place = self.cursor.as_deref().map(Place::take).transpose()?;
        // Read even with `--since`, since this refuses to overwrite a file that is not a cursor.
        let stored = place.as_ref().map(Place::read).transpose()?.flatten();
        let (progress, path) = match &self.since {
            Some(Since::File(path)) => (Some(begin_from(path)?), Some(path)),
            Some(Since::Now) => {
                if let Some(reply) = stored.and_then(|stored| stored.reply) {
                    out.warn(format_text!(
                        "an answer was under way, and is not looked for (event {})",
                        "有一条回复发到一半，这次不再查找（事件 {}）",
                        reply.event
                    ));
                }
                (None, None)
            }
            None => (stored, self.cursor.as_ref()),
        };
        let login = if self.reply_stdout {
            ActiveLogin::open_to_change(global, out)?
        } else {
            ActiveLogin::open(global, out)?
        };
        let progress = match progress {
            Some(progress) => {
                let own = login.client().account().uid();
                progress.check_owner(own, path.map(PathBuf::as_path))?;
                progress
            }
            None => login.client().cursor_now()?.into(),
        };
        let file = place
            .map(|place| place.begin(progress.clone()))
            .transpose()?;
        let archive = self.archive.map(ArchiveFile::from);
        let archive = archive.map(|file| file.create(global)).transpose()?;
        let own = progress.cursor.uid();
        let archive = archive.map(|archive| (archive.keep_recalled(self.keep_recalled), own));
        let mut handler = Handler {
            login: login.share(),
            out,
            stop: &stop,
            file,
            replies: self.reply_stdout,
            at_least_once: self.at_least_once,
            verbose: global.verbose,
            exec: self.exec.map(|program| Exec {
                program,
                args: self.args,
                reads_stdout: self.reply_stdout,
                timeout: self.exec_timeout,
                variables: variables(global, progress.cursor.uid()),
            }),
            senders: SenderNames::default(),
            archive,
        };
        out.remark(&begun(progress.cursor.uid(), global)?);
        handler.run(progress, options)
    }

    fn options(&self) -> WatchOptions {
        let options = WatchOptions::default()
            .with_own(!self.no_own)
            .with_groups(!self.no_groups)
            .with_system(self.system)
            .with_automatic(self.automatic)
            .with_intercepted(self.intercepted)
            .with_changes(self.changes)
            .with_push(!self.no_push);
        match self.interval {
            Some(interval) => options.with_interval(interval),
            None => options,
        }
    }
}

/// What people read at the beginning: whose messages are watched, and where if not at bilibili.
fn begun(own: Uid, global: &Global) -> Result<String, Failure> {
    let mut text = format_text!(
        "watching the messages of uid {own}",
        "正在监听 uid {own} 的消息"
    );
    if let Some(name) = credentials::kept_name(own, global) {
        text += &format_text!(" ({})", "（{}）", on_one_line(&name));
    }
    if let Some(endpoint) = global.endpoint()? {
        text += &format_text!(" at {endpoint}", "，服务地址 {endpoint}");
    }
    Ok(text)
}

/// The variables by which a bili-im in the program finds the account.
fn variables(global: &Global, own: Uid) -> Vec<(&'static str, String)> {
    let mut variables = global.as_variables();
    variables.push((ACCOUNT, own.to_string()));
    variables
}

fn begin_from(path: &Path) -> Result<Progress, Failure> {
    Progress::read(path)?.ok_or_else(|| {
        Failure::wrong_use(
            format_text!("there is no cursor in {}", "{} 里没有游标", path.display()),
            text!(
                "name the file that a watch stored with --cursor, or now",
                "给出 watch 用 --cursor 保存的文件，或写 now"
            ),
        )
    })
}
