//! Counts allocations, and prints the counts as JSON. It is a separate program, because counting
//! slows allocations down.

use std::process::ExitCode;

use allocation_counter::{AllocationInfo, measure};
use bili_im_bench::{
    Result, decode,
    heap::Heap,
    pages,
    push::{ACCOUNTS, Push, loopback, paced},
    sign,
    watching::{self, NoProbe, Probe, Watcher},
};
use bili_im_proto::{Event, Input, Step};
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
    let page = Response::new(pages::page_json(100));
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
        watcher_of_many: kept(|| paced::programs(ACCOUNTS, Push::Off))? / ACCOUNTS,
        pushed_of_many: kept(|| paced::programs(ACCOUNTS, Push::On))? / ACCOUNTS,
        connection_of_many: kept(|| loopback::connections(&origin, ACCOUNTS))? / ACCOUNTS,
    };
    Ok(serde_json::to_string(&heap)?)
}

/// Calls a function. Returns its result, and what it allocated while the result was alive.
fn counted<T>(call: impl FnOnce() -> T) -> Result<(T, AllocationInfo)> {
    let mut result = None;
    let info = measure(|| result = Some(call()));
    Ok((result.ok_or("nothing was called")?, info))
}

/// The allocations of one call. A first call, which may fill caches, is not counted.
fn allocations<T>(mut call: impl FnMut() -> Result<T>) -> Result<u64> {
    drop(call()?);
    let (result, info) = counted(call)?;
    result?;
    Ok(info.count_total)
}

/// Counts the allocations of the watcher's work.
struct Counter(u64);

impl Probe for Counter {
    fn resume(&mut self, watcher: &mut Watcher, input: Input) -> Result<Step<Event, ()>> {
        let (step, info) = counted(|| watcher.resume(input))?;
        self.0 += info.count_total;
        Ok(step)
    }
}

/// The allocations of one poll that finds one message, without those of the service.
fn poll_allocations(sessions: u32) -> Result<u64> {
    let mut counter = Counter(0);
    watching::Program::caught_up(sessions)?.poll_with_news(&mut counter)?;
    Ok(counter.0)
}

/// The bytes of what a function makes, in this thread.
fn kept<T>(make: impl FnOnce() -> Result<T>) -> Result<u64> {
    let (made, info) = counted(make)?;
    made?;
    Ok(info.bytes_current.try_into()?)
}

/// The bytes of a watcher after it has caught up on so many sessions, and the most bytes meanwhile.
fn watcher(sessions: u32) -> Result<(u64, u64)> {
    let kept = kept(|| {
        let mut program = watching::Program::behind(sessions)?;
        program.catch_up(&mut NoProbe)?;
        Ok(program.into_watcher())
    })?;
    let mut program = watching::Program::behind(sessions)?;
    let (caught_up, info) = counted(|| program.catch_up(&mut NoProbe))?;
    caught_up?;
    Ok((kept, info.bytes_max))
}
