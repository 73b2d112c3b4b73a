//! The tables that are printed and written to docs/benchmarks.md.

use std::{fmt::Write, fs, process::Command, thread, time::Duration};

use crate::{
    crates,
    measure::{Comparison, Delays, Spread},
};

/// A number with a bound.
#[derive(Debug)]
pub struct Row {
    what: String,
    unit: Unit,
    most: f64,
    measured: f64,
    spread: Option<Spread>,
    detail: String,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// A ratio.
    Times,
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
            Self::Times => format!("{number:.3}×"),
            Self::Count => format!("{number}"),
            Self::Bytes => format!("{:.2} MiB", number / f64::from(1 << 20)),
            Self::Seconds => time(number),
        }
    }

    fn show_bound(self, number: f64) -> String {
        match self {
            Self::Times => format!("{number}×"),
            Self::Count => format!("{number}"),
            Self::Bytes => format!("{} MiB", number / f64::from(1 << 20)),
            Self::Seconds => format!("{number} s"),
        }
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let spread = self.spread.map_or_else(
            || "exact".to_owned(),
            |spread| match self.unit {
                Unit::Seconds => format!("{} to {}", time(spread.low), time(spread.high)),
                _ => format!("{:.3} to {:.3}", spread.low, spread.high),
            },
        );
        let verdict = if self.measured <= self.most {
            "ok"
        } else {
            "**MISS**"
        };
        vec![
            self.what.clone(),
            self.unit.show_bound(self.most),
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

/// Formats a spread of times.
pub fn times(spread: Spread) -> String {
    let [median, low, high] = [spread.median, spread.low, spread.high].map(time);
    format!("{median} ({low} to {high})")
}

/// Formats delays.
pub fn delays(delays: Delays) -> String {
    let [median, late] = [delays.spread.median, delays.late].map(time);
    format!("{median}; nine in ten at most {late}")
}

/// All measurements.
#[derive(Debug)]
pub struct Report {
    /// The numbers with bounds.
    pub rows: Vec<Row>,
    /// Numbers without bounds, each with its description.
    pub others: Vec<(String, String)>,
    /// How long the whole run took.
    pub took: Duration,
    /// The machine's load when the run began.
    pub load: String,
    /// The section about a process that serves.
    pub serving: String,
}

/// How the section about a process that serves begins.
const SERVING: &str = "## A process that serves\n";

impl Report {
    /// Adds a ratio, which must be at most `most`.
    pub fn ratio(&mut self, what: impl Into<String>, most: f64, comparison: Comparison) {
        let Comparison {
            ratio,
            ours,
            theirs,
        } = comparison;
        self.rows.push(Row {
            what: what.into(),
            unit: Unit::Times,
            most,
            measured: ratio.median,
            spread: Some(ratio),
            detail: format!("{} to {}", time(ours.median), time(theirs.median)),
        });
    }

    /// Adds delays, of which nine in ten must be at most `most`.
    pub fn delays(&mut self, what: &str, most: f64, delays: Delays) {
        self.rows.push(Row {
            what: what.to_owned(),
            unit: Unit::Seconds,
            most,
            measured: delays.late,
            spread: Some(delays.spread),
            detail: format!("median: {}", time(delays.spread.median)),
        });
    }

    /// Adds an exact number, which must be at most `most`.
    pub fn exact(
        &mut self,
        what: &str,
        unit: Unit,
        most: f64,
        measured: f64,
        detail: impl Into<String>,
    ) {
        self.rows.push(Row {
            what: what.to_owned(),
            unit,
            most,
            measured,
            spread: None,
            detail: detail.into(),
        });
    }

    /// Adds a number without a bound.
    pub fn other(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.others.push((what.into(), measured.into()));
    }

    /// The report as a Markdown page.
    pub fn page(&self) -> String {
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let others: Vec<_> = (self.others.iter())
            .map(|(what, measured)| vec![what.clone(), measured.clone()])
            .collect();
        let head = ["what", "at most", "measured", "quartiles", "each", ""];
        include_str!("page.md")
            .replace("{machine}", &self.machine())
            .replace("{numbers}", table(&head, &rows).trim_end())
            .replace("{others}", table(&["what", "measured"], &others).trim_end())
            .replace("{serving}", &self.serving)
    }

    /// The numbers as the section about a process that serves.
    pub fn serving_section(&self) -> String {
        let others: Vec<_> = (self.others.iter())
            .map(|(what, measured)| vec![what.clone(), measured.clone()])
            .collect();
        let (machine, numbers) = (self.machine(), table(&["what", "measured"], &others));
        format!("{SERVING}\n{machine}\n\n{numbers}")
    }

    fn machine(&self) -> String {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "Measured on {} at commit {}, in {:.0} s.\n\
             Machine: {}, {cores} cores, Linux {}, {}, {}. Load when it began: {}.",
            jiff::Zoned::now().date(),
            output("git", &["describe", "--always", "--dirty", "--abbrev=10"]),
            self.took.as_secs_f64(),
            processor(),
            read("/proc/sys/kernel/osrelease"),
            output("rustc", &["--version"]),
            output("curl", &["--version"])
                .split(" (")
                .next()
                .unwrap_or_default(),
            self.load,
        );
        text
    }
}

/// A Markdown table. Its columns are aligned, unless cells have wide characters.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]);
        let widths = cells.filter_map(|cells| cells.get(column).map(|cell| cell.chars().count()));
        widths.max().unwrap_or_default().max(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let mut text = line(&head) + &line(&rule);
    rows.iter().for_each(|cells| text.push_str(&line(cells)));
    text
}

/// A page with this section about a process that serves, in place of the one that it has.
pub fn with_serving(page: &str, section: &str) -> Option<String> {
    let (before, rest) = page.split_once(SERVING)?;
    let (_, after) = rest.split_once("\n## ")?;
    Some(format!("{before}{section}\n## {after}"))
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("an unknown processor", |(_, name)| name)
        .to_owned()
}

/// The average number of running or waiting processes over the last minute.
pub fn load() -> String {
    let text = read("/proc/loadavg");
    text.split(' ').next().unwrap_or_default().to_owned()
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
