//! Watching an account: every message once, in order within its session (docs/protocol.md §7, §8).

mod changes;
mod lists;
mod reading;
mod rhythm;
mod source;
mod start;
mod telling;
mod to_read;
mod unread;
mod walk;
mod watcher;
