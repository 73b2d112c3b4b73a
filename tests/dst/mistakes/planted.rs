//! The planted mistake of each thread. Only a copy of the sources has this module.

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
