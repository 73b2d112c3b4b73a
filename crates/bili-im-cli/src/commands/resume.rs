//! `bili-im resume`

use std::fmt::{self, Display};

use serde::Serialize;

use crate::{active_login::ActiveLogin, args::Global, failure::Failure, output::Output};

/// Go on after risk control stopped the account and you confirmed on the site that it is you
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {}

impl Resume {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let login = ActiveLogin::open(global, out)?;
        let account = login.client().account();
        let now = login.client().now();
        let before = account.snapshot(now);
        account.lift_stop();
        let was_stopped = account.snapshot(now) != before;
        out.print(&ResumeOutput { was_stopped })
    }
}

#[derive(Debug, Serialize)]
struct ResumeOutput {
    was_stopped: bool,
}

impl Display for ResumeOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.was_stopped {
            text!("the stop is lifted", "已解除停用")
        } else {
            text!("there was no stop to lift", "账号没有被停用")
        })
    }
}
