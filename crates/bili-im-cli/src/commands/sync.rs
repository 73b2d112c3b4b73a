//! `bili-im sync`

use std::{
    fmt::{self, Display},
    path::PathBuf,
    time::{Duration, Instant},
};

use bili_im_archive::Archive;
use bili_im_proto::{SyncOptions, SyncProgress, SyncStep, SyncStore, UnixSeconds};
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    archive_file::ArchiveFile,
    args::Global,
    failure::Failure,
    media::{self, ImagesJson},
    moment,
    output::Output,
    progress::Progress,
    selection::Conversations,
    watching::{Driven, Next, Stop},
    wording::Worded,
    words,
};

/// Keep your conversations in an archive on this machine: at first everything, later what is new
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im sync
  bili-im sync --since 2026-01-01
  bili-im sync --with 10002 --archive friend.db

It can be stopped at any time, and goes on where it was the next time. A recalled message loses
what it said, unless the run that learns of the recall has --keep-recalled. What was kept stays.

--media tries each image that is not saved once, and again the next time; only what the service no
longer has (404, 410), what is larger than 20 MiB and what is not on its hosts is never tried again.
What an earlier version gave up, and files that are missing or damaged, are fetched again.")]
pub(crate) struct Sync {
    #[command(flatten)]
    archive: ArchiveFile,
    #[command(flatten)]
    conversations: Conversations,
    /// Go back to this day only, or to this time
    #[arg(long, value_name = "DATE", value_parser = moment::parse)]
    since: Option<UnixSeconds>,
    /// Go through the lists of conversations to their end, as is done once a day anyway
    #[arg(long)]
    full: bool,
    /// Save the images and emoticons in the messages too
    #[arg(long)]
    media: bool,
    /// Keep what recalled messages said, as far as it can be read
    #[arg(long)]
    keep_recalled: bool,
}

impl Sync {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let stop = Stop::on_signals()?;
        let mut login = ActiveLogin::open(global, out)?.share();
        let archive = self.archive.create(global)?;
        let mut filling = Filling {
            archive: archive.keep_recalled(self.keep_recalled),
            out,
            shown: Progress::of(text!("conversations", "个会话")),
            began: Instant::now(),
            progress: SyncProgress::default(),
        };
        let state = filling.archive.state()?;
        let flow = login.client().account().sync(state, self.options());
        let mut driven = Driven::new(flow, &stop);
        let mut is_whole = loop {
            match driven.next(&mut login) {
                Next::Item(step) => filling.take(step)?,
                Next::Done(Ok(report)) => {
                    filling.progress.report = report;
                    break true;
                }
                Next::Done(Err(error)) => return Err(error.into()),
                Next::Stopped => break false,
            }
        };
        filling.shown.clear();
        let report = filling.progress.report;
        let images = if self.media && is_whole {
            let (archive, endpoint) = (&mut filling.archive, global.endpoint()?);
            let images = media::save(archive, login.client(), endpoint.as_ref(), &stop, out)?;
            is_whole = !stop.is_asked();
            Some(images)
        } else {
            None
        };
        check_place(&filling.archive)?;
        out.print(&SyncOutput {
            archive: filling.archive.path().to_owned(),
            images,
            erased: filling.archive.erased(),
            is_whole,
            sessions: report.sessions,
            failed: report.failed,
            messages: report.messages,
            unreadable: report.unreadable,
        })?;
        self.warn_of_unknown(&filling.archive, out)?;
        match report.failed {
            0 => Ok(()),
            failed => Err(Failure::refused_in_part(format_text!(
                "conversations that could not be read: {failed}",
                "无法读取的会话：{failed} 个"
            ))),
        }
    }

    /// Warns of conversations that were asked for and have no message.
    fn warn_of_unknown(&self, archive: &Archive, out: Output) -> Result<(), Failure> {
        let stored = archive.sessions()?;
        for talker in self.conversations.talkers() {
            if stored.iter().all(|session| session.talker != talker) {
                let with = words::talker_text(talker);
                out.warn(format_text!(
                    "there is no message with {with}: is the number right?",
                    "与{with} 没有任何消息：编号对吗？"
                ));
            }
        }
        Ok(())
    }

    fn options(&self) -> SyncOptions {
        let mut options = SyncOptions::only(self.conversations.talkers()).with_full(self.full);
        options.since = self.since;
        options
    }
}

/// Fails when the archive's file was deleted or moved meanwhile.
fn check_place(archive: &Archive) -> Result<(), Failure> {
    if archive.is_in_place() {
        return Ok(());
    }
    let path = archive.path().display();
    Err(Failure::other(format_text!(
        "{path} was deleted or moved while it was filled: what was read is not there",
        "同步期间 {path} 被删除或移走了，读到的内容不在那里"
    ))
    .advise(text!(
        "run bili-im sync again, and leave the file where it is until it ends",
        "重新运行 bili-im sync，结束之前不要动这个文件"
    )))
}

/// An archive that is filled, and what the user is told of it.
struct Filling {
    archive: Archive,
    out: Output,
    shown: Progress,
    began: Instant,
    progress: SyncProgress,
}

impl Filling {
    fn take(&mut self, step: SyncStep) -> Result<(), Failure> {
        self.progress.take(&step);
        match &step {
            SyncStep::Page(_) => self.show(),
            SyncStep::Waiting { until, cause } => {
                let wait = until.since(bili_im_ureq::now().mono).as_secs();
                let cause = cause.worded();
                self.out.remark(&format_text!(
                    "going on in {wait} s: {cause}",
                    "{wait} 秒后继续：{cause}"
                ));
            }
            SyncStep::SessionFailed { talker, cause } => {
                let (with, cause) = (words::talker_text(*talker), cause.worded());
                self.out.warn(format_text!(
                    "the conversation with {with} cannot be read: {cause}",
                    "与{with} 的会话无法读取：{cause}"
                ));
            }
            _ => {}
        }
        Ok(self.archive.save(step)?)
    }

    fn show(&mut self) {
        let done = self.progress.report.sessions;
        let (Some(all), Some(left)) = (self.progress.all, self.progress.left()) else {
            return;
        };
        let mut text = format_text!(
            "{done} of {all} conversations, {} messages",
            "{done}/{all} 个会话，{} 条消息",
            self.progress.report.messages
        );
        if let Some(left) = time_left(self.began.elapsed(), done, left) {
            let left = words::duration(left);
            text += &format_text!(", about {left} left", "，大约还要 {left}");
        }
        self.shown.say(text);
    }
}

/// How long the rest takes, if it goes on as before; `None` when too little is done to tell.
fn time_left(passed: Duration, done: usize, left: usize) -> Option<Duration> {
    const ENOUGH: usize = 10;
    let [done, left] = [done, left].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    (done as usize >= ENOUGH).then(|| (passed / done).saturating_mul(left))
}

#[derive(Serialize)]
struct SyncOutput {
    archive: PathBuf,
    /// Whether it was not stopped before its end.
    is_whole: bool,
    sessions: usize,
    failed: usize,
    messages: u64,
    unreadable: u64,
    /// How many recalled messages lost what they said.
    erased: u64,
    /// `None` when they are not saved.
    images: Option<ImagesJson>,
}

impl Display for SyncOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            archive,
            is_whole,
            sessions,
            failed,
            messages,
            unreadable,
            erased,
            images,
        } = self;
        match messages {
            0 => f.write_str(text!("nothing new", "没有新消息"))?,
            _ => {
                let (messages, sessions) = (*messages, *sessions as u64);
                let (messages, sessions) =
                    (words::messages(messages), words::conversations(sessions));
                write_text!(
                    f,
                    "{messages} of {sessions}",
                    "新存 {sessions}的 {messages}"
                )?;
            }
        }
        if *unreadable > 0 {
            write_text!(
                f,
                ", {unreadable} of them kept as they came, since they lack fields",
                "，其中 {unreadable} 条缺字段，按原样保存"
            )?;
        }
        if *failed > 0 {
            write_text!(
                f,
                "; {failed} conversations could not be read",
                "；{failed} 个会话无法读取"
            )?;
        }
        if *erased > 0 {
            write!(f, "\n{}", words::erased(*erased))?;
        }
        if let Some(images) = images {
            write!(f, "\n{images}")?;
        }
        write_text!(f, "\nin {}", "\n存于 {}", archive.display())?;
        if !is_whole {
            f.write_str(text!(
                "\nstopped before the end: the next sync goes on from here",
                "\n中途停止：下次同步从这里继续"
            ))?;
        }
        Ok(())
    }
}
