//! `bili-im ack`

use std::fmt::{self, Display};

use bili_im_json::AckJson;
use bili_im_proto::{Seqno, Talker, UpdateAck};
use serde::Serialize;

use super::{session_changes::make, sessions};
use crate::{
    active_login::{ActiveLogin, Change},
    args::{DryRun, Global, number},
    curl::PlannedRequests,
    failure::Failure,
    output::Output,
    progress::Progress,
    words::talker_text,
};

/// Mark a session as read, or all of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im ack 1
  bili-im ack 1 --upto 4011      the sequence numbers are those of `history`
  bili-im ack --all")]
pub(crate) struct Ack {
    /// The number of the other side
    #[arg(value_name = "UID", value_parser = number, required_unless_present = "all")]
    uid: Option<u64>,
    /// The number is that of a fan group
    #[arg(long, requires = "uid")]
    group: bool,
    /// Only up to this message, by its sequence number
    #[arg(long, value_name = "SEQNO", value_parser = number, requires = "uid")]
    upto: Option<u64>,
    /// Every session with unread messages, intercepted ones excepted
    #[arg(long, conflicts_with = "uid")]
    all: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Ack {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let Some(uid) = self.uid else {
            return self.every_one(global, out);
        };
        let talker = if self.group {
            Talker::group(uid)
        } else {
            Talker::user(uid)
        };
        let upto = self.upto.map(Seqno);
        let acked = AckOutput(AckJson::new(talker, upto));
        make(ack(talker, upto), self.dry_run, acked, global, out)
    }

    /// Prints what was done also when not all was, and then why.
    fn every_one(&self, global: &Global, out: Output) -> Result<(), Failure> {
        let login = ActiveLogin::open_to_change(global, out)?;
        let sessions = sessions::unread(&login)?;
        let mut planned = PlannedRequests::default();
        let mut all = AckAllOutput {
            unread_sessions: sessions.len(),
            ..AckAllOutput::default()
        };
        let progress = Progress::of(text!("sessions marked as read", "个会话已标为已读"));
        let mut end = None;
        for session in sessions {
            // What comes meanwhile stays unread.
            let change = ack(session.talker, session.max_seqno);
            let flow = login.client().account().call(change);
            match login.change(flow, self.dry_run) {
                Ok(Change::Made(())) => all.acked.push(session.talker),
                Ok(Change::Planned { dry_run }) => planned.dry_run.push(dry_run),
                Err(failure) if failure.is_about_one_session() => {
                    all.refused(session.talker, failure, out);
                }
                Err(failure) => {
                    end = Some(failure);
                    break;
                }
            }
            progress.reached(all.acked.len());
        }
        drop(progress);
        if self.dry_run.dry_run {
            out.print(&planned)?;
        } else {
            out.print(&all)?;
        }
        match (end, all.refused.len()) {
            (Some(failure), _) => Err(failure),
            (None, 0) => Ok(()),
            (None, refused) => Err(Failure::refused_in_part(format_text!(
                "{refused} of {} sessions could not be marked as read",
                "{refused} 个会话没能标为已读，共 {} 个",
                all.unread_sessions
            ))),
        }
    }
}

fn ack(talker: Talker, upto: Option<Seqno>) -> UpdateAck {
    let mut change = UpdateAck::new(talker);
    change.upto = upto;
    change
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct AckOutput(AckJson);

impl Display for AckOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text!(f, "acked {}", "已标为已读：{}", talker_text(self.0.talker))?;
        match self.0.upto {
            Some(seqno) => write_text!(f, " up to {seqno}", "，到 {seqno} 为止"),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Default, Serialize)]
struct AckAllOutput {
    acked: Vec<Talker>,
    refused: Vec<Refused>,
    /// How many sessions had unread messages.
    unread_sessions: usize,
}

#[derive(Debug, Serialize)]
struct Refused {
    talker: Talker,
    error: Failure,
}

impl AckAllOutput {
    /// Notes a refusal. Only the first is told: the others are likely to be the same.
    fn refused(&mut self, talker: Talker, error: Failure, out: Output) {
        if self.refused.is_empty() {
            let (talker, message) = (talker_text(talker), error.message());
            out.warn(format_text!(
                "{talker} could not be marked as read: {message}",
                "{talker} 没能标为已读：{message}"
            ));
        }
        self.refused.push(Refused { talker, error });
    }
}

impl Display for AckAllOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (acked, all) = (self.acked.len(), self.unread_sessions);
        write_text!(
            f,
            "acked {acked} of {all} sessions with unread messages",
            "已将 {acked} 个会话标为已读，共有 {all} 个会话有未读消息"
        )
    }
}
