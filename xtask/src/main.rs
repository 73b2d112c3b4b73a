//! `cargo xtask <task>`: what the workspace can do beyond building.

use std::{
    env,
    process::{Command, ExitCode},
};

struct Task {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<(), String>,
}

const TASKS: &[Task] = &[
    Task {
        name: "ci",
        about: "everything a change must pass: lint, then the tests",
        run: ci,
    },
    Task {
        name: "lint",
        about: "formatting, clippy and documentation, warnings denied",
        run: lint,
    },
];

fn main() -> ExitCode {
    let wanted = env::args().nth(1);
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
    match (task.run)() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {}: {error}", task.name);
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Result<(), String> {
    lint()?;
    cargo("test --workspace", &[])
}

fn lint() -> Result<(), String> {
    cargo("fmt --all --check", &[])?;
    cargo("clippy --workspace --all-targets -- -D warnings", &[])?;
    // Once more without the program's default features: it must build without the simulator.
    cargo(
        "clippy --package bili-im-cli --no-default-features -- -D warnings",
        &[],
    )?;
    cargo(
        "doc --workspace --no-deps",
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// Runs cargo with space-separated arguments, echoing the command line.
fn cargo(arguments: &str, variables: &[(&str, &str)]) -> Result<(), String> {
    for (name, value) in variables {
        print!("{name}='{value}' ");
    }
    println!("cargo {arguments}");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
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
