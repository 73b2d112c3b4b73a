//! Watching an account: every message once, in order within its session (docs/protocol.md §7, §8).

mod changes;
mod open;
mod start;
mod telling;
mod unread;
mod watcher;
