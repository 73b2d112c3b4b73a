//! Searching an archive.

use bili_im_proto::UnixSeconds;
use rusqlite::{CachedStatement, OptionalExtension, Rows, params};

use crate::{
    archive::Archive,
    error::ArchiveError,
    messages::first_id,
    reading::{ArchivedMessage, SESSION_NAME},
    rows::{from_sql, talker_from_sql, to_sql},
    search::{Continuation, Found, Hit, Order, Search, query::Query},
    words,
};

/// How many messages a search looks through in vain before it stops.
const MOST_IN_VAIN: usize = 10_000;

/// The newest first.
const NEWEST: &str = "SELECT rowid FROM words
    WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC";

/// The best first. Of the newest only: ranking takes a look at each.
const BEST: &str = "SELECT rowid FROM (
        SELECT rowid, bm25(words, 0, 1) AS score FROM words
        WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT 10000
    ) ORDER BY score, rowid DESC LIMIT -1 OFFSET ?4";

impl Archive {
    /// Finds messages by words. Messages whose content was erased are not found.
    ///
    /// # Errors
    /// When there is nothing to search for, or too much; when the archive cannot be read.
    pub fn search(&self, search: &Search) -> Result<Found, ArchiveError> {
        let query = Query::read(&search.words)?;
        let mut found = Found::default();
        let Some(filters) = self.filters(search)? else {
            return Ok(found);
        };
        let expression = query.expression(&filters);
        let mut statement = self.connection.prepare_cached(match search.order {
            Order::Newest => NEWEST,
            Order::Relevance => BEST,
        })?;
        let mut candidates = Candidates::of(search, &expression, &mut statement)?;
        let mut in_vain = 0;
        loop {
            let here = candidates.at;
            let Some(id) = candidates.next()? else {
                return Ok(found);
            };
            let hit = self.hit(id, search, &query)?;
            if found.hits.len() >= search.limit && hit.is_some() || in_vain >= MOST_IN_VAIN {
                found.next = Some(Continuation(here));
                return Ok(found);
            }
            match hit {
                Some(hit) => found.hits.push(self.with_context(hit, search.context)?),
                None => in_vain += 1,
            }
        }
    }

    /// Lists of tags, of each of which a message must have one. `None` when no message can be found.
    fn filters(&self, search: &Search) -> Result<Option<Vec<Vec<String>>>, ArchiveError> {
        let mut filters = Vec::new();
        if !search.talkers.is_empty() {
            let mut sessions = Vec::new();
            for talker in &search.talkers {
                sessions.extend(self.session_id(*talker)?.map(words::session_tag));
            }
            filters.push(sessions);
        }
        if !search.types.is_empty() {
            filters.push(search.types.iter().copied().map(words::type_tag).collect());
        }
        if search.mine {
            let owner = self.owner()?;
            filters.push(owner.into_iter().map(words::sender_tag).collect());
        }
        let is_possible = filters.iter().all(|tags| !tags.is_empty());
        Ok(is_possible.then_some(filters))
    }
    /// The message, if it really has the words.
    fn hit(&self, id: i64, search: &Search, query: &Query) -> Result<Option<Hit>, ArchiveError> {
        let mut select = (self.connection)
            .prepare_cached("SELECT timestamp, text FROM messages WHERE id = ?")?;
        let mut rows = select.query([id])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let timestamp = UnixSeconds(from_sql(row.get(0)?));
        let text = row.get_ref(1)?.as_str().unwrap_or_default();
        if !search.during.contains(&timestamp) {
            return Ok(None);
        }
        let Some(places) = query.places(text) else {
            return Ok(None);
        };
        let text = text.to_owned();
        let hit = self
            .connection
            .prepare_cached(&format!(
                "SELECT msg_seqno, timestamp, json, session_type, talker_id, {SESSION_NAME}
                 FROM messages JOIN raw_messages ON message_id = messages.id
                 JOIN sessions ON sessions.id = session_id
                 LEFT JOIN people ON session_type = 1 AND uid = talker_id
                 WHERE messages.id = ?"
            ))?
            .query_row([id], |row| {
                let Some(talker) = talker_from_sql(row.get(3)?, row.get(4)?) else {
                    return Ok(None);
                };
                Ok(Some(Hit {
                    message: ArchivedMessage::of_row(talker, row)?,
                    session_name: row.get(5)?,
                    text,
                    places,
                    before: Vec::new(),
                    after: Vec::new(),
                }))
            });
        Ok(hit.optional()?.flatten())
    }

    /// Adds the messages around a hit, as many on each side.
    fn with_context(&self, mut hit: Hit, messages: usize) -> Result<Hit, ArchiveError> {
        if messages > 0 {
            hit.before = self.beside(&hit.message, "< ?2 ORDER BY msg_seqno DESC", messages)?;
            hit.before.reverse();
            hit.after = self.beside(&hit.message, "> ?2 ORDER BY msg_seqno", messages)?;
        }
        Ok(hit)
    }

    /// The messages that come before or after another.
    fn beside(
        &self,
        message: &ArchivedMessage,
        side: &str,
        messages: usize,
    ) -> Result<Vec<ArchivedMessage>, ArchiveError> {
        let session = self.session_id(message.talker)?;
        let most = i64::try_from(messages).unwrap_or(i64::MAX);
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT msg_seqno, timestamp, json FROM messages JOIN raw_messages ON message_id = id
             WHERE session_id = ?1 AND msg_seqno {side} LIMIT ?3"
        ))?;
        let rows = select.query_map(params![session, to_sql(message.seqno.0), most], |row| {
            ArchivedMessage::of_row(message.talker, row)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The ids of messages that may have the words.
struct Candidates<'a> {
    rows: Rows<'a>,
    order: Order,
    /// What has been read so far, as a continuation has it: the id of the last message, or in the
    /// order of relevance how many there were.
    at: i64,
}

impl<'a> Candidates<'a> {
    fn of(
        search: &Search,
        expression: &str,
        statement: &'a mut CachedStatement<'_>,
    ) -> Result<Self, ArchiveError> {
        let [start, mut end] = [search.during.start, search.during.end].map(first_id);
        let after = search.after.map(|Continuation(after)| after);
        let (rows, at) = match search.order {
            Order::Newest => {
                end = after.map_or(end, |after| after.min(end));
                (statement.query((expression, start, end))?, end)
            }
            Order::Relevance => {
                let skipped = after.unwrap_or_default();
                (statement.query((expression, start, end, skipped))?, skipped)
            }
        };
        let order = search.order;
        Ok(Self { rows, order, at })
    }

    fn next(&mut self) -> Result<Option<i64>, ArchiveError> {
        let Some(row) = self.rows.next()? else {
            return Ok(None);
        };
        let id = row.get(0)?;
        self.at = match self.order {
            Order::Newest => id,
            Order::Relevance => self.at.saturating_add(1),
        };
        Ok(Some(id))
    }
}
