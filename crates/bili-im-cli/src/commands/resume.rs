//! `bili-im resume`

use crate::{
    cli::Global,
    failure::Failure,
    output::{Output, ResumeOutput},
    session::Session,
};

/// Go on after risk control stopped the account and you confirmed on the site that it is you
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {}

impl Resume {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let session = Session::open(global, out)?;
        let account = session.client().account();
        let now = session.client().now();
        let before = account.snapshot(now);
        account.lift_stop();
        let was_stopped = account.snapshot(now) != before;
        out.print(&ResumeOutput { was_stopped })
    }
}
