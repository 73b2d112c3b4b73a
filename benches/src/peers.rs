//! Another client of the same service, `bpi-rs`. It is measured by a program of its own, in a workspace
//! of its own: what it asks of `reqwest` and `rustls` would be turned on in all of this one.

use std::time::Duration;

use crate::{Result, crates::cargo, measure::Comparison};

/// Reading a page of each size in [`SIZES`](crate::pages::SIZES), to the same by the peer, for so long
/// each.
///
/// # Errors
/// When the program cannot be run, or reads something else than this crate.
pub fn decode(time: Duration) -> Result<Vec<Comparison>> {
    let output = cargo()
        .args(["run", "--quiet", "--release"])
        .args(["--manifest-path", "benches/peers/Cargo.toml", "--"])
        .arg(time.as_millis().to_string())
        .output()?;
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}
