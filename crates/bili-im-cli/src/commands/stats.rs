//! `bili-im stats`

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    time::Duration,
};

use bili_im_archive::{Count, Stats as Counted, StatsOptions, TalkerStats, Waits};
use bili_im_proto::{Talker, UnixSeconds};
use serde::Serialize;

use crate::{
    archive_file::ArchiveFile,
    args::{Global, count},
    failure::Failure,
    output::Output,
    selection::Period,
    table::{Table, terminal_width},
    words::{duration, on_one_line, talker_cell},
};

/// How wide the longest bar is, as far as the terminal allows it beside the other columns.
const WIDEST: usize = 40;
const OTHERS: usize = 64;

/// Count the messages of the archive: who, how many, when
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im stats
  bili-im stats --from 2026-01-01 --top 5
  bili-im stats --json | jq '.talkers[] | {name, median: .waits.median}'

Waits are the times from a message to your answer: half of them, and nine of ten, were shorter.")]
pub(crate) struct Stats {
    #[command(flatten)]
    archive: ArchiveFile,
    #[command(flatten)]
    period: Period,
    /// With the service's own accounts
    #[arg(long)]
    system: bool,
    /// How many people to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = count)]
    top: usize,
}

impl Stats {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let archive = self.archive.open(global)?;
        let options = StatsOptions::default()
            .during(self.period.range())
            .with_service(self.system);
        out.print_long(&StatsOutput::new(archive.stats(&options)?, self.top))
    }
}

#[derive(Serialize)]
struct StatsOutput {
    #[serde(flatten)]
    count: CountJson,
    waits: WaitsJson,
    /// How many users and groups there are.
    talkers_in_all: usize,
    talkers: Vec<TalkerJson>,
    hours: Vec<CountJson>,
    months: BTreeMap<String, CountJson>,
}

#[derive(Clone, Copy, Serialize)]
struct CountJson {
    received: u64,
    written: u64,
}

/// In seconds.
#[derive(Clone, Copy, Serialize)]
struct WaitsJson {
    answers: u64,
    median: u64,
    percentile_90: u64,
}

#[derive(Serialize)]
struct TalkerJson {
    talker: Talker,
    name: String,
    #[serde(flatten)]
    count: CountJson,
    first: UnixSeconds,
    last: UnixSeconds,
    waits: WaitsJson,
}

impl StatsOutput {
    fn new(stats: Counted, top: usize) -> Self {
        let months = stats.months.into_iter();
        Self {
            count: stats.count.into(),
            waits: stats.waits.into(),
            talkers_in_all: stats.talkers.len(),
            talkers: stats
                .talkers
                .into_iter()
                .take(top)
                .map(TalkerJson::from)
                .collect(),
            hours: stats.hours.into_iter().map(CountJson::from).collect(),
            months: months.map(|(month, count)| (month, count.into())).collect(),
        }
    }
}

impl From<Count> for CountJson {
    fn from(count: Count) -> Self {
        let Count { received, written } = count;
        Self { received, written }
    }
}

impl From<Waits> for WaitsJson {
    fn from(waits: Waits) -> Self {
        Self {
            answers: waits.answers,
            median: waits.median,
            percentile_90: waits.percentile_90,
        }
    }
}

impl From<TalkerStats> for TalkerJson {
    fn from(stats: TalkerStats) -> Self {
        Self {
            talker: stats.talker,
            name: stats.name,
            count: stats.count.into(),
            first: stats.first,
            last: stats.last,
            waits: stats.waits.into(),
        }
    }
}

impl CountJson {
    fn all(self) -> u64 {
        self.received + self.written
    }

    /// The numbers, and a bar: solid for what was written, light for what was received.
    fn cells(self, greatest: u64) -> [String; 3] {
        let widest =
            terminal_width().map_or(WIDEST, |room| room.saturating_sub(OTHERS).clamp(8, WIDEST));
        let length = |count: u64| {
            let length = (count * widest as u64).div_ceil(greatest.max(1));
            usize::try_from(length).unwrap_or_default()
        };
        let written = "█".repeat(length(self.written));
        let received = "░".repeat(length(self.all()).saturating_sub(length(self.written)));
        [
            self.received.to_string(),
            self.written.to_string(),
            written + &received,
        ]
    }
}

impl WaitsJson {
    fn cells(self) -> [String; 2] {
        [self.median, self.percentile_90].map(|seconds| match self.answers {
            0 => String::new(),
            _ => duration(Duration::from_secs(seconds)),
        })
    }
}

impl Display for StatsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CountJson { received, written } = self.count;
        if received + written == 0 {
            return f.write_str(text!("no messages", "没有消息"));
        }
        write_text!(
            f,
            "{received} messages received, {written} written\n",
            "收到 {received} 条消息，发出 {written} 条\n"
        )?;
        write_text!(f, "bars: █ written, ░ received\n", "条形：█ 发出，░ 收到\n")?;
        if self.waits.answers > 0 {
            let [median, most] = self.waits.cells();
            let answers = self.waits.answers;
            write_text!(
                f,
                "{answers} answers: half within {median}, nine of ten within {most}\n",
                "回复 {answers} 次：一半在 {median} 内，九成在 {most} 内\n"
            )?;
        }
        writeln!(f, "\n{}", self.people())?;
        if let Some(more) = self
            .talkers_in_all
            .checked_sub(self.talkers.len())
            .filter(|&n| n > 0)
        {
            write_text!(f, "and {more} more (--top)\n", "还有 {more} 个（--top）\n")?;
        }
        let hours = (0..)
            .zip(&self.hours)
            .map(|(hour, count)| (format!("{hour:02}:00"), *count));
        writeln!(f, "\n{}", bars("HOUR", hours.collect()))?;
        let months = self
            .months
            .iter()
            .map(|(month, count)| (month.clone(), *count));
        write!(f, "\n{}", bars("MONTH", months.collect()))
    }
}

impl StatsOutput {
    fn people(&self) -> impl Display {
        let greatest = self.talkers.iter().map(|talker| talker.count.all()).max();
        let rows = self.talkers.iter().map(|talker| {
            let [received, written, bar] = talker.count.cells(greatest.unwrap_or_default());
            let [median, most] = talker.waits.cells();
            let name = on_one_line(&talker.name);
            [
                talker_cell(talker.talker),
                name,
                received,
                written,
                median,
                most,
                bar,
            ]
        });
        Table::new(
            [
                "UID",
                "NAME",
                "RECEIVED",
                "WRITTEN",
                "HALF WAIT",
                "MOST WAIT",
                "",
            ],
            rows,
        )
        .shorten(&["NAME"])
    }
}

fn bars(what: &'static str, counts: Vec<(String, CountJson)>) -> impl Display {
    let greatest = counts.iter().map(|(_, count)| count.all()).max();
    let rows = counts.into_iter().map(|(label, count)| {
        let [received, written, bar] = count.cells(greatest.unwrap_or_default());
        [label, received, written, bar]
    });
    Table::new([what, "RECEIVED", "WRITTEN", ""], rows)
}
