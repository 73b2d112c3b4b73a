//! `bili-im recall`

use std::fmt::{self, Display};

use bili_im_json::RecallJson;
use bili_im_proto::MsgKey;
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{DryRun, Global, To, number},
    failure::Failure,
    output::Output,
};

/// Recall an own message, within 120 s of sending it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  bili-im recall 1 7354295169819585966")]
pub(crate) struct Recall {
    #[command(flatten)]
    to: To,
    /// The message key that `send` printed
    #[arg(value_parser = number)]
    msg_key: u64,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Recall {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let msg_key = MsgKey(self.msg_key);
        let login = ActiveLogin::open_to_change(global, out)?;
        let flow = login.client().account().recall(self.to.talker(), msg_key);
        let recalled = login.change(flow, self.dry_run)?;
        out.print(&recalled.map(|()| RecallOutput(msg_key.into())))
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct RecallOutput(RecallJson);

impl Display for RecallOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text!(f, "recalled {}", "已撤回 {}", self.0.msg_key)
    }
}
