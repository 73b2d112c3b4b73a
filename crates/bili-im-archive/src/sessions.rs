//! Sessions and people, as they are stored.

use std::collections::{BTreeMap, BTreeSet};

use bili_im_proto::{
    Seqno, Session, Stretch, SyncMark, SyncState, SyncedSession, Talker, Uid, UnixMicros, UserCard,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    error::ArchiveError,
    rows::{from_sql, talker_from_sql, talker_to_sql, to_sql},
};

/// How long a name is taken to be right, in seconds.
const NAMES_LAST: i64 = 30 * 24 * 60 * 60;

/// What the archive has, for a synchronisation.
pub(crate) fn state(connection: &Connection, now: i64) -> Result<SyncState, ArchiveError> {
    let marks = connection
        .query_row("SELECT listed, compared FROM owner", [], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    let mark = match marks {
        Some((Some(listed), Some(compared))) => Some(SyncMark {
            listed: UnixMicros(from_sql(listed)),
            compared: UnixMicros(from_sql(compared)),
        }),
        _ => None,
    };
    Ok(SyncState {
        mark,
        sessions: synced_sessions(connection)?,
        people: known_people(connection, now)?,
    })
}

fn synced_sessions(
    connection: &Connection,
) -> Result<BTreeMap<Talker, SyncedSession>, ArchiveError> {
    let mut sessions = BTreeMap::new();
    let mut select = connection
        .prepare("SELECT session_type, talker_id, max_seqno, session_ts, coverage FROM sessions")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let Some(talker) = talker_from_sql(row.get(0)?, row.get(1)?) else {
            continue;
        };
        let newest: Option<i64> = row.get(2)?;
        let changed: Option<i64> = row.get(3)?;
        let coverage: String = row.get(4)?;
        let session = SyncedSession {
            newest: newest.map(|newest| Seqno(from_sql(newest))),
            changed: changed.map(|changed| UnixMicros(from_sql(changed))),
            coverage: coverage.parse().map_err(|_| damaged_coverage(talker))?,
        };
        sessions.insert(talker, session);
    }
    Ok(sessions)
}

fn known_people(connection: &Connection, now: i64) -> Result<BTreeSet<Uid>, ArchiveError> {
    let mut select = connection.prepare("SELECT uid FROM people WHERE fetched > ?")?;
    let uids = select.query_map([now - NAMES_LAST], |row| row.get(0))?;
    let uids: Result<BTreeSet<Uid>, rusqlite::Error> =
        uids.map(|uid| uid.map(|uid| Uid(from_sql(uid)))).collect();
    Ok(uids?)
}

fn damaged_coverage(talker: Talker) -> ArchiveError {
    ArchiveError::Damaged(format!("the coverage of the session with {talker:?}"))
}

/// Stores a session as a list has it.
pub(crate) fn save(connection: &Connection, session: &Session) -> Result<(), ArchiveError> {
    let (session_type, talker_id) = talker_to_sql(session.talker);
    let (mut name, mut picture) = (&session.group_name, &session.group_cover);
    if let Some(info) = &session.account_info {
        (name, picture) = (&info.name, &info.pic_url);
    }
    connection
        .prepare_cached(
            "INSERT INTO sessions (session_type, talker_id, name, picture, system_account,
                is_follow, is_muted, is_intercepted, top_ts, session_ts, max_seqno, ack_seqno)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (session_type, talker_id) DO UPDATE SET
                name = ?3, picture = ?4, system_account = ?5, is_follow = ?6, is_muted = ?7,
                is_intercepted = ?8, top_ts = ?9, session_ts = ?10, max_seqno = ?11,
                ack_seqno = ?12",
        )?
        .execute(params![
            session_type,
            talker_id,
            name,
            picture,
            session.system_account.number(),
            session.is_follow,
            session.is_muted,
            session.is_intercepted,
            session.top_ts.map(|ts| to_sql(ts.0)),
            session.session_ts.map(|ts| to_sql(ts.0)),
            session.newest().map(|seqno| to_sql(seqno.0)),
            session.ack_seqno.map(|seqno| to_sql(seqno.0)),
        ])?;
    Ok(())
}

/// The row of a session, which is made if there is none.
pub(crate) fn id(connection: &Connection, talker: Talker) -> Result<i64, ArchiveError> {
    let numbers = talker_to_sql(talker);
    let known = connection
        .prepare_cached("SELECT id FROM sessions WHERE session_type = ? AND talker_id = ?")?
        .query_row(numbers, |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO sessions (session_type, talker_id) VALUES (?, ?)")?
        .execute(numbers)?;
    Ok(connection.last_insert_rowid())
}

/// Notes that a stretch of a session has been read.
pub(crate) fn cover(
    connection: &Connection,
    id: i64,
    talker: Talker,
    stretch: Stretch,
) -> Result<(), ArchiveError> {
    let coverage: String = connection
        .prepare_cached("SELECT coverage FROM sessions WHERE id = ?")?
        .query_row([id], |row| row.get(0))?;
    let mut coverage: bili_im_proto::Coverage =
        coverage.parse().map_err(|_| damaged_coverage(talker))?;
    coverage.add(stretch);
    connection
        .prepare_cached("UPDATE sessions SET coverage = ? WHERE id = ?")?
        .execute(params![coverage.to_string(), id])?;
    Ok(())
}

/// Stores names and avatars.
pub(crate) fn save_people(
    connection: &Connection,
    cards: &[UserCard],
    now: i64,
) -> Result<(), ArchiveError> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO people (uid, name, face, sign, level, fetched)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for card in cards {
        let UserCard {
            uid,
            name,
            face,
            sign,
            level,
            ..
        } = card;
        insert.execute(params![to_sql(uid.0), name, face, sign, level, now])?;
    }
    Ok(())
}

/// Notes up to where the lists of sessions have been read.
pub(crate) fn finish(connection: &Connection, mark: SyncMark) -> Result<(), ArchiveError> {
    connection.execute(
        "UPDATE owner SET listed = ?, compared = ?",
        (to_sql(mark.listed.0), to_sql(mark.compared.0)),
    )?;
    Ok(())
}
