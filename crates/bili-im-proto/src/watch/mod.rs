//! What a watcher tells, and how far it got.

mod cursor;
mod event;
mod options;

pub use self::{
    cursor::{Cursor, Position},
    event::{Direction, Event, EventId, EventKind},
    options::WatchOptions,
};
