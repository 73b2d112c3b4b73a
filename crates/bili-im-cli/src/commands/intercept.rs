//! `bili-im intercept`

use bili_im_proto::{Talker, Uid, UpdateIntercept};

use crate::{
    cli::{DryRun, Global, number},
    failure::Failure,
    output::{ChangeOutput, Output},
    session::Session,
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
        let session = Session::open_to_change(global, out)?;
        let done = if self.off {
            "intercepted no more"
        } else {
            "intercepted"
        };
        session.change_session(
            UpdateIntercept::new(uid, !self.off),
            self.dry_run,
            &ChangeOutput::new(Talker::User(uid), done, "intercepted", !self.off),
        )
    }
}
