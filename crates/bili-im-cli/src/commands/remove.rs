//! `bili-im remove`

use bili_im_proto::RemoveSession;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::{ChangeOutput, Output},
    session::Session,
};

/// Remove a session from the list; its messages stay, and a new one brings it back
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    with: To,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Remove {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let session = Session::open_to_change(global, out)?;
        let change = RemoveSession::new(talker);
        session.change_session(
            change,
            self.dry_run,
            &ChangeOutput::new(talker, "removed", "removed", true),
        )
    }
}
