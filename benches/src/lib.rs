//! The code that `cargo xtask bench` measures: this workspace's, the same written by hand, and the
//! answers for both. Nothing here runs in tests.

#![expect(clippy::missing_errors_doc, reason = "every error is only printed")]

use std::error::Error;

pub mod archive;
pub mod crates;
pub mod decode;
pub mod heap;
pub mod keeping;
pub mod loopback;
pub mod measure;
pub mod pages;
pub mod peers;
pub mod processes;
pub mod push;
pub mod report;
pub mod serving;
pub mod sign;
pub mod throughput;
pub mod unread;
pub mod watching;

/// The result of a benchmark, whose error is only printed.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The account of all benchmarks.
pub const OWN_UID: u64 = 293_793_435;

/// The account's login cookie.
pub const COOKIE: &str = "SESSDATA=5e4b8c1f%2C1776054379%2C6a1d2%2Aa1CjBvQ0xW; \
                          bili_jct=0123456789abcdef0123456789abcdef; DedeUserID=293793435; \
                          buvid3=4C9E8A61-97A0-46A5-A6C4-0B7D63C84C4A29347infoc";

/// The two addresses of the signing keys, as in an answer of `nav`.
pub const KEY_URLS: [&str; 2] = [
    "https://i0.hdslb.com/bfs/wbi/7cd084941338484aae1ad9425b84077c.png",
    "https://i0.hdslb.com/bfs/wbi/4932caff0ff746eab6f01bf08b70ac45.png",
];
