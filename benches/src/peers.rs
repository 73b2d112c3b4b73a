//! The comparison with `bpi-rs`, another client of the same service.
//!
//! A program in a workspace of its own makes it. Within this workspace, the features of `reqwest`
//! and `rustls` that `bpi-rs` needs would be turned on for every crate.

use std::time::Duration;

use crate::{
    Result,
    crates::{cargo, output},
    measure::Comparison,
    pages::SIZES,
};

/// Compares decoding a page, for `time` with each of the [sizes](SIZES).
pub fn decode(time: Duration) -> Result<[Comparison; SIZES.len()]> {
    let mut peers = cargo();
    peers
        .args(["run", "--quiet", "--release"])
        .args(["--manifest-path", "benches/peers/Cargo.toml", "--"])
        .arg(time.as_millis().to_string());
    Ok(serde_json::from_slice(&output(&mut peers)?)?)
}
