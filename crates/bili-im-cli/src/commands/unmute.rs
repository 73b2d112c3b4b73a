//! `bili-im unmute`

use bili_im_proto::SetMsgDnd;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::{ChangeOutput, Output},
    session::Session,
};

/// Unmute a session
#[derive(Debug, clap::Args)]
pub(crate) struct Unmute {
    #[command(flatten)]
    with: To,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Unmute {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let session = Session::open_to_change(global, out)?;
        let change = SetMsgDnd::new(talker, false);
        session.change_session(
            change,
            self.dry_run,
            &ChangeOutput::new(talker, "unmuted", "muted", false),
        )
    }
}
