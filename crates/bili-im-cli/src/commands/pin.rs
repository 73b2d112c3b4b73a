//! `bili-im pin`

use bili_im_proto::SetTop;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::{ChangeOutput, Output},
    session::Session,
};

/// Pin a session to the top of the list
#[derive(Debug, clap::Args)]
pub(crate) struct Pin {
    #[command(flatten)]
    with: To,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Pin {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let session = Session::open_to_change(global, out)?;
        let change = SetTop::new(talker, true);
        session.change_session(
            change,
            self.dry_run,
            &ChangeOutput::new(talker, "pinned", "pinned", true),
        )
    }
}
