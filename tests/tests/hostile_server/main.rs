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

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// One test at a time, since all share the heap.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    LazyLock::force(&server::BOMB);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
