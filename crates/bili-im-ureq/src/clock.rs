use std::{
    sync::LazyLock,
    time::{Instant, SystemTime},
};

use bili_im_proto::{Monotonic, Now};

/// The current time. The monotonic clock starts at the same moment for all clients in this process,
/// so that several can use one account.
pub fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Now {
        unix: SystemTime::now().into(),
        mono: Monotonic(START.elapsed()),
    }
}
