//! The linked crates, and the time of a build.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::Result;

/// The workspace's folder.
pub const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.current_dir(WORKSPACE);
    command
}

/// What a command prints. What it prints to stderr is the error when it fails.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

/// The number of crates that the protocol crate links with these features, separated by commas:
/// normal dependencies without macros.
pub fn linked(features: &str) -> Result<usize> {
    let mut tree = cargo();
    tree.args(["tree", "--quiet", "--package", "bili-im-proto"])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(["--no-dedupe", "--features", features]);
    let list = String::from_utf8(output(&mut tree)?)?;
    let crates: BTreeSet<&str> = list.lines().filter(|line| !line.is_empty()).collect();
    Ok(crates.len().saturating_sub(1))
}

/// How long a build of the program takes when only the sources are there.
pub fn cold_build() -> Result<Duration> {
    let target = tempfile::tempdir()?;
    let start = Instant::now();
    let status = cargo()
        .args(["build", "--quiet", "--release", "--package", "bili-im-cli"])
        .arg("--target-dir")
        .arg(target.path())
        .stdout(Stdio::null())
        .status()?;
    if status.success() {
        Ok(start.elapsed())
    } else {
        Err(format!("cargo build: {status}").into())
    }
}
