//! The program `bili-im`, and the examples.

use std::{
    env::{self, consts::EXE_SUFFIX},
    path::PathBuf,
    process::Command,
    sync::OnceLock,
};

/// The program.
pub fn program() -> PathBuf {
    built().join(format!("bili-im{EXE_SUFFIX}"))
}

/// An example of an adapter.
pub fn example(name: &str) -> PathBuf {
    built().join("examples").join(format!("{name}{EXE_SUFFIX}"))
}

/// The folder with the program and the examples, built if they are not there.
fn built() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        // With the features of `cargo test --workspace`, which has built all that already.
        build.args(["build", "--quiet", "--workspace"]);
        build.args(["--bin", "bili-im", "--example", "answering_bot*"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        // What cargo tells this test of its package would make build scripts run again.
        for (name, _) in env::vars_os() {
            let is_told =
                |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
            if name.to_str().is_some_and(is_told) {
                build.env_remove(name);
            }
        }
        let is_built = build.status().is_ok_and(|status| status.success());
        assert!(is_built, "the program and the examples build");
        // …/target/debug/deps/this-test
        let this = env::current_exe().unwrap_or_default();
        let folder = this.ancestors().nth(2).map(PathBuf::from);
        folder.unwrap_or_default()
    })
}
