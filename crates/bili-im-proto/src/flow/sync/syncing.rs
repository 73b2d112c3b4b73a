//! A synchronisation: first the lists of sessions, then what is new in each.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    flow::{
        prelude::*,
        sessions::{ALL, Pager},
        sync::{
            patience::{Patience, Tries, is_refusal},
            people::People,
            reading::ToRead,
        },
    },
    session::Session,
    sync::{SyncMark, SyncOptions, SyncReport, SyncState, SyncStep},
};

/// Lists may be late by this much: sessions that changed a little before the mark are read again.
const OVERLAP: Duration = Duration::from_secs(10 * 60);

/// How often to go through the lists to their end, in case one kept something back for longer.
const COMPARE_ALL: Duration = Duration::from_secs(24 * 60 * 60);

impl Account {
    /// Reads what a store does not have yet: at first everything, later what has changed
    /// (docs/protocol.md §7, §8). `state` says what the store has. Whoever drives this must store
    /// each step before it resumes the flow: see [`SyncStore`](crate::SyncStore).
    ///
    /// It can be stopped at any time: no page that is stored is read again. It waits out what may
    /// pass, such as a rate limit, and ends with the error when that takes long. A session that
    /// cannot be read does not keep it from the others.
    pub fn sync(&self, state: SyncState, options: SyncOptions) -> Flow<SyncStep, SyncReport> {
        Flow::of(self, async move |io| {
            let people = People::new(state.people);
            let sessions = (state.sessions.into_iter())
                .map(|(talker, known)| {
                    let to_read = ToRead {
                        talker,
                        newest: known.newest,
                        changed: known.changed,
                        coverage: known.coverage,
                    };
                    (talker, to_read)
                })
                .collect();
            let mut sync = Sync {
                io: &io,
                options,
                mark: state.mark,
                sessions,
                people,
            };
            sync.run().await
        })
    }
}

/// A synchronisation at work.
struct Sync<'a> {
    io: &'a Io<SyncStep>,
    options: SyncOptions,
    /// Up to where the lists had been read before.
    mark: Option<SyncMark>,
    /// All sessions that are known.
    sessions: BTreeMap<Talker, ToRead>,
    people: People,
}

impl Sync<'_> {
    async fn run(&mut self) -> Result<SyncReport, Error> {
        let owner = self.owner().await?;
        self.io.emit(SyncStep::Owner(owner)).await;
        self.people.meet(owner);
        if !self.options.with.is_empty() {
            let only = self.options.with.clone();
            // No list has said what is new.
            for talker in &only {
                if let Some(known) = self.sessions.get_mut(talker) {
                    (known.newest, known.changed) = (None, None);
                }
            }
            let (report, _) = self.read_sessions(only).await?;
            return Ok(report);
        }
        let mut mark = self.service_time();
        let is_full = self
            .mark
            .is_none_or(|known| self.options.full || mark.since(known.compared) >= COMPARE_ALL);
        let listed = self.list(is_full).await?;
        let (report, unread_since) = self.read_sessions(self.in_order(listed)).await?;
        // Sessions of which the store does not know what they lack are listed again next time.
        let compared = self
            .mark
            .filter(|_| !is_full)
            .map_or(mark, |known| known.compared);
        mark = mark.min(unread_since.unwrap_or(mark));
        let mark = SyncMark {
            listed: mark,
            compared,
        };
        self.io.emit(SyncStep::Finished(mark)).await;
        Ok(report)
    }

    async fn owner(&self) -> Result<Uid, Error> {
        let mut tries = Tries::new(self.io);
        loop {
            match self.io.profile().await {
                Ok(profile) => return Ok(profile.uid),
                Err(cause) => tries.wait_out(self.io, cause).await?,
            }
        }
    }

    fn service_time(&self) -> UnixMicros {
        self.io.account.service_time(self.io.now())
    }

    /// Goes through the lists, to their end or back to the mark. Gives the sessions that may have
    /// something new, those that changed last first.
    async fn list(&mut self, is_full: bool) -> Result<Vec<Talker>, Error> {
        let mut pager = Pager::new(ALL);
        if let Some(mark) = self.mark.filter(|_| !is_full) {
            let overlap = UnixMicros::default().saturating_add(OVERLAP);
            pager = pager.back_to(UnixMicros(mark.listed.0.saturating_sub(overlap.0)));
        }
        let mut listed = Vec::new();
        let mut tries = Tries::new(self.io);
        loop {
            match pager.next(self.io).await {
                Ok(Some(sessions)) => {
                    tries = Tries::new(self.io);
                    for session in &sessions {
                        self.note(session);
                        listed.push(session.talker);
                    }
                    if !sessions.is_empty() {
                        self.io.emit(SyncStep::Sessions(sessions)).await;
                    }
                    self.people.ask_when_many(self.io).await?;
                }
                Ok(None) => return Ok(listed),
                Err(cause) => tries.wait_out(self.io, cause).await?,
            }
        }
    }

    /// Notes what a list says of a session.
    fn note(&mut self, session: &Session) {
        if let Talker::User(uid) = session.talker {
            self.people.meet(uid);
        }
        let talker = session.talker;
        let known = self
            .sessions
            .entry(talker)
            .or_insert_with(|| ToRead::new(talker));
        known.newest = session.newest();
        known.changed = session.session_ts;
    }

    /// The sessions to read: those that were listed and have something new, then others of which
    /// something is missing.
    fn in_order(&self, listed: Vec<Talker>) -> Vec<Talker> {
        let since = self.options.since;
        let is_missing_some = |one: &ToRead| !one.is_before(since) && one.has_gap(since);
        // Without a newest message only its page can tell whether it has something new.
        let is_new =
            |one: &ToRead| is_missing_some(one) || (one.newest.is_none() && !one.is_before(since));
        let mut rest: BTreeMap<Talker, &ToRead> = self
            .sessions
            .iter()
            .map(|(talker, one)| (*talker, one))
            .collect();
        let mut wanted = Vec::new();
        for talker in listed {
            if rest.remove(&talker).is_some_and(is_new) {
                wanted.push(talker);
            }
        }
        rest.retain(|_, one| is_missing_some(one));
        wanted.extend(rest.into_keys());
        wanted
    }

    /// Reads these sessions. Also gives since when messages may be missing, if any may.
    async fn read_sessions(
        &mut self,
        talkers: Vec<Talker>,
    ) -> Result<(SyncReport, Option<UnixMicros>), Error> {
        let mut report = SyncReport::default();
        let mut missing_since: Option<UnixMicros> = None;
        let mut patience = Patience::default();
        let count = talkers.len();
        for (nth, talker) in talkers.into_iter().enumerate() {
            let mut session = self
                .sessions
                .remove(&talker)
                .unwrap_or_else(|| ToRead::new(talker));
            let people = &mut self.people;
            let read = session
                .read(self.io, self.options.since, count - nth, |uid| {
                    people.meet(uid)
                })
                .await;
            report.sessions += 1;
            match read {
                Ok(read) => {
                    patience.renew();
                    report.messages += read.messages;
                    report.unreadable += read.unreadable;
                }
                Err(cause) => {
                    patience.session_failed(&cause)?;
                    report.failed += 1;
                    // When its newest message is known, the store knows that something is missing.
                    if !is_refusal(&cause) && session.newest.is_none() {
                        let changed = session.changed.unwrap_or_default();
                        let since = missing_since.unwrap_or(changed);
                        missing_since = Some(since.min(changed));
                    }
                    self.io
                        .emit(SyncStep::SessionFailed { talker, cause })
                        .await;
                }
            }
            self.people.ask_when_many(self.io).await?;
        }
        self.people.ask(self.io).await?;
        Ok((report, missing_since))
    }
}
