//! The program `bili-im`, and the examples.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// The program, built if it is not there.
pub fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built(&["--package", "bili-im-cli"], "bili-im"))
}

/// An example of a package, built if it is not there.
pub fn example(package: &str, name: &str) -> PathBuf {
    built(
        &["--package", package, "--example", name],
        &format!("examples/{name}"),
    )
}

fn built(what: &[&str], path: &str) -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet"]).args(what);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let is_built = build.status().is_ok_and(|status| status.success());
    assert!(is_built, "{path} builds");
    // …/target/debug/deps/this-test
    let this = std::env::current_exe().unwrap_or_default();
    let folder = this.ancestors().nth(2).map(PathBuf::from);
    let path = format!("{path}{}", std::env::consts::EXE_SUFFIX);
    folder.unwrap_or_default().join(path)
}
