//! Runs the checks and prints what they found.

use std::fmt::{self, Display};

use bili_im_proto::Credential;
use serde::Serialize;

use super::{
    archive,
    check::{Check, Status, Subject},
    files, login, network,
};
use crate::{args::Global, config, credentials, failure::Failure, output::Output};

/// Check the login, the network, the clock, the pace, the files and the archive
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The exit code is 1 when something is wrong.

Examples:
  bili-im doctor
  bili-im doctor --json | jq '.checks[] | select(.status != \"ok\")'")]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let mut checks = vec![version(), settings()];
        checks.extend(files::checks());
        let credential = credentials::load(global, out);
        let uid = credential.as_ref().ok().and_then(Credential::uid);
        checks.push(archive::check(uid, global));
        checks.extend(network::checks(global));
        checks.extend(login::checks(credential, global, out));
        let faults = checks.iter().filter(|check| check.status == Status::Fault);
        let (faults, all) = (faults.count(), checks.len());
        out.print(&DoctorOutput {
            ok: faults == 0,
            checks,
        })?;
        if faults == 0 {
            return Ok(());
        }
        Err(Failure::other(format_text!(
            "faults found: {faults}, by {all} checks",
            "{faults} 项有故障，共检查 {all} 项"
        )))
    }
}

#[derive(Debug, Serialize)]
struct DoctorOutput {
    ok: bool,
    checks: Vec<Check>,
}

impl Display for DoctorOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.checks.iter().map(Check::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

fn version() -> Check {
    let (version, system, machine) = (
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    );
    Check::ok(
        Subject::Version,
        format!("bili-im {version}, {system} {machine}"),
    )
}

fn settings() -> Check {
    let path = config::path().unwrap_or_default();
    let shown = path.display();
    match config::check() {
        Err(failure) => Check::fault(Subject::Config, &failure),
        Ok(()) if path.exists() => Check::ok(Subject::Config, shown.to_string()),
        Ok(()) => Check::ok(
            Subject::Config,
            format_text!("there is no file {shown}", "没有文件 {shown}"),
        ),
    }
}
