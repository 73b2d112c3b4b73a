//! The tables, on the screen and in docs/benchmarks.md.

use std::{fmt::Write, fs, process::Command, thread, time::Duration};

use crate::{
    crates,
    measure::{Comparison, Spread},
};

/// One number to reach.
#[derive(Debug)]
pub struct Row {
    what: String,
    unit: Unit,
    most: f64,
    measured: f64,
    spread: Option<Spread>,
    detail: String,
}

/// What a number counts.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// Times the other thing.
    Times,
    /// Pieces.
    Count,
    /// Bytes, shown in MiB.
    Bytes,
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Self::Times => format!("{number:.3}×"),
            Self::Count => format!("{number}"),
            Self::Bytes => format!("{:.2} MiB", number / f64::from(1 << 20)),
        }
    }

    fn show_bound(self, number: f64) -> String {
        match self {
            Self::Times => format!("{number}×"),
            Self::Count => format!("{number}"),
            Self::Bytes => format!("{} MiB", number / f64::from(1 << 20)),
        }
    }
}

impl Row {
    /// A ratio.
    pub fn ratio(what: impl Into<String>, most: f64, comparison: Comparison) -> Self {
        let Comparison {
            ratio,
            ours,
            theirs,
        } = comparison;
        Self {
            what: what.into(),
            unit: Unit::Times,
            most,
            measured: ratio.median,
            spread: Some(ratio),
            detail: format!("{} to {}", time(ours.median), time(theirs.median)),
        }
    }

    /// An exact number.
    pub fn exact(
        what: impl Into<String>,
        unit: Unit,
        most: f64,
        measured: f64,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            unit,
            most,
            measured,
            spread: None,
            detail: detail.into(),
        }
    }

    /// Whether it is reached.
    pub fn is_reached(&self) -> bool {
        self.measured <= self.most
    }

    fn cells(&self) -> Vec<String> {
        let spread = self.spread.map_or_else(
            || "exact".to_owned(),
            |spread| format!("{:.3} to {:.3}", spread.low, spread.high),
        );
        let verdict = if self.is_reached() { "ok" } else { "**MISS**" };
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

/// A time in seconds, in the unit that suits it.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    /// The numbers to reach.
    pub rows: Vec<Row>,
    /// Other numbers.
    pub others: Vec<(String, String)>,
    /// What the protocol crate links.
    pub tree: String,
    /// How long the whole run took.
    pub took: Duration,
    /// How busy the machine was with other things when it began.
    pub load: String,
}

impl Report {
    /// As a page.
    pub fn page(&self) -> String {
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let others: Vec<_> = (self.others.iter())
            .map(|(what, measured)| vec![what.clone(), measured.clone()])
            .collect();
        let mut page = String::from(HEAD);
        let mut push = |text: &str| page.push_str(text);
        push(&self.machine());
        push("\n\n## Numbers to reach\n\n");
        push(&table(
            &["what", "at most", "measured", "quartiles", "each", ""],
            &rows,
        ));
        push(RATIOS);
        push("\n## Other numbers\n\n");
        push(&table(&["what", "measured"], &others));
        push(METHOD);
        push(&self.tree);
        push("```\n");
        page
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

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench`, which measures everything anew. `--quick` measures for a short time and only prints;
`--cold` also builds the program from nothing.

";

const RATIOS: &str = "
All times are ratios within one run: both sides take turns, block by block, each pair of blocks gives one ratio, and the
table has their median and quartiles. *Each* is what one call takes, ours first.
";

const METHOD: &str = "
## How it is measured

- **By hand** means code in `benches/` as one would write it without this crate, with the same dependencies. Before
  anything is measured it is checked that both sides write the same bytes and read the same values.
- **Build and sign**: from a `&str` to the whole signed request, with 78 characters of text, a third of them Chinese.
- **Decode**: a page as the service sends it, 80 % texts, the rest images, shares, notices and recalls. What a content says is
  parsed when it is asked for, which is in neither side. This crate also leaves its unescaping until then; the derive and
  `bpi-rs` unescape. `bpi-rs` reads into its own `ApiEnvelope<MessageSessionMessagesData>`, which has no emoticons; its client
  first looks over the whole answer for the code, which is not counted here. The service's form, compact and with the fields
  of a message in order, has a reader of its own; any other form takes the lenient reader, among the other numbers.
- **Adapter call**: unread counts, over a kept connection, from the simulated service. Both sides send the same lines, have the
  same time limit and bound the answer. Among the other numbers is the same with a server that does nothing but answer.
- **`bili-im unread`** asks two things, users and groups, on one connection. `curl` is given both addresses in one
  command and the same headers; it reads both answers on one connection too. Either is a whole process: start, work, end. The
  program also reads and stores its state. The peak is the kernel's count of resident memory (`wait4`).
- **Watcher**: in virtual time over answers written by hand. The memory is what the heap holds for the flow, its account, its
  cursor and the program's own cursor. A poll asks what changed within the last minute (five sessions), reads one new message
  and tells it. The comparison of all sessions every half hour is apart from polls.
- **End to end**: each sender has a talker of its own, on one client of one account, against the simulated service in the same
  process. With 256 in flight there are 256 connections to serve, whose buffers and tasks no longer fit the caches: a profile has all of
  the path slower than with 16, memory allocation first, and the protocol crate at 6 to 7 % of the samples with either.
- **Allocations** are counted in a program of their own, since counting takes time.

## What the protocol crate links

`cargo tree --package bili-im-proto --edges normal,no-proc-macro`

```text
";

/// A table whose columns line up in a monospaced font, wide characters apart.
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

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("an unknown processor", |(_, name)| name)
        .to_owned()
}

/// How many processes want to run, on average over the last minute.
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
