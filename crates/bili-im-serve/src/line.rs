//! The ids of events: one line for all accounts of a process, so that one number says how far a
//! consumer has read.

use std::{collections::BTreeSet, sync::Mutex};

use crate::{clock::since_1970, lock::lock};

/// Gives out ids. They grow, also from one process to the next, since they are microseconds since
/// 1970 or more.
#[derive(Debug, Default)]
pub(crate) struct Line(Mutex<Ids>);

#[derive(Debug, Default)]
struct Ids {
    last: u64,
    /// Those whose event is not stored yet.
    open: BTreeSet<u64>,
}

/// An id whose event is being stored.
#[derive(Debug)]
pub(crate) struct OpenId<'a> {
    line: &'a Line,
    pub(crate) id: u64,
}

impl Line {
    /// Later ids are above this one.
    pub(crate) fn pass(&self, id: u64) {
        let mut ids = lock(&self.0);
        ids.last = ids.last.max(id);
    }

    /// A new id. Until it is dropped, no event from it on is visible.
    pub(crate) fn begin(&self) -> OpenId<'_> {
        let micros = u64::try_from(since_1970().as_micros()).unwrap_or_default();
        let mut ids = lock(&self.0);
        ids.last = micros.max(ids.last + 1);
        let id = ids.last;
        ids.open.insert(id);
        OpenId { line: self, id }
    }

    /// All events up to this id are stored, or never will be.
    pub(crate) fn visible(&self) -> u64 {
        let ids = lock(&self.0);
        ids.open.first().map_or(ids.last, |id| id - 1)
    }
}

impl Drop for OpenId<'_> {
    fn drop(&mut self) {
        lock(&self.line.0).open.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_visible_behind_an_event_that_is_being_stored() {
        let line = Line::default();
        let one = line.begin();
        let two = line.begin();
        let (first, second) = (one.id, two.id);
        assert!(first < second);
        drop(two);
        assert!(line.visible() < first);
        drop(one);
        assert_eq!(line.visible(), second);
    }

    #[test]
    fn ids_grow_although_the_clock_is_behind() {
        let line = Line::default();
        line.pass(1 << 60);
        assert_eq!(line.begin().id, (1 << 60) + 1);
    }
}
