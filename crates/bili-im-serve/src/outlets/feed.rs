//! What an outlet reads, and how far it is.

use std::time::Duration;

use bili_im_json::ErrorJson;
use tokio::time::{Instant, timeout_at};

use crate::{
    core::Core,
    item::Item,
    reader::{Reader, Start},
    rights::Rights,
};

/// How long a position that passes over events may stay unstored.
const SOON: Duration = Duration::from_secs(1);

/// Items for an outlet, behind those that it has handled. The name of its rights is its consumer's.
#[derive(Debug)]
pub(crate) struct Feed {
    core: Core,
    rights: Rights,
    reader: Reader,
    /// The last item that is not told, when that is not stored yet, and when it has to be.
    skipped: Option<(u64, Instant)>,
}

impl Feed {
    pub(crate) fn new(core: &Core, rights: &Rights) -> Self {
        let start = Start::Consumer(rights.name.clone());
        Self {
            reader: core.read(rights.clone(), start),
            core: core.clone(),
            rights: rights.clone(),
            skipped: None,
        }
    }

    /// The next item; `None` when the process ends. A call that is dropped loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Item>, ErrorJson> {
        let Some((id, soon)) = self.skipped else {
            return self.reader.next().await;
        };
        if Instant::now() < soon
            && let Ok(item) = timeout_at(soon, self.reader.next()).await
        {
            return item;
        }
        self.handled(id).await?;
        self.reader.next().await
    }

    /// An item is not told.
    pub(crate) fn skip(&mut self, id: u64) {
        let soon = self.skipped.map(|(_, soon)| soon);
        self.skipped = Some((id, soon.unwrap_or_else(|| Instant::now() + SOON)));
    }

    /// All up to an item is handled.
    pub(crate) async fn handled(&mut self, id: u64) -> Result<(), ErrorJson> {
        let consumer = &self.rights.name;
        self.core.handled(&self.rights, consumer, id).await?;
        self.skipped = None;
        Ok(())
    }
}
