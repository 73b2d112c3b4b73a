//! The counts that `bili-im-bench-heap` passes to `bili-im-bench`.

use serde::{Deserialize, Serialize};

/// Exact counts of heap allocations and bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Heap {
    /// Allocations to build and sign a text message.
    pub sign: u64,
    /// The same by hand.
    pub sign_by_hand: u64,
    /// Allocations to decode a page of 100 messages.
    pub decode: u64,
    /// The same by a strict derive.
    pub decode_strictly: u64,
    /// Bytes of a watcher over 10,000 sessions and the program's cursor, between polls.
    pub watcher: u64,
    /// The most bytes at any moment while the watcher catches up on all sessions.
    pub watcher_peak: u64,
    /// Allocations of one poll, for each of [`SIZES`](crate::watching::SIZES).
    pub polls: Vec<u64>,
    /// Bytes of a watcher with its account, one of [`ACCOUNTS`](crate::push::ACCOUNTS).
    pub watcher_of_many: u64,
    /// The same with a push session, without a socket.
    pub pushed_of_many: u64,
    /// Bytes of a push connection through `bili-im-reqwest`, without a watcher.
    pub connection_of_many: u64,
}
