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
        about: "everything a change must pass: lint, the tests, the simulation and its planted mistakes",
        run: |_| ci(),
    },
    Task {
        name: "lint",
        about: "formatting, clippy and documentation, warnings denied",
        run: |_| lint(),
    },
    Task {
        name: "dst",
        about: "the simulation: --seeds N runs, or --seed S to see what happened in one; --planted makes mistakes on purpose",
        run: dst,
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
    cargo("test --workspace", &[])?;
    dst(&["--seeds".to_owned(), "1000".to_owned()])?;
    dst(&["--planted".to_owned()])
}

/// Mistakes need another build of the protocol crate, which can make them.
fn dst(arguments: &[String]) -> Result<(), String> {
    let planted = arguments.iter().any(|argument| argument == "--planted");
    let features = if planted { " --features planted" } else { "" };
    let mut all = format!("run --quiet --profile dst --package bili-im-dst{features} --");
    for argument in arguments {
        all.push(' ');
        all.push_str(argument);
    }
    cargo(&all, &[])
}

fn lint() -> Result<(), String> {
    cargo("fmt --all --check", &[])?;
    cargo("clippy --workspace --all-targets -- -D warnings", &[])?;
    cargo(
        "clippy --package bili-im-dst --all-targets --features planted -- -D warnings",
        &[],
    )?;
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

fn bench(arguments: &[String]) -> Result<(), String> {
    // The program alone, so that no other package turns on what it does without.
    cargo("build --release --package bili-im-cli", &[])?;
    cargo("build --release --package bili-im-bench", &[])?;
    let mut run = String::from("run --release --package bili-im-bench --bin bili-im-bench --");
    for argument in arguments {
        run.push(' ');
        run.push_str(argument);
    }
    cargo(&run, &[])
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
