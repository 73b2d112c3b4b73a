//! The simulated disk of the program.

use bili_im_proto::{Cursor, Position, Snapshot};

/// Everything that outlives a crash, as the JSON text that a program would write.
#[derive(Debug, Default)]
pub(super) struct Stored {
    cursor: Option<String>,
    /// Positions appended since the cursor was written.
    positions: Vec<String>,
    snapshot: Option<String>,
}

impl Stored {
    pub(super) fn store_cursor(&mut self, cursor: &Cursor) -> serde_json::Result<()> {
        self.cursor = Some(serde_json::to_string(cursor)?);
        self.positions.clear();
        Ok(())
    }

    pub(super) fn append(&mut self, position: &Position) -> serde_json::Result<()> {
        self.positions.push(serde_json::to_string(position)?);
        Ok(())
    }

    /// The cursor, advanced by the appended positions.
    pub(super) fn cursor(&self) -> serde_json::Result<Option<Cursor>> {
        let Some(text) = &self.cursor else {
            return Ok(None);
        };
        let mut cursor: Cursor = serde_json::from_str(text)?;
        for position in &self.positions {
            cursor.advance(&serde_json::from_str(position)?);
        }
        Ok(Some(cursor))
    }

    /// Writes the advanced cursor and drops the appended positions.
    pub(super) fn compact(&mut self) -> serde_json::Result<()> {
        match self.cursor()? {
            Some(cursor) => self.store_cursor(&cursor),
            None => Ok(()),
        }
    }

    /// Stores that all sessions were compared at `now`: only polls can find new messages then.
    pub(super) fn mark_compared(&mut self, now: u64) -> serde_json::Result<()> {
        self.compact()?;
        if let Some(text) = &mut self.cursor {
            let mut cursor: serde_json::Value = serde_json::from_str(text)?;
            if let Some(compared) = cursor.get_mut("compared") {
                *compared = now.into();
            }
            *text = cursor.to_string();
        }
        Ok(())
    }

    pub(super) fn store_snapshot(&mut self, snapshot: &Snapshot) -> serde_json::Result<()> {
        self.snapshot = Some(serde_json::to_string(snapshot)?);
        Ok(())
    }

    pub(super) fn snapshot(&self) -> serde_json::Result<Option<Snapshot>> {
        (self.snapshot.as_deref())
            .map(serde_json::from_str)
            .transpose()
    }

    pub(super) fn snapshot_size(&self) -> usize {
        self.snapshot.as_ref().map_or(0, String::len)
    }
}
