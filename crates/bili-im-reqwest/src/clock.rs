use std::{sync::LazyLock, time::SystemTime};

use bili_im_proto::{Monotonic, Now};
use tokio::time::Instant;

/// The current time. The monotonic clock starts at the same moment for all clients in this process,
/// so that several can use one account. Where a test has paused Tokio's clock, both follow that.
pub fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let now = Instant::now();
    let paused_and_advanced = now.saturating_duration_since(std::time::Instant::now().into());
    Now {
        unix: (SystemTime::now() + paused_and_advanced).into(),
        mono: Monotonic(now.saturating_duration_since(*START)),
    }
}
