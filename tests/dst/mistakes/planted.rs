//! Which mistake is made, in a copy of the sources that can make them.

use std::cell::Cell;

thread_local! {
    static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Makes a mistake from now on, in this thread; `None` makes none.
pub fn plant(mistake: Option<&'static str>) {
    PLANTED.set(mistake);
}

/// Whether a mistake is to be made.
pub fn is_planted(mistake: &str) -> bool {
    PLANTED.get() == Some(mistake)
}
