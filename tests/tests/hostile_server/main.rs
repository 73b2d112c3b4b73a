//! A malicious server against both adapters. Whatever it sends ends in an answer or in a clear
//! failure, within the bounds of memory and time. The client can be used afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod attack;
mod calls;
mod http;
mod memory;
mod server;
mod time;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// The most bytes that this thread has allocated at once during some work.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let mut done = None;
    let heap = allocation_counter::measure(|| done = Some(work()));
    (done.unwrap(), usize::try_from(heap.bytes_max).unwrap())
}

/// One test at a time, so that none is late because of another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    LazyLock::force(&server::BOMB);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
