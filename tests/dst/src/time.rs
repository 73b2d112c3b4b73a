//! Times, in microseconds.

pub(crate) const MILLI: u64 = 1_000;

pub(crate) const SECOND: u64 = 1_000_000;

/// The time of the service at the start: noon, far from the daily change of keys. Since 1970.
pub(crate) const EPOCH: u64 = 1_760_011_200_000_000;
