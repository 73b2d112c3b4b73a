//! Searching an archive, with its index and without.

use bili_im_archive::{Archive, Search};
use rusqlite::Connection;

use crate::{Result, archive::texts::Texts};

/// Something to search for.
pub(super) struct Query {
    /// What it is.
    pub(super) name: &'static str,
    /// The words.
    words: String,
}

/// What is searched for.
pub(super) fn queries(texts: &Texts) -> Vec<Query> {
    let of_two = |from: usize| {
        let mut words = (from..).map(|nth| texts.word(nth));
        words
            .find(|word| word.chars().count() == 2)
            .unwrap_or_default()
    };
    let query = |name, words: String| Query { name, words };
    vec![
        query("a rare word", of_two(25_000).to_owned()),
        query("a common word", of_two(0).to_owned()),
        query("a character", "的".to_owned()),
        query("two words", format!("{} {}", of_two(100), of_two(300))),
        query("the beginning of a Latin word", "s".to_owned()),
    ]
}

impl Query {
    /// The first page, by the archive. Returns how many messages it has.
    pub(super) fn search(&self, archive: &Archive) -> Result<usize> {
        Ok(archive.search(&Search::new(&*self.words))?.hits.len())
    }

    /// The same by hand, with a pattern for each word.
    pub(super) fn scan(&self, connection: &Connection) -> Result<usize> {
        let patterns: Vec<String> = (self.words.split(' '))
            .map(|word| format!("%{word}%"))
            .collect();
        let conditions = vec!["text LIKE ?"; patterns.len()].join(" AND ");
        let mut select = connection.prepare_cached(&format!(
            "SELECT id, text, json FROM messages JOIN raw_messages ON message_id = id
             WHERE {conditions} ORDER BY id DESC LIMIT 20"
        ))?;
        let rows = select.query_map(rusqlite::params_from_iter(patterns), |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.len())
    }
}
