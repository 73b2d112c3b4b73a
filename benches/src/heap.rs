//! What the program that counts allocations tells the one that measures time.

use serde::{Deserialize, Serialize};

/// Counts of the heap, all exact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Heap {
    /// Allocations to build and sign a text message.
    pub sign: u64,
    /// The same by hand.
    pub sign_by_hand: u64,
    /// Allocations to read a page of 100 messages.
    pub decode: u64,
    /// The same by a strict derive.
    pub decode_strictly: u64,
    /// Bytes that a watcher over 10,000 sessions and the program's cursor hold between polls.
    pub watcher: u64,
    /// The most bytes at once while it caught up on all of them.
    pub watcher_peak: u64,
    /// Allocations of one poll, for each of the sizes.
    pub polls: Vec<u64>,
}
