//! Who writes how much, and when.

use std::{collections::BTreeMap, ops::Range};

use bili_im_proto::{MsgSource, MsgType, Talker, UnixSeconds};

use crate::{
    archive::Archive,
    error::ArchiveError,
    export::{Clock, month},
    rows::{from_sql, to_sql},
};

/// How many messages were received and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Messages of others.
    pub received: u64,
    /// The account's own messages.
    pub written: u64,
}

/// How long others waited for the account's answers, in seconds: from the first message that was not
/// answered yet to the answer. Automatic replies are no answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Waits {
    /// How many answers there were.
    pub answers: u64,
    /// Half of them came within this time.
    pub median: u64,
    /// Nine of ten came within this time.
    pub percentile_90: u64,
}

/// The messages with one user or in one group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TalkerStats {
    /// The user or group.
    pub talker: Talker,
    /// The name; empty when it is not known.
    pub name: String,
    /// How many messages.
    pub count: Count,
    /// When the first of them was written; 0 when that is not known.
    pub first: UnixSeconds,
    /// When the last of them was written.
    pub last: UnixSeconds,
    /// How long they waited for answers.
    pub waits: Waits,
}

/// Who wrote how much, and when. Times are in the machine's own time zone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// All messages.
    pub count: Count,
    /// How long others waited for answers.
    pub waits: Waits,
    /// By user and group, those with most messages first.
    pub talkers: Vec<TalkerStats>,
    /// By hour of the day.
    pub hours: [Count; 24],
    /// By month, such as `2026-05`.
    pub months: BTreeMap<String, Count>,
}

/// Which messages to count. Tips, recalls and group events do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsOptions {
    during: Range<UnixSeconds>,
    with_service: bool,
}

impl Default for StatsOptions {
    /// All but those of the service's own accounts.
    fn default() -> Self {
        Self {
            during: UnixSeconds(0)..UnixSeconds(u64::MAX),
            with_service: false,
        }
    }
}

impl StatsOptions {
    /// Only what was written in this time.
    #[must_use]
    pub fn during(self, during: Range<UnixSeconds>) -> Self {
        Self { during, ..self }
    }

    /// Whether the messages of the service's own accounts count.
    #[must_use]
    pub fn with_service(self, with_service: bool) -> Self {
        Self {
            with_service,
            ..self
        }
    }
}

impl Archive {
    /// Counts messages.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub fn stats(&self, options: &StatsOptions) -> Result<Stats, ArchiveError> {
        self.stats_by(options, Clock::local())
    }

    fn stats_by(&self, options: &StatsOptions, clock: Clock) -> Result<Stats, ArchiveError> {
        let mut counting = Counting::new(clock);
        let owner = self.owner()?.map(|owner| to_sql(owner.0));
        // In the order of time. All that is read lies in the row itself.
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT session_id, sender_uid = ?1, timestamp, msg_source IN ({automatic})
             FROM messages
             WHERE timestamp >= ?2 AND timestamp < ?3 AND sender_uid <> 0
               AND msg_type NOT IN ({uncounted}) AND msg_type NOT BETWEEN 301 AND 306
               AND session_id IN (SELECT id FROM sessions WHERE ?4 OR system_account = 0)
             ORDER BY messages.id",
            automatic = numbers(AUTOMATIC.map(MsgSource::number)),
            uncounted = numbers(UNCOUNTED.map(MsgType::number)),
        ))?;
        let limit = |time: UnixSeconds| i64::try_from(time.0).unwrap_or(i64::MAX);
        let (start, end) = (limit(options.during.start), limit(options.during.end));
        let mut rows = select.query((owner, start, end, options.with_service))?;
        while let Some(row) = rows.next()? {
            counting.count(&Counted {
                session: row.get(0)?,
                is_own: row.get::<_, Option<bool>>(1)?.unwrap_or_default(),
                timestamp: row.get(2)?,
                is_automatic: row.get(3)?,
            });
        }
        counting.finish(self)
    }
}

const AUTOMATIC: [MsgSource; 4] = [
    MsgSource::AutoFollowed,
    MsgSource::AutoReceived,
    MsgSource::AutoKeyword,
    MsgSource::AutoVoyage,
];

const UNCOUNTED: [MsgType; 4] = [
    MsgType::Recall,
    MsgType::SystemCancel,
    MsgType::SystemTip,
    MsgType::Modification,
];

fn numbers<const N: usize>(numbers: [i64; N]) -> String {
    numbers.map(|number| number.to_string()).join(",")
}

/// A message that counts.
struct Counted {
    session: i64,
    is_own: bool,
    timestamp: i64,
    is_automatic: bool,
}

/// What has been counted of one session.
#[derive(Default)]
struct SessionCount {
    count: Count,
    first: i64,
    last: i64,
    /// When the first message came that is not answered yet.
    waiting: Option<i64>,
    /// How long the answers took, in seconds.
    waits: Vec<u32>,
}

struct Counting {
    clock: Clock,
    sessions: BTreeMap<i64, SessionCount>,
    stats: Stats,
    /// The quarter of an hour of the last message, and its hour and month. Time zones differ by
    /// such quarters.
    quarter: Option<(i64, usize, String)>,
}

const QUARTER: i64 = 15 * 60;

impl Counting {
    fn new(clock: Clock) -> Self {
        Self {
            clock,
            sessions: BTreeMap::new(),
            stats: Stats::default(),
            quarter: None,
        }
    }

    fn count(&mut self, message: &Counted) {
        let add = |count: &mut Count| match message.is_own {
            true => count.written += 1,
            false => count.received += 1,
        };
        add(&mut self.stats.count);
        let session = self.sessions.entry(message.session).or_default();
        add(&mut session.count);
        session.note(message);
        self.enter_quarter(message.timestamp);
        if let Some((_, hour, month)) = &self.quarter {
            self.stats.hours.get_mut(*hour).into_iter().for_each(add);
            match self.stats.months.get_mut(month) {
                Some(count) => add(count),
                None => add(self.stats.months.entry(month.clone()).or_default()),
            }
        }
    }

    fn enter_quarter(&mut self, timestamp: i64) {
        let quarter = timestamp / QUARTER;
        if (self.quarter.as_ref()).is_none_or(|(entered, ..)| *entered != quarter) {
            let time = self.clock.at(UnixSeconds(from_sql(timestamp)));
            self.quarter = time.and_then(|time| {
                let hour = usize::try_from(time.hour()).ok()?;
                Some((quarter, hour, month(&time)))
            });
        }
    }

    fn finish(mut self, archive: &Archive) -> Result<Stats, ArchiveError> {
        let mut all = Vec::new();
        let mut select = archive
            .connection
            .prepare_cached("SELECT id, session_type, talker_id FROM sessions")?;
        let mut rows = select.query([])?;
        let mut ids = BTreeMap::new();
        while let Some(row) = rows.next()? {
            ids.insert(
                (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?),
                row.get::<_, i64>(0)?,
            );
        }
        for session in archive.sessions()? {
            let id = ids.get(&crate::rows::talker_to_sql(session.talker));
            let Some(mut counted) = id.and_then(|id| self.sessions.remove(id)) else {
                continue;
            };
            all.extend_from_slice(&counted.waits);
            self.stats.talkers.push(TalkerStats {
                talker: session.talker,
                name: session.name,
                count: counted.count,
                first: UnixSeconds(from_sql(counted.first)),
                last: UnixSeconds(from_sql(counted.last)),
                waits: waits(&mut counted.waits),
            });
        }
        self.stats.waits = waits(&mut all);
        (self.stats.talkers)
            .sort_by_key(|talker| std::cmp::Reverse(talker.count.received + talker.count.written));
        Ok(self.stats)
    }
}

impl SessionCount {
    fn note(&mut self, message: &Counted) {
        if self.first == 0 {
            self.first = message.timestamp;
        }
        self.last = message.timestamp;
        if message.is_automatic {
            return;
        }
        if !message.is_own {
            self.waiting.get_or_insert(message.timestamp);
        } else if let Some(since) = self.waiting.take() {
            self.waits
                .push(u32::try_from(message.timestamp - since).unwrap_or(u32::MAX));
        }
    }
}

fn waits(seconds: &mut [u32]) -> Waits {
    seconds.sort_unstable();
    let within = |percent: usize| {
        // The nearest rank.
        let rank = (seconds.len() * percent).div_ceil(100).saturating_sub(1);
        seconds.get(rank).copied().unwrap_or_default().into()
    };
    Waits {
        answers: seconds.len() as u64,
        median: within(50),
        percentile_90: within(90),
    }
}

#[cfg(test)]
mod tests {
    use bili_im_proto::Uid;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{FRIEND, GROUP, NOON, OWN, SERVICE, Shelf, message, text};

    /// A text of so many minutes after two in the afternoon, in the time zone of Beijing.
    fn at(minutes: u64, seqno: u64, sender: Uid, source: i64) -> Value {
        let mut text = text(seqno, sender, "x");
        text["timestamp"] = json!(NOON + minutes * 60);
        text["msg_source"] = json!(source);
        text
    }

    /// An archive with two answers to a friend, and messages that count for nothing or elsewhere.
    fn answered_shelf() -> Shelf {
        let shelf = Shelf::with_people();
        let friend = Uid(10002);
        for (seqno, (minutes, sender, source)) in (1..).zip([
            (0, OWN, 7),
            (10, friend, 7),
            (20, friend, 2),
            // Automatic: no answer.
            (21, OWN, 9),
            (40, OWN, 7),
            (41, OWN, 7),
            (60, friend, 7),
            (160, OWN, 7),
        ]) {
            shelf.receive(FRIEND, &at(minutes, seqno, sender, source));
        }
        shelf.receive(FRIEND, &message(9, friend, 5, 1));
        shelf.receive(
            FRIEND,
            &message(10, friend, 18, json!({"content": "[{\"text\":\"t\"}]"})),
        );
        shelf.receive(GROUP, &at(60 * 24 * 31, 1, Uid(10009), 7));
        shelf.receive(SERVICE, &at(0, 1, Uid(SERVICE.id()), 6));
        shelf
    }

    #[test]
    fn messages_are_counted_and_waits_measured() {
        let shelf = answered_shelf();
        let count = |received, written| Count { received, written };
        let clock = Clock::fixed(8);
        let stats = (shelf.archive)
            .stats_by(&StatsOptions::default(), clock.clone())
            .unwrap();
        assert_eq!(stats.count, count(4, 5));
        let talkers = stats
            .talkers
            .iter()
            .map(|talker| (talker.talker, talker.count));
        assert!(talkers.eq([(FRIEND, count(3, 5)), (GROUP, count(1, 0))]));
        let waits = Waits {
            answers: 2,
            median: 30 * 60,
            percentile_90: 100 * 60,
        };
        assert_eq!((stats.waits, stats.talkers[0].waits), (waits, waits));
        assert_eq!(
            (stats.hours[14], stats.hours[16]),
            (count(3, 4), count(0, 1))
        );
        let months: Vec<&str> = stats.months.keys().map(String::as_str).collect();
        assert_eq!(months, ["2026-05", "2026-06"]);
        let with_service = StatsOptions::default().with_service(true);
        assert_eq!(
            shelf
                .archive
                .stats_by(&with_service, clock.clone())
                .unwrap()
                .count,
            count(5, 5)
        );
        let early = StatsOptions::default().during(UnixSeconds(0)..UnixSeconds(NOON + 1));
        assert_eq!(
            shelf.archive.stats_by(&early, clock).unwrap().count,
            count(0, 1)
        );
    }

    #[test]
    fn nine_of_ten_waits_are_within_the_ninetieth_percentile() {
        let mut seconds: Vec<u32> = (1..=10).rev().collect();
        let expected = Waits {
            answers: 10,
            median: 5,
            percentile_90: 9,
        };
        assert_eq!(waits(&mut seconds), expected);
        assert_eq!(waits(&mut []), Waits::default());
    }
}
