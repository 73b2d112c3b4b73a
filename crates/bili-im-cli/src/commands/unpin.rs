//! `bili-im unpin`

use bili_im_proto::SetTop;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::{ChangeOutput, Output},
    session::Session,
};

/// Unpin a session
#[derive(Debug, clap::Args)]
pub(crate) struct Unpin {
    #[command(flatten)]
    with: To,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Unpin {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let session = Session::open_to_change(global, out)?;
        let change = SetTop::new(talker, false);
        session.change_session(
            change,
            self.dry_run,
            &ChangeOutput::new(talker, "unpinned", "pinned", false),
        )
    }
}
