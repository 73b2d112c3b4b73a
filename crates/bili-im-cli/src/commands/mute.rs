//! `bili-im mute`

use bili_im_proto::SetMsgDnd;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::{ChangeOutput, Output},
    session::Session,
};

/// Mute a session: its messages are not announced
#[derive(Debug, clap::Args)]
pub(crate) struct Mute {
    #[command(flatten)]
    with: To,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Mute {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let session = Session::open_to_change(global, out)?;
        let change = SetMsgDnd::new(talker, true);
        session.change_session(
            change,
            self.dry_run,
            &ChangeOutput::new(talker, "muted", "muted", true),
        )
    }
}
