//! `bili-im ack`

use bili_im_proto::{Seqno, UpdateAck};

use crate::{
    cli::{DryRun, Global, To, number},
    failure::Failure,
    output::{AckOutput, Output},
    session::Session,
};

/// Mark a session as read
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im ack 1
  bili-im ack 1 --upto 4011      the sequence numbers are those of `history`")]
pub(crate) struct Ack {
    #[command(flatten)]
    with: To,
    /// Only up to this message, by its sequence number
    #[arg(long, value_name = "SEQNO", value_parser = number)]
    upto: Option<u64>,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Ack {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let upto = self.upto.map(Seqno);
        let mut change = UpdateAck::new(talker);
        change.upto = upto;
        let session = Session::open_to_change(global, out)?;
        let made = AckOutput {
            talker,
            upto,
            acked: true,
        };
        session.change_session(change, self.dry_run, &made)
    }
}
