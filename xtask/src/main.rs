//! `cargo xtask <task>`: what the workspace can do beyond building.

use std::{
    env,
    process::{Command, ExitCode},
};

struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

const TASKS: &[Task] = &[
    Task {
        name: "bench",
        about: "the numbers to reach, into docs/benchmarks.md; --quick only prints, --cold builds anew",
        run: bench,
    },
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
    let mut arguments = env::args().skip(1);
    let wanted = arguments.next();
    let options: Vec<String> = arguments.collect();
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
    match (task.run)(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {}: {error}", task.name);
            ExitCode::FAILURE
        }
    }
}

fn ci(options: &[String]) -> Result<(), String> {
    lint(options)?;
    cargo("test --workspace", &[])
}

fn lint(_: &[String]) -> Result<(), String> {
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

fn bench(options: &[String]) -> Result<(), String> {
    // The program alone, so that no other package turns on what it does without.
    cargo("build --release --package bili-im-cli", &[])?;
    cargo("build --release --package bili-im-bench", &[])?;
    let run = ["run --release --package bili-im-bench --bin bili-im-bench --"];
    let options = options.iter().map(String::as_str);
    let run: Vec<&str> = run.into_iter().chain(options).collect();
    cargo(&run.join(" "), &[])
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
