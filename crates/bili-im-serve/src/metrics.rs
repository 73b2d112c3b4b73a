//! What is counted. Labels have names of profiles, consumers and methods, and nothing else.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::Mutex,
};

use crate::lock::lock;

/// Counters by name and labels.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<String, u64>>);

impl Metrics {
    /// Counts one more.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) {
        *lock(&self.0).entry(sample(name, labels)).or_default() += 1;
    }

    /// The counters in the text format of Prometheus.
    pub(crate) fn write(&self, page: &mut Page) {
        for (sample, value) in &*lock(&self.0) {
            page.line("counter", sample, *value);
        }
    }
}

/// A page in the text format of Prometheus.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
    last: String,
}

impl Page {
    pub(crate) fn gauge(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.line("gauge", &sample(name, labels), value);
    }

    pub(crate) fn counter(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.line("counter", &sample(name, labels), value);
    }

    fn line(&mut self, kind: &str, sample: &str, value: u64) {
        let name = sample.split('{').next().unwrap_or_default();
        if self.last != name {
            name.clone_into(&mut self.last);
            let _in_memory = writeln!(self.text, "# TYPE {name} {kind}");
        }
        let _in_memory = writeln!(self.text, "{sample} {value}");
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Names are made of letters, digits, `-`, `_`, `.` and `/`, so that nothing is to be escaped.
fn sample(name: &str, labels: &[(&str, &str)]) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{value}\""))
        .collect();
    match labels.is_empty() {
        true => name.to_owned(),
        false => format!("{name}{{{}}}", labels.join(",")),
    }
}
