//! The comparison with `bpi-rs`, another client of the same service.
//!
//! A program in a separate workspace makes it. Otherwise this workspace would also be built with
//! the features of `reqwest` and `rustls` that `bpi-rs` needs.

use std::time::Duration;

use crate::{
    Result,
    crates::{cargo, output},
    measure::Comparison,
};

/// Compares decoding a page of each size in [`SIZES`](crate::pages::SIZES), each for `time`.
pub fn decode(time: Duration) -> Result<Vec<Comparison>> {
    let mut peers = cargo();
    peers
        .args(["run", "--quiet", "--release"])
        .args(["--manifest-path", "benches/peers/Cargo.toml", "--"])
        .arg(time.as_millis().to_string());
    Ok(serde_json::from_slice(&output(&mut peers)?)?)
}
