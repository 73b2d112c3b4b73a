//! `cargo xtask fuzz`: runs the fuzz targets one after the other.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::cargo;

const FOLDER: &str = "crates/bili-im-proto/fuzz";

/// Runs every target for `--seconds N`, by default a minute. Other arguments name the targets to
/// run.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let mut seconds = 60;
    let mut wanted = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments
                .next()
                .and_then(|number| number.parse::<u32>().ok());
            seconds = number.ok_or("--seconds needs a number")?;
        } else {
            wanted.push(argument.as_str());
        }
    }
    if !succeeds("cargo", &["fuzz", "--version"]) {
        return Err("cargo-fuzz is not installed: cargo install cargo-fuzz --locked".to_owned());
    }
    // Uses a nightly compiler if one is installed. Otherwise the variable allows nightly features.
    let toolchain = if succeeds("cargo", &["+nightly", "--version"]) {
        ("RUSTUP_TOOLCHAIN", "nightly")
    } else {
        ("RUSTC_BOOTSTRAP", "1")
    };
    let targets = targets()?;
    if let Some(unknown) = wanted
        .iter()
        .find(|name| !targets.iter().any(|target| target == *name))
    {
        return Err(format!(
            "unknown target {unknown}: expected one of {}",
            targets.join(", ")
        ));
    }
    let chosen = targets
        .iter()
        .filter(|target| wanted.is_empty() || wanted.contains(&&***target));
    for target in chosen {
        let (corpus, seeds) = (
            format!("{FOLDER}/corpus/{target}"),
            format!("{FOLDER}/seeds/{target}"),
        );
        fs::create_dir_all(&corpus).map_err(|error| format!("{corpus}: {error}"))?;
        // No sanitizer: there is no unsafe code to check.
        cargo(
            &format!(
                "fuzz run --fuzz-dir {FOLDER} --sanitizer none {target} {corpus} {seeds} -- -max_total_time={seconds} -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0"
            ),
            &[toolchain],
        )?;
    }
    Ok(())
}

/// Whether a command runs and succeeds.
fn succeeds(program: &str, arguments: &[&str]) -> bool {
    // Not the cargo that started this program: only rustup's accepts `+nightly`.
    Command::new(program)
        .args(arguments)
        .env_remove("RUSTUP_TOOLCHAIN")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn targets() -> Result<Vec<String>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(FOLDER)
        .join("targets");
    let failed = |error| format!("{}: {error}", folder.display());
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        targets.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    targets.sort();
    Ok(targets)
}
