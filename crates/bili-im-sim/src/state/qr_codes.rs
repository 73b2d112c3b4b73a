//! The QR codes for logging in (docs/protocol.md §13).

use std::time::Duration;

use crate::{chance::Chance, ids::Uid, time::UnixMicros};

const VALID: Duration = Duration::from_secs(180);
/// More codes than any test asks for.
const MOST: usize = 1000;

/// The stage of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nobody has scanned it.
    Fresh,
    /// A user has scanned it, and is asked to confirm.
    Scanned,
    /// This user has confirmed the login.
    Confirmed(Uid),
}

#[derive(Debug)]
struct QrCode {
    key: String,
    made_at: UnixMicros,
    stage: Stage,
}

/// The codes that are valid, oldest first.
#[derive(Debug, Default)]
pub(crate) struct QrCodes(Vec<QrCode>);

impl QrCodes {
    /// Makes a code and returns its key.
    pub(crate) fn generate(&mut self, now: UnixMicros, chance: &mut Chance) -> String {
        self.add(Stage::Fresh, now, chance)
    }

    /// Makes a ticket for the cookies of a confirmed login. It is polled like a code.
    pub(crate) fn ticket(&mut self, uid: Uid, now: UnixMicros, chance: &mut Chance) -> String {
        self.add(Stage::Confirmed(uid), now, chance)
    }

    fn add(&mut self, stage: Stage, now: UnixMicros, chance: &mut Chance) -> String {
        self.forget_expired(now);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        let key = chance.hex(32);
        self.0.push(QrCode {
            key: key.clone(),
            made_at: now,
            stage,
        });
        key
    }

    /// The stage of a code; `None` when it is not valid. A confirmed code can be polled only once.
    pub(crate) fn poll(&mut self, key: &str, now: UnixMicros) -> Option<Stage> {
        self.forget_expired(now);
        let at = self.0.iter().position(|code| code.key == key)?;
        let stage = self.0.get(at)?.stage;
        if matches!(stage, Stage::Confirmed(_)) {
            self.0.remove(at);
        }
        Some(stage)
    }

    /// Sets the stage of a code and returns its key. Without a key, this is the newest code.
    pub(crate) fn advance(
        &mut self,
        key: Option<&str>,
        stage: Stage,
        now: UnixMicros,
    ) -> Option<String> {
        self.forget_expired(now);
        let code = self
            .0
            .iter_mut()
            .rev()
            .find(|code| key.is_none_or(|key| code.key == key))?;
        code.stage = stage;
        Some(code.key.clone())
    }

    fn forget_expired(&mut self, now: UnixMicros) {
        self.0.retain(|code| now.since(code.made_at) < VALID);
    }
}
