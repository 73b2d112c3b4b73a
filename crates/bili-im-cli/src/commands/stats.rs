//! `bili-im stats`

use std::{
    fmt::{self, Display},
    time::Duration,
};

use bili_im_archive::StatsOptions;
use bili_im_json::{CountJson, StatsJson, WaitsJson};
use serde::Serialize;

use crate::{
    archive_file::ArchiveFile,
    args::{Global, limit},
    completeness,
    failure::Failure,
    output::Output,
    selection::Period,
    table::{Table, terminal_width},
    words::{self, duration, on_one_line, talker_cell},
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
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = limit)]
    top: u64,
}

impl Stats {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let archive = self.archive.open(global)?;
        let options = StatsOptions::default()
            .during(self.period.range()?)
            .with_service(self.system);
        let top = usize::try_from(self.top).unwrap_or(usize::MAX);
        let stats = StatsJson::new(archive.stats(&options)?, top);
        out.print_long(&StatsOutput(stats))?;
        completeness::warn(&archive, &[], self.period.from(), global, out)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct StatsOutput(StatsJson);

fn all(count: CountJson) -> u64 {
    count.received + count.written
}

/// The numbers, and a bar: solid for what was written, light for what was received.
fn cells(count: CountJson, greatest: u64) -> [String; 3] {
    let widest =
        terminal_width().map_or(WIDEST, |room| room.saturating_sub(OTHERS).clamp(8, WIDEST));
    let length = |count: u64| {
        let length = (count * widest as u64).div_ceil(greatest.max(1));
        usize::try_from(length).unwrap_or_default()
    };
    let written = "█".repeat(length(count.written));
    let received = "░".repeat(length(all(count)).saturating_sub(length(count.written)));
    [
        count.received.to_string(),
        count.written.to_string(),
        written + &received,
    ]
}

fn wait_cells(waits: WaitsJson) -> [String; 2] {
    [waits.median, waits.percentile_90].map(|seconds| {
        let wait = seconds.map(Duration::from_secs);
        wait.map(duration).unwrap_or_default()
    })
}

impl Display for StatsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = &self.0;
        let CountJson { received, written } = stats.count;
        if received + written == 0 {
            return f.write_str(text!("no messages", "没有消息"));
        }
        let received = words::messages(received);
        write_text!(
            f,
            "{received} received, {written} written\n",
            "收到 {received}，发出 {written} 条\n"
        )?;
        write_text!(f, "bars: █ written, ░ received\n", "条形：█ 发出，░ 收到\n")?;
        if stats.waits.answers > 0 {
            let [median, most] = wait_cells(stats.waits);
            let answers = match stats.waits.answers {
                1 => text!("1 answer", "1 次").to_owned(),
                answers => format_text!("{answers} answers", "{answers} 次"),
            };
            write_text!(
                f,
                "{answers}: half within {median}, nine of ten within {most}\n",
                "回复 {answers}：等待的中位数是 {median}，九成不超过 {most}\n"
            )?;
        }
        writeln!(f, "\n{}", self.people())?;
        if let Some(more) = stats
            .talkers_in_all
            .checked_sub(stats.talkers.len())
            .filter(|&n| n > 0)
        {
            write_text!(f, "and {more} more (--top)\n", "还有 {more} 个（--top）\n")?;
        }
        let hours = (0..)
            .zip(&stats.hours)
            .map(|(hour, count)| (format!("{hour:02}:00"), *count));
        writeln!(f, "\n{}", bars("HOUR", hours.collect()))?;
        let months = stats
            .months
            .iter()
            .map(|(month, count)| (month.clone(), *count));
        write!(f, "\n{}", bars("MONTH", months.collect()))
    }
}

impl StatsOutput {
    fn people(&self) -> impl Display {
        let greatest = self.0.talkers.iter().map(|talker| all(talker.count)).max();
        let rows = self.0.talkers.iter().map(|talker| {
            let [received, written, bar] = cells(talker.count, greatest.unwrap_or_default());
            let [median, most] = wait_cells(talker.waits);
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
                "MEDIAN WAIT",
                "90% WITHIN",
                "",
            ],
            rows,
        )
        .shorten(&["NAME"])
        .leave_out(&["", "90% WITHIN", "MEDIAN WAIT"])
    }
}

fn bars(what: &'static str, counts: Vec<(String, CountJson)>) -> impl Display {
    let greatest = counts.iter().map(|&(_, count)| all(count)).max();
    let rows = counts.into_iter().map(|(label, count)| {
        let [received, written, bar] = cells(count, greatest.unwrap_or_default());
        [label, received, written, bar]
    });
    Table::new([what, "RECEIVED", "WRITTEN", ""], rows).leave_out(&[""])
}
