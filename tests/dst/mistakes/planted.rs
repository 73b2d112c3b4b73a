//! Which mistake is turned on in each thread.
//!
//! `cargo xtask dst --planted` adds this module to `bili-im-proto` in a copy of the sources.

use std::cell::Cell;

thread_local! {
    static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Turns on one mistake in this thread; `None` turns it off.
pub fn plant(mistake: Option<&'static str>) {
    PLANTED.set(mistake);
}

/// Whether this mistake is turned on.
pub fn is_planted(mistake: &str) -> bool {
    PLANTED.get() == Some(mistake)
}
