//! Counts allocations, and prints the counts as JSON. It is a separate program, because counting
//! slows allocations down.

use std::process::ExitCode;

use allocation_counter::measure;
use bili_im_bench::{
    Result, decode,
    heap::Heap,
    pages,
    push::{ACCOUNTS, loopback, paced},
    sign, watching,
};
use http::Response;

/// How many sessions the watcher knows.
const WATCHED: u32 = 10_000;

fn main() -> ExitCode {
    match count() {
        Ok(heap) => {
            println!("{heap}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn count() -> Result<String> {
    let context = sign::context()?;
    let account = sign::Account::new()?;
    let page = Response::new(pages::page(100));
    let (watcher, watcher_peak) = watcher(WATCHED)?;
    let (_server, origin) = loopback::serve(ACCOUNTS)?;
    let heap = Heap {
        sign: allocations(|| sign::ours(&context))?,
        sign_by_hand: allocations(|| account.by_hand())?,
        decode: allocations(|| decode::ours(&page))?,
        decode_strictly: allocations(|| decode::strict(page.body()))?,
        watcher,
        watcher_peak,
        polls: watching::SIZES
            .into_iter()
            .map(poll_allocations)
            .collect::<Result<_>>()?,
        watcher_of_many: kept(|| paced::programs(ACCOUNTS, false))? / ACCOUNTS,
        pushed_of_many: kept(|| paced::programs(ACCOUNTS, true))? / ACCOUNTS,
        connection_of_many: kept(|| loopback::connections(&origin, ACCOUNTS))? / ACCOUNTS,
    };
    Ok(serde_json::to_string(&heap)?)
}

/// The allocations of one call. A first call, which may fill caches, is not counted.
fn allocations<T>(mut call: impl FnMut() -> Result<T>) -> Result<u64> {
    drop(call()?);
    let mut result = None;
    let counted = measure(|| result = Some(call()));
    match result {
        Some(Ok(_)) => Ok(counted.count_total),
        Some(Err(error)) => Err(error),
        None => Err("nothing was called".into()),
    }
}

/// The allocations of one poll that finds one message, without those of the service.
fn poll_allocations(sessions: u32) -> Result<u64> {
    let mut program = watching::Program::knowing(sessions)?;
    let mut counted = 0;
    program.poll_with_news(&mut |work| counted += measure(work).count_total)?;
    Ok(counted)
}

/// The bytes of what a function makes, in this thread.
fn kept<T>(make: impl FnOnce() -> Result<T>) -> Result<u64> {
    let (mut make, mut made) = (Some(make), None);
    // What was made must be alive when it is counted.
    let counted = measure(|| made = make.take().map(|make| make()));
    drop(made.transpose()?);
    Ok(counted.bytes_current.try_into()?)
}

/// The bytes of a watcher after it has caught up on so many sessions, and the most bytes meanwhile.
fn watcher(sessions: u32) -> Result<(u64, u64)> {
    let kept = kept(|| {
        let mut program = watching::Program::absent(sessions)?;
        program.catch_up(&mut |work| work())?;
        program.forget_service();
        Ok(program)
    })?;
    let mut program = watching::Program::absent(sessions)?;
    let mut caught_up = Ok(());
    let peak = measure(|| caught_up = program.catch_up(&mut |work| work()));
    caught_up?;
    Ok((kept, peak.bytes_max))
}
