//! The program `bili-im`.

use std::{path::PathBuf, process::Command, sync::OnceLock};

/// The program, built if it is not there.
pub fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "bili-im-cli"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let is_built = build.status().is_ok_and(|status| status.success());
        assert!(is_built, "the program builds");
        // …/target/debug/deps/this-test
        let this = std::env::current_exe().unwrap_or_default();
        let folder = this
            .ancestors()
            .nth(2)
            .map(PathBuf::from)
            .unwrap_or_default();
        folder.join(format!("bili-im{}", std::env::consts::EXE_SUFFIX))
    })
}
