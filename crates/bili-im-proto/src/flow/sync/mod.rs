//! Reading everything that a store does not have yet.

mod patience;
mod people;
mod raw_page;
mod reading;
mod syncing;
