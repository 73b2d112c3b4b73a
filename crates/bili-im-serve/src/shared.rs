//! What the accounts of a process share.

use std::{
    collections::BTreeMap,
    sync::{Mutex, atomic::AtomicU64},
};

use bili_im_proto::Uid;
use tokio::sync::{Notify, Semaphore, watch};

use crate::{limits::Limits, line::Line, metrics::Metrics};

/// How many archives are searched at once.
const SEARCHES: usize = 2;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) line: Line,
    pub(crate) metrics: Metrics,
    /// Changes whenever there is something new to read.
    pub(crate) news: watch::Sender<u64>,
    /// How many accounts were added.
    pub(crate) serials: AtomicU64,
    /// The users who are served, with the numbers and names of their accounts.
    pub(crate) users: Mutex<BTreeMap<Uid, (u64, String)>>,
    /// Wakes whoever waits for a user that an account has let go.
    pub(crate) user_left: Notify,
    /// How many archives are searched at once.
    pub(crate) searches: Semaphore,
    /// Whether the process ends.
    pub(crate) ends: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            line: Line::default(),
            metrics: Metrics::default(),
            news: watch::Sender::new(0),
            serials: AtomicU64::new(0),
            users: Mutex::default(),
            user_left: Notify::new(),
            searches: Semaphore::new(SEARCHES),
            ends: watch::Sender::new(false),
        }
    }

    pub(crate) fn tell(&self) {
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}
