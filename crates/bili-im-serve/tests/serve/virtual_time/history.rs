//! What happened in a run, and the laws that it must keep.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Everything that happened.
#[derive(Debug, Default, Clone)]
pub(super) struct History {
    /// What people wrote to the account, in this order: each text is unique.
    pub(super) written: Vec<Written>,
    /// What they took back.
    pub(super) recalled: BTreeSet<String>,
    /// What each consumer was told, in this order.
    pub(super) told: BTreeMap<String, Vec<Told>>,
    /// Which ids each consumer was told to be dropped.
    pub(super) dropped: BTreeMap<String, Vec<(u64, u64)>>,
    /// What the last call of each send came to; `None` while that is not known. Each text is unique.
    pub(super) sends: BTreeMap<String, Option<Result<Value, Value>>>,
    /// How often each text is in a conversation at the end.
    pub(super) counts: BTreeMap<String, usize>,
    /// Times are in microseconds since 1970: when nothing but consumers fails, events are told
    /// within this time.
    pub(super) soon: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) at: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) id: u64,
    /// Which of the consumer's connections.
    pub(super) connection: u64,
    pub(super) at: u64,
}

/// The consumer that never fails.
pub(super) const STEADY: &str = "steady";

impl History {
    /// Whether nothing is left to wait for.
    pub(super) fn is_settled(&self) -> bool {
        self.lost().is_none() && self.sends.values().all(Option::is_some)
    }

    /// Fails with the first broken law.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some((consumer, text)) = self.lost() {
            return Err(format!("{consumer} was never told {text}"));
        }
        self.check_ids()?;
        self.check_order()?;
        self.check_sends()?;
        self.check_soon()
    }

    /// A text that a consumer was not told, although it was neither taken back nor said to be
    /// dropped.
    fn lost(&self) -> Option<(&str, &str)> {
        let all = self.told.values().flatten();
        let ids: BTreeMap<&str, u64> = all.map(|told| (told.text.as_str(), told.id)).collect();
        self.told.iter().find_map(|(consumer, told)| {
            let told: BTreeSet<&str> = told.iter().map(|told| told.text.as_str()).collect();
            let dropped = self.dropped.get(consumer);
            let is_dropped = |text: &str| {
                let id = ids.get(text);
                let mut dropped = dropped.into_iter().flatten();
                id.is_some_and(|id| dropped.any(|(from, to)| (from..=to).contains(&id)))
            };
            let texts = self.written.iter().map(|written| written.text.as_str());
            let missing =
                texts.filter(|text| !self.recalled.contains(*text) && !told.contains(text));
            let lost = missing.into_iter().find(|text| !is_dropped(text));
            lost.map(|text| (consumer.as_str(), text))
        })
    }

    /// An event has one id, and an id one event.
    fn check_ids(&self) -> Result<(), String> {
        let (mut ids, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for told in self.told.values().flatten() {
            let known = *ids.entry(&told.text).or_insert(told.id);
            let text = *texts.entry(told.id).or_insert(&told.text);
            if known != told.id || *text != told.text {
                return Err(format!(
                    "{} and {text} have {known} and {}",
                    told.text, told.id
                ));
            }
        }
        Ok(())
    }

    /// In a connection ids grow, and what is new comes in the order in which it was written.
    fn check_order(&self) -> Result<(), String> {
        let places = self.written.iter().enumerate();
        let places: BTreeMap<&str, usize> = places
            .map(|(place, written)| (written.text.as_str(), place))
            .collect();
        for (consumer, told) in &self.told {
            for pair in told.windows(2) {
                if pair[0].connection == pair[1].connection && pair[0].id >= pair[1].id {
                    return Err(format!(
                        "{consumer}: {} before {}",
                        pair[0].text, pair[1].text
                    ));
                }
            }
            let mut last = BTreeMap::new();
            let mut known = BTreeSet::new();
            for told in told.iter().filter(|told| known.insert(&told.text)) {
                // The writer is the first word.
                let writer = told.text.split(' ').next();
                let place = places.get(told.text.as_str()).copied();
                if last.insert(writer, place).is_some_and(|last| last >= place) {
                    return Err(format!("{consumer}: {} is late", told.text));
                }
            }
        }
        Ok(())
    }

    /// A send arrives once, or not at all when that was said. Rules answer once.
    fn check_sends(&self) -> Result<(), String> {
        if let Some((text, count)) = self.counts.iter().find(|(_, count)| **count > 1) {
            return Err(format!("{text} was sent {count} times"));
        }
        for (text, outcome) in &self.sends {
            let count = self.counts.get(text).copied().unwrap_or_default();
            let is_right = match outcome {
                None => false,
                Some(Ok(_)) => count == 1,
                Some(Err(error)) => error["kind"] == "Unconfirmed" || count == 0,
            };
            if !is_right {
                return Err(format!(
                    "{text} is there {count} times, and said to be {outcome:?}"
                ));
            }
        }
        Ok(())
    }

    /// A consumer that fails delays no other.
    fn check_soon(&self) -> Result<(), String> {
        let Some(soon) = self.soon else {
            return Ok(());
        };
        let told = self.told.get(STEADY).into_iter().flatten();
        let told: BTreeMap<&str, u64> = told
            .rev()
            .map(|told| (told.text.as_str(), told.at))
            .collect();
        for written in &self.written {
            if let Some(at) = told.get(written.text.as_str())
                && at.saturating_sub(written.at) > soon
            {
                let late = (at - written.at) / 1_000_000;
                return Err(format!("{} was told after {late} s", written.text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(text: &str, id: u64, connection: u64) -> Told {
        Told {
            text: text.to_owned(),
            id,
            connection,
            at: id,
        }
    }

    fn right() -> History {
        let texts = ["a 1", "b 2", "a 3"];
        let mut history = History {
            soon: Some(10),
            ..History::default()
        };
        history.written = (texts.iter().zip(1..))
            .map(|(text, at)| Written {
                text: (*text).to_owned(),
                at,
            })
            .collect();
        let all = || vec![told("a 1", 1, 1), told("b 2", 2, 1), told("a 3", 3, 1)];
        history.told.insert(STEADY.to_owned(), all());
        let mut again = all();
        again.extend([told("b 2", 2, 2), told("a 3", 3, 2)]);
        history.told.insert("hook".to_owned(), again);
        history.sends.insert("s".to_owned(), Some(Ok(json!({}))));
        let refused = Some(Err(json!({ "kind": "NotSent" })));
        history.sends.insert("t".to_owned(), refused);
        history.counts.insert("s".to_owned(), 1);
        history
    }

    #[test]
    fn a_right_history_keeps_the_laws() {
        assert_eq!(right().check(), Ok(()));
        assert!(right().is_settled());
    }

    #[test]
    fn each_broken_law_is_noticed() {
        type Break = fn(&mut History);
        let breaks: [(&str, Break); 10] = [
            ("never told", |history| {
                history
                    .told
                    .get_mut("hook")
                    .unwrap()
                    .retain(|told| told.text != "b 2");
            }),
            ("have", |history| {
                history.told.get_mut("hook").unwrap()[3].id = 9
            }),
            ("have", |history| {
                history.told.get_mut("hook").unwrap()[3].text = "a 1".to_owned()
            }),
            ("before", |history| {
                history.told.get_mut(STEADY).unwrap().swap(0, 1)
            }),
            ("before", |history| {
                history.told.get_mut("hook").unwrap().swap(3, 4)
            }),
            ("is late", |history| {
                let told = history.told.get_mut("hook").unwrap();
                told.swap(0, 2);
                told[0].connection = 7;
                told[1].connection = 8;
            }),
            ("2 times", |history| {
                history.counts.insert("s".to_owned(), 2);
            }),
            ("0 times", |history| {
                history.counts.remove("s");
            }),
            ("1 times", |history| {
                history.counts.insert("t".to_owned(), 1);
            }),
            ("after", |history| {
                history.told.get_mut(STEADY).unwrap()[2].at = 20_000_000;
            }),
        ];
        for (words, break_it) in breaks {
            let mut history = right();
            break_it(&mut history);
            let broken = history.check().unwrap_err();
            assert!(broken.contains(words), "{words}: {broken}");
        }
    }

    #[test]
    fn what_was_taken_back_or_said_to_be_dropped_is_not_lost() {
        let mut history = right();
        let told = history.told.get_mut("hook").unwrap();
        told.retain(|told| told.text != "b 2");
        assert!(!history.is_settled());
        let mut dropped = history.clone();
        dropped.dropped.insert("hook".to_owned(), vec![(2, 2)]);
        assert_eq!(dropped.check(), Ok(()));
        history.recalled.insert("b 2".to_owned());
        assert_eq!(history.check(), Ok(()));
    }
}
