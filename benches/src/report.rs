//! The tables that are printed and written to docs/benchmarks.md.

use std::{fs, process::Command, thread, time::Instant};

use crate::{
    crates,
    measure::{Comparison, Delays, Spread},
};

/// A number with a bound.
#[derive(Debug)]
struct Row {
    what: String,
    unit: Unit,
    bound: f64,
    measured: f64,
    spread: Option<Spread>,
    detail: String,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// A ratio.
    Ratio,
    /// A count.
    Count,
    /// Bytes, printed in MiB.
    Bytes,
    /// A time.
    Seconds,
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Self::Ratio => format!("{number:.3}×"),
            Self::Count => format!("{number}"),
            Self::Bytes => format!("{:.2} MiB", number / f64::from(1 << 20)),
            Self::Seconds => time(number),
        }
    }

    fn show_bound(self, number: f64) -> String {
        match self {
            Self::Ratio => format!("{number}×"),
            Self::Count => format!("{number}"),
            Self::Bytes => format!("{} MiB", number / f64::from(1 << 20)),
            Self::Seconds => format!("{number} s"),
        }
    }
}

impl Row {
    fn cells(&self) -> [String; 6] {
        let spread = self.spread.map_or_else(
            || "-".to_owned(),
            |spread| match self.unit {
                Unit::Seconds => format!("{} to {}", time(spread.low), time(spread.high)),
                _ => format!("{:.3} to {:.3}", spread.low, spread.high),
            },
        );
        let verdict = if self.measured <= self.bound {
            "ok"
        } else {
            "**MISS**"
        };
        [
            self.what.clone(),
            self.unit.show_bound(self.bound),
            self.unit.show(self.measured),
            spread,
            self.detail.clone(),
            verdict.to_owned(),
        ]
    }
}

/// Formats a time in seconds, in a fitting unit.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// Formats times: their median and quartiles.
pub fn times(spread: Spread) -> String {
    let [median, low, high] = [spread.median, spread.low, spread.high].map(time);
    format!("{median} ({low} to {high})")
}

/// Formats delays: their median and the 90th percentile.
pub fn delays(delays: Delays) -> String {
    let [median, late] = [delays.spread.median, delays.late].map(time);
    format!("{median}; nine in ten at most {late}")
}

/// All measurements of a run.
#[derive(Debug)]
pub struct Report {
    rows: Vec<Row>,
    /// Numbers without bounds, each after its description.
    others: Vec<[String; 2]>,
    start: Instant,
    commit: String,
    /// The machine's load at the start.
    load: String,
}

/// How the section about `bili-im serve` begins.
const SERVING: &str = "## A process that serves\n";

impl Report {
    /// Starts a report. The run starts now.
    pub fn start() -> Self {
        let load = read("/proc/loadavg");
        Self {
            rows: Vec::new(),
            others: Vec::new(),
            start: Instant::now(),
            commit: output("git", &["describe", "--always", "--dirty", "--abbrev=10"]),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        }
    }

    /// Adds a ratio, which should be at most `bound`.
    pub fn ratio(&mut self, what: impl Into<String>, bound: f64, comparison: Comparison) {
        let Comparison {
            ratio,
            ours,
            theirs,
        } = comparison;
        self.rows.push(Row {
            what: what.into(),
            unit: Unit::Ratio,
            bound,
            measured: ratio.median,
            spread: Some(ratio),
            detail: format!("{} to {}", time(ours.median), time(theirs.median)),
        });
    }

    /// Adds delays, of which nine in ten should be at most `bound`.
    pub fn delays(&mut self, what: &str, bound: f64, delays: Delays) {
        self.rows.push(Row {
            what: what.to_owned(),
            unit: Unit::Seconds,
            bound,
            measured: delays.late,
            spread: Some(delays.spread),
            detail: format!("median: {}", time(delays.spread.median)),
        });
    }

    /// Adds a single number, which should be at most `bound`.
    pub fn single(
        &mut self,
        what: &str,
        unit: Unit,
        bound: f64,
        measured: f64,
        detail: impl Into<String>,
    ) {
        self.rows.push(Row {
            what: what.to_owned(),
            unit,
            bound,
            measured,
            spread: None,
            detail: detail.into(),
        });
    }

    /// Adds a number without a bound.
    pub fn other(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.others.push([what.into(), measured.into()]);
    }

    /// The report as a Markdown page, with this section about `bili-im serve`.
    pub fn page(&self, serving: &str) -> String {
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let head = ["what", "at most", "measured", "quartiles", "detail", ""];
        include_str!("page.md")
            .replace("{machine}", &self.machine())
            .replace("{numbers}", table(head, &rows).trim_end())
            .replace("{others}", self.other_numbers().trim_end())
            .replace("{serving}", serving)
    }

    /// The numbers without bounds, as the section about `bili-im serve`.
    pub fn serving_section(&self) -> String {
        format!("{SERVING}\n{}\n\n{}", self.machine(), self.other_numbers())
    }

    fn other_numbers(&self) -> String {
        table(["what", "measured"], &self.others)
    }

    fn machine(&self) -> String {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let curl = output("curl", &["--version"]);
        format!(
            "Measured on {} at commit {}, in {:.0} s.\n\
             Machine: {}, {cores} cores, Linux {}, {}, {}. Load when it began: {}.",
            jiff::Zoned::now().date(),
            self.commit,
            self.start.elapsed().as_secs_f64(),
            processor(),
            read("/proc/sys/kernel/osrelease"),
            output("rustc", &["--version"]),
            curl.split(" (").next().unwrap_or_default(),
            self.load,
        )
    }
}

/// A Markdown table. Its columns are aligned, unless cells have wide characters.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    // A rule has at least three hyphens.
    let mut widths = [3; N];
    for cells in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[String; N]| {
        let cells = cells.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&head) + &line(&widths.map(|width| "-".repeat(width)));
    text.extend(rows.iter().map(line));
    text
}

/// Replaces the section about `bili-im serve` of a page; `None` when it has none.
pub fn with_serving(page: &str, section: &str) -> Option<String> {
    let (before, rest) = page.split_once(SERVING)?;
    let (_, after) = rest.split_once("\n## ")?;
    Some(format!("{before}{section}\n## {after}"))
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let mut lines = text.lines();
    let name = lines.find_map(|line| line.strip_prefix("model name\t: "));
    name.unwrap_or("an unknown processor").to_owned()
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .current_dir(crates::WORKSPACE)
        .output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}
