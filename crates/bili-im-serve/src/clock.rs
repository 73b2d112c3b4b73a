//! What time it is.

use std::time::Duration;

use bili_im_proto::UnixMicros;

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    since_1970().as_secs()
}

/// The time since 1970.
pub(crate) fn since_1970() -> Duration {
    let UnixMicros(micros) = bili_im_reqwest::now().unix;
    Duration::from_micros(micros)
}
