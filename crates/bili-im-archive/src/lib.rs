#![doc = include_str!("../README.md")]

mod archive;
mod completeness;
mod dead_letters;
mod error;
mod export;
mod folding;
mod import;
mod media;
mod messages;
mod outbox;
mod percent;
mod queue;
mod reading;
mod rows;
mod rules;
mod saving;
mod search;
mod sessions;
mod stats;
#[cfg(test)]
mod testing;
mod words;

pub use bili_im_proto as proto;

pub use crate::{
    archive::Archive,
    completeness::Completeness,
    dead_letters::DeadLetter,
    error::ArchiveError,
    export::{Export, ExportReport, Language, PageFiles, Pictures},
    import::{BrokenLine, Import, ImportReport},
    media::{MediaOutcome, media_request},
    outbox::StoredSend,
    queue::{Consumer, Dropped, Place, Queue, QueuedEvent},
    reading::{ArchivedMessage, ArchivedSession, MessageRange, Messages, Person},
    rules::{RuleRun, RuleWait},
    search::{Continuation, Found, Hit, Order, Search},
    stats::{Count, Stats, StatsOptions, TalkerStats, Waits},
};
