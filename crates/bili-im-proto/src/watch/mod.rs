//! The events, options and cursor of a watcher.

mod cursor;
mod event;
mod hints;
mod options;

pub(crate) use self::hints::Hinted;
pub use self::{
    cursor::{Cursor, Position},
    event::{Direction, Event, EventId, EventKind},
    hints::Hints,
    options::WatchOptions,
};
