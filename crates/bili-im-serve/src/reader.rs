//! Reads the events of all accounts, in the order of their ids.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bili_im_archive::{Dropped, Place};
use bili_im_json::ErrorJson;
use tokio::{select, sync::watch};

use crate::{account::Account, core::Core, item::Item, rights::Rights};

/// How many events of an account are read at once.
const AT_ONCE: usize = 32;

/// Where a reader begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With what is new from now on.
    Now,
    /// Behind the event of this id.
    After(u64),
    /// Where this consumer is. A new one begins now.
    Consumer(String),
}

/// Reads what is told, one after another. It holds few events at a time, however slow its owner is.
#[derive(Debug)]
pub struct Reader {
    core: Core,
    rights: Rights,
    start: Start,
    places: BTreeMap<String, Place>,
    ready: VecDeque<Item>,
    /// The id of the last item.
    told: u64,
    news: watch::Receiver<u64>,
    ends: watch::Receiver<bool>,
}

impl Core {
    /// What is told from now on, or from where a consumer is.
    pub fn read(&self, rights: Rights, start: Start) -> Reader {
        let consumer = match &start {
            Start::Consumer(name) => Some(&**name),
            Start::Now | Start::After(_) => None,
        };
        self.begin_reading(consumer, &rights);
        let mut news = self.shared().news.subscribe();
        news.mark_changed();
        let visible = self.shared().line.visible();
        let (start, told) = match start {
            // No event has a higher id yet.
            Start::After(id) => (Start::After(id.min(visible)), id.min(visible)),
            Start::Now => (Start::Now, visible),
            Start::Consumer(name) => (Start::Consumer(name), 0),
        };
        Reader {
            core: self.clone(),
            rights,
            start,
            places: BTreeMap::new(),
            ready: VecDeque::new(),
            told,
            news,
            ends: self.ends(),
        }
    }
}

impl Reader {
    /// Fixes where the reader begins, and stores a new consumer.
    ///
    /// # Errors
    /// When the queues cannot be used.
    pub async fn begin(&mut self) -> Result<(), ErrorJson> {
        self.accounts().await.map(drop)
    }

    /// The next item; `None` when the process ends. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// When the queues cannot be read.
    pub async fn next(&mut self) -> Result<Option<Item>, ErrorJson> {
        loop {
            if *self.ends.borrow() {
                return Ok(None);
            }
            if let Some(item) = self.ready.pop_front() {
                self.told = item.id();
                return Ok(Some(item));
            }
            self.news.mark_unchanged();
            let has_read = self.read().await?;
            if !has_read {
                select! {
                    _ = self.ends.wait_for(|ends| *ends) => return Ok(None),
                    changed = self.news.changed() => if changed.is_err() { return Ok(None) },
                }
            }
        }
    }

    /// Reads as many events as are certainly the next ones. Returns whether there were some, also
    /// if none of them is for this reader.
    async fn read(&mut self) -> Result<bool, ErrorJson> {
        // Before the queues: what is stored later has a higher id.
        let mut upto = self.core.shared().line.visible();
        let mut found = Vec::new();
        for account in self.accounts().await? {
            let place = self.place(&account);
            if place.number == Some(account.newest()) {
                continue;
            }
            let (dropped, events) = account
                .queue(move |queue| {
                    let dropped = queue.dropped(place)?;
                    let after = dropped.map_or(place.id, |dropped| dropped.to.id);
                    Ok((dropped, queue.read(after, upto, AT_ONCE)?))
                })
                .await?;
            if let (AT_ONCE, Some(last)) = (events.len(), events.last()) {
                upto = upto.min(last.place.id);
            }
            found.push((account, dropped, events));
        }
        let mut ready = BTreeMap::new();
        let mut drops = Vec::new();
        let mut has_read = false;
        for (account, dropped, events) in found {
            let name = account.name();
            if let Some(dropped) = dropped {
                has_read = true;
                self.places.insert(name.to_owned(), dropped.to);
                drops.push((name.to_owned(), dropped));
            }
            for event in events {
                if event.place.id > upto {
                    break;
                }
                has_read = true;
                self.places.insert(name.to_owned(), event.place);
                if self.rights.talker(event.talker) {
                    let account = name.to_owned();
                    ready.insert(event.place.id, Item::Event { account, event });
                }
            }
        }
        self.tell_drops(drops, upto, ready.keys().next().copied());
        self.ready.extend(ready.into_values());
        Ok(has_read)
    }

    /// Tells what was dropped, before the events of this round, the first of which is `next`. Who
    /// has handled only some of it has handled nothing new: the rest may have lower ids.
    fn tell_drops(&mut self, drops: Vec<(String, Dropped)>, upto: u64, next: Option<u64>) {
        let last = drops.iter().map(|(_, dropped)| dropped.to.id).max();
        let handled = last.map(|last| last.min(next.map_or(upto, |next| next - 1)));
        let count = drops.len();
        for (nth, (account, dropped)) in drops.into_iter().enumerate() {
            let id = match handled {
                Some(handled) if nth + 1 == count => handled.max(self.told),
                _ => self.told,
            };
            let item = Item::Dropped {
                account,
                dropped,
                id,
            };
            self.ready.push_back(item);
        }
    }

    fn place(&self, account: &Account) -> Place {
        self.places.get(account.name()).copied().unwrap_or_default()
    }

    /// The accounts of this reader. Those that it did not know get their place.
    async fn accounts(&mut self) -> Result<Vec<Arc<Account>>, ErrorJson> {
        let accounts = self.core.accounts_of(&self.rights);
        for account in &accounts {
            if self.places.contains_key(account.name()) {
                continue;
            }
            let start = self.start.clone();
            let place = account.queue(move |queue| match start {
                Start::Now => queue.newest(),
                Start::After(id) => queue.place(id),
                Start::Consumer(name) => queue.consumer(&name),
            });
            let place = place.await?;
            self.places.insert(account.name().to_owned(), place);
        }
        Ok(accounts)
    }
}
