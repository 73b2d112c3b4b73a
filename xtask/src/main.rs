//! `cargo xtask <task>`: the tasks of the workspace.

mod fuzz;
mod mistakes;
mod supply;

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
};

struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

/// The optional features of the program.
const OPTIONAL: &str = "bili-im-cli/keyring,bili-im-cli/serve";

const TASKS: &[Task] = &[
    Task {
        name: "bench",
        about: "measure, and write docs/benchmarks.md; --quick only prints, --cold also times a full build",
        run: bench,
    },
    Task {
        name: "ci",
        about: "everything that a change must pass: lint, tests, simulation and planted mistakes",
        run: |_| ci(),
    },
    Task {
        name: "lint",
        about: "check formatting, clippy and documentation, with warnings as errors",
        run: |_| lint(),
    },
    Task {
        name: "dst",
        about: "run the simulation: --seeds N runs, --seed S prints one run, --planted checks planted mistakes",
        run: dst,
    },
    Task {
        name: "docs",
        about: "write the pages that tests generate: docs/endpoints.md, docs/rpc.md, docs/scenarios.md",
        run: |_| docs(),
    },
    Task {
        name: "fuzz",
        about: "run the fuzz targets, --seconds N each; further arguments name targets",
        run: fuzz::run,
    },
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let wanted = arguments.next();
    let arguments: Vec<String> = arguments.collect();
    let Some(task) = TASKS
        .iter()
        .find(|task| Some(task.name) == wanted.as_deref())
    else {
        println!("cargo xtask <task>");
        for task in TASKS {
            println!("  {:8}{}", task.name, task.about);
        }
        return match wanted {
            None => ExitCode::SUCCESS,
            Some(_) => ExitCode::from(2),
        };
    };
    match (task.run)(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {}: {error}", task.name);
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Result<(), String> {
    lint()?;
    supply::deny()?;
    cargo("test --workspace", &[])?;
    cargo(
        "test --workspace --features bili-im-cli/serve --test cli serving",
        &[],
    )?;
    dst(&["--seeds".to_owned(), "1000".to_owned()])?;
    dst(&["--planted".to_owned()])?;
    foreign()
}

/// Other people's clients against the simulated service.
fn foreign() -> Result<(), String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/foreign/run");
    println!("tests/foreign/run");
    let status = Command::new(script).status();
    match status.map_err(|error| error.to_string())? {
        status if status.success() => Ok(()),
        status => Err(format!("tests/foreign/run: {status}")),
    }
}

fn dst(arguments: &[String]) -> Result<(), String> {
    if arguments != ["--planted"] {
        return run_tool("run --quiet --profile dst --package bili-im-dst", arguments);
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = workspace
        .canonicalize()
        .map_err(|error| error.to_string())?;
    let planted = mistakes::plant(&workspace)?;
    println!("cargo run --package bili-im-dst, in a copy with planted mistakes");
    let status = cargo_command()
        .args([
            "run",
            "--quiet",
            "--profile",
            "dst",
            "--package",
            "bili-im-dst",
        ])
        .args(["--features", "planted", "--", "--planted"])
        .arg(planted.list)
        .current_dir(planted.copy)
        // What it shares with the workspace is built already.
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("a mistake was not caught".to_owned())
    }
}

fn lint() -> Result<(), String> {
    cargo("fmt --all --check", &[])?;
    supply::check_rust_versions()?;
    cargo(
        &format!("clippy --workspace --all-targets --features {OPTIONAL} -- -D warnings"),
        &[],
    )?;
    // Alone, a package has only the features that it asks for.
    for alone in [
        "bili-im-cli --no-default-features",
        "bili-im-reqwest --package bili-im-ureq --features bili-im-reqwest/push,bili-im-ureq/push",
    ] {
        cargo(&format!("clippy --package {alone} -- -D warnings"), &[])?;
    }
    cargo(
        &format!("doc --workspace --no-deps --features {OPTIONAL}"),
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// Writes the generated pages: `UPDATE_DOCS` makes the tests that check them write them.
fn docs() -> Result<(), String> {
    let update = &[("UPDATE_DOCS", "1")];
    cargo("test --package bili-im-cli --test cli documenting", update)?;
    cargo("test --package bili-im-serve --test serve methods", update)?;
    cargo("test --package bili-im-tests --test scenarios", update)
}

/// The cargo that started this program.
fn cargo_command() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells this program of its package would make build scripts run again.
    for (name, _) in env::vars_os() {
        let is_told =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_told) {
            command.env_remove(name);
        }
    }
    command
}

fn bench(arguments: &[String]) -> Result<(), String> {
    // The program is built alone, so that no other package turns on more features.
    cargo("build --release --package bili-im-cli", &[])?;
    cargo("build --release --package bili-im-bench", &[])?;
    cargo(
        "build --release --manifest-path benches/peers/Cargo.toml",
        &[],
    )?;
    run_tool(
        "run --release --package bili-im-bench --bin bili-im-bench",
        arguments,
    )
}

/// Runs a program of the workspace with some arguments.
fn run_tool(run: &str, arguments: &[String]) -> Result<(), String> {
    let mut all = format!("{run} --");
    for argument in arguments {
        all.push(' ');
        all.push_str(argument);
    }
    cargo(&all, &[])
}

/// Prints a cargo command with space-separated arguments, and runs it.
fn cargo(arguments: &str, variables: &[(&str, &str)]) -> Result<(), String> {
    for (name, value) in variables {
        print!("{name}='{value}' ");
    }
    println!("cargo {arguments}");
    let status = cargo_command()
        .args(arguments.split(' '))
        .envs(variables.iter().copied())
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {arguments}: {status}"))
    }
}
