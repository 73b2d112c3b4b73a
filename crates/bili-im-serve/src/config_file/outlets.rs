//! What a configuration file says.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use serde::Deserialize;
use toml::Spanned;

use crate::{
    core::Core,
    lock::lock,
    outlets::{Entry, Fields, Kind, Notifier, Table, Webhook},
    rights::is_name,
    rules::{Rehearsal, Rule},
    toml_file::{self, Fault},
    words::{Words, words},
};

/// What a configuration file says: the profiles to serve, and who is told of their events.
#[derive(Debug, Default)]
pub struct Outlets {
    profiles: Option<Vec<String>>,
    entries: Vec<Entry>,
    pub(crate) rules: Vec<Rule>,
    has_secrets: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profiles: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    webhook: Vec<Spanned<Fields>>,
    #[serde(default)]
    notify: Vec<Spanned<Fields>>,
    #[serde(default)]
    rule: Vec<Spanned<Fields>>,
}

impl Outlets {
    /// Reads a file's text. Paths in it begin at `folder`.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Fault> {
        let file: File = toml_file::read(text)?;
        let mut outlets = Self {
            profiles: None,
            entries: Vec::new(),
            rules: Vec::new(),
            has_secrets: false,
        };
        if let Some(profiles) = file.profiles {
            let span = profiles.span();
            let profiles = profiles.into_inner();
            let distinct: BTreeSet<&String> = profiles.iter().collect();
            if profiles.is_empty() || distinct.len() < profiles.len() {
                let problem = words!(
                    "profiles names one profile at least, and each once",
                    "profiles 至少写一个登录档案，且不能重复"
                );
                return Err(Fault::at(text, span, problem));
            }
            outlets.profiles = Some(profiles);
        }
        let webhooks = file.webhook.into_iter().map(|table| (table, true));
        let notifiers = file.notify.into_iter().map(|table| (table, false));
        for (table, is_webhook) in webhooks.chain(notifiers) {
            outlets.add(Table::new(text, folder, table), is_webhook)?;
        }
        for table in file.rule {
            outlets.add_rule(Table::new(text, folder, table))?;
        }
        Ok(outlets)
    }

    /// The profiles to serve, if the file names them.
    pub fn profiles(&self) -> Option<&[String]> {
        self.profiles.as_deref()
    }

    /// Whether the file itself has secrets, so that nobody else may read it.
    pub fn has_secrets(&self) -> bool {
        self.has_secrets
    }

    /// The rules, each in plain words.
    pub fn rules(&self) -> impl Iterator<Item = Words> {
        self.rules.iter().map(Rule::words)
    }

    fn add_rule(&mut self, mut table: Table<'_>) -> Result<(), Fault> {
        let rule = Rule::new(name(&mut table)?, &mut table)?;
        if self.rules.iter().any(|known| known.name == rule.name) {
            return Err(same_name(&table));
        }
        if let Some(wanted) = rule.notifies() {
            let outlets = self.entries.iter().map(|entry| entry.kind.consumer());
            let known: Vec<&str> = outlets
                .filter_map(|one| one.strip_prefix("notify/"))
                .collect();
            if !known.contains(&wanted) {
                let known = known.join(", ");
                let problem = match known.is_empty() {
                    true => words!(
                        "there is no [[notify]] {wanted:?}, and no other",
                        "没有名为 {wanted:?} 的 [[notify]]，别的也没有"
                    ),
                    false => words!(
                        "there is no [[notify]] {wanted:?}; there are: {known}",
                        "没有名为 {wanted:?} 的 [[notify]]；已有：{known}"
                    ),
                };
                return Err(table.fault("notify", problem));
            }
        }
        self.rules.push(rule);
        Ok(())
    }

    fn add(&mut self, mut table: Table<'_>, is_webhook: bool) -> Result<(), Fault> {
        let name = name(&mut table)?;
        let kind = match is_webhook {
            true => Kind::Webhook(Arc::new(Webhook::new(name, &mut table)?)),
            false => Kind::Notify(Arc::new(Notifier::new(name, &mut table)?)),
        };
        table.finish()?;
        if self
            .entries
            .iter()
            .any(|entry| entry.kind.consumer() == kind.consumer())
        {
            return Err(same_name(&table));
        }
        self.has_secrets |= table.has_secrets;
        let same = table.same;
        self.entries.push(Entry { kind, same });
        Ok(())
    }
}

impl Rehearsal {
    /// With the rules of a configuration.
    pub fn new(outlets: Outlets) -> Self {
        Self::of(outlets.rules)
    }
}

fn name(table: &mut Table<'_>) -> Result<String, Fault> {
    let what = (
        "a name of 1 to 64 Latin letters, digits, -, _ and .",
        "由 1 到 64 个英文字母、数字和 - _ . 组成的名字",
    );
    let name: String = table.need("name", what)?;
    match is_name(&name) {
        true => Ok(name),
        false => Err(table.wrong("name", what)),
    }
}

impl Core {
    /// Sets who is told of events, beside clients. Those outlets that are as before go on; others
    /// end or begin. A new one is told what happens from now on. Also sets the rules.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn set_outlets(&self, outlets: Outlets) {
        // Rules name outlets: those of two files must not be mixed.
        let _alone = lock(self.configuring());
        self.exchange_outlets(outlets.entries);
        self.set_rules(outlets.rules);
    }
}

fn same_name(table: &Table<'_>) -> Fault {
    let problem = words!("an earlier one has the same name", "前面已有同名的一项");
    table.fault("name", problem)
}

#[cfg(test)]
mod tests;
