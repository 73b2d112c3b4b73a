//! Runs the deterministic simulation: see `cargo xtask dst`.

use std::{
    process::ExitCode,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use bili_im_dst::{Outcome, Quirk, Tally, replay_with, run_with};
use clap::Parser;

/// How many failed runs are printed.
const SHOWN: usize = 5;

/// Runs the deterministic simulation
#[derive(Debug, Parser)]
#[command(name = "cargo xtask dst")]
struct Options {
    /// The number of runs
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Run only this seed, and print what happened
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// The first seed
    #[arg(long, default_value_t = 0, conflicts_with = "seed")]
    from: u64,
    /// Show this quirk of the service in every run
    #[arg(long, value_parser = quirk)]
    quirk: Option<Quirk>,
    /// Make each mistake of this list, and check that it breaks its law
    #[cfg(feature = "planted")]
    #[arg(long, conflicts_with_all = ["seeds", "seed", "from"])]
    planted: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    #[cfg(feature = "planted")]
    if let Some(list) = &options.planted {
        return catch_all(list);
    }
    match options.seed {
        Some(seed) => show(seed, options.quirk),
        None => run_all(options.from, options.seeds, options.quirk),
    }
}

fn quirk(name: &str) -> Result<Quirk, String> {
    let names = Quirk::ALL.map(|(_, name)| name).join(", ");
    Quirk::by_name(name).ok_or_else(|| format!("expected one of {names}"))
}

/// Runs one seed and prints its history.
fn show(seed: u64, quirk: Option<Quirk>) -> ExitCode {
    let outcome = replay_with(seed, quirk);
    print!("{}", outcome.history);
    println!("seed {seed}: {}", outcome.tally);
    match outcome.verdict {
        Ok(()) => {
            println!("every law holds");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("BROKEN: {broken}");
            ExitCode::FAILURE
        }
    }
}

/// Calls `work` with each number below `count`, on all cores.
fn on_every_core(count: u64, work: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run_all(first: u64, count: u64, quirk: Option<Quirk>) -> ExitCode {
    let began = Instant::now();
    let failed = Mutex::new(Vec::<Outcome>::new());
    let tally = Mutex::new(Tally::default());
    on_every_core(count, |number| {
        let outcome = run_with(first + number, quirk);
        let mut all = locked(&tally);
        *all = all.plus(outcome.tally);
        if outcome.verdict.is_err() {
            locked(&failed).push(outcome);
        }
    });
    let mut failed = locked(&failed);
    failed.sort_by_key(|outcome| outcome.seed);
    for outcome in failed.iter().take(SHOWN) {
        if let Err(broken) = &outcome.verdict {
            let seed = outcome.seed;
            println!("seed {seed}: {broken}\n  history: cargo xtask dst --seed {seed}");
        }
    }
    let took = began.elapsed().as_secs_f64();
    println!("{count} runs in {took:.1} s: {}", locked(&tally));
    if failed.is_empty() {
        println!("every law holds");
        ExitCode::SUCCESS
    } else {
        println!("{} runs broke a law", failed.len());
        ExitCode::FAILURE
    }
}

/// Makes each mistake of a list. A line has a mistake's name, the law that it breaks, and the
/// seed to try first, with tabs between them.
#[cfg(feature = "planted")]
fn catch_all(list: &std::path::Path) -> ExitCode {
    let text = match std::fs::read_to_string(list) {
        // The names of mistakes must live as long as the program.
        Ok(text) => &*text.leak(),
        Err(error) => {
            println!("{}: {error}", list.display());
            return ExitCode::FAILURE;
        }
    };
    let mistakes: Vec<Vec<&'static str>> = (text.lines())
        .map(|line| line.split('\t').collect())
        .collect();
    let missed = AtomicU64::new(0);
    on_every_core(mistakes.len() as u64, |number| {
        let Some([mistake, law, seed]) = mistakes.get(number as usize).map(Vec::as_slice) else {
            return;
        };
        let first = seed.parse().unwrap_or_default();
        let verdict = match bili_im_dst::catch(mistake, law, first) {
            Some((seed, broken)) => format!("caught at seed {seed}: {broken:.100}"),
            None => {
                missed.fetch_add(1, Ordering::Relaxed);
                format!("NOT CAUGHT by its law ({law})")
            }
        };
        println!("[{mistake}] {verdict}");
    });
    let (all, missed) = (mistakes.len() as u64, missed.into_inner());
    println!("{} of {all} mistakes are caught", all - missed);
    if missed == 0 && all > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
