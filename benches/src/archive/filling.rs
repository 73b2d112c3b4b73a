//! Filling an archive.

use std::{
    fs,
    time::{Duration, Instant},
};

use bili_im_archive::{
    Archive,
    proto::{Message, RawMessage, Seqno, SyncStep, SyncStore, Uid},
};
use fastrand::Rng;
use tempfile::TempDir;

use crate::{OWN_UID, Result, archive::texts::Texts};

/// How many conversations they are in.
const SESSIONS: u64 = 3_000;

/// How many messages are stored at once: the service's largest page.
const PAGE: u64 = 2_000;

/// When the first message was written, and how much later the last.
const FIRST: u64 = 1_600_000_000;
const PERIOD: u64 = 5 * 365 * 24 * 60 * 60;

/// An archive that has been filled.
pub(super) struct Filled {
    /// The archive.
    pub(super) archive: Archive,
    /// What wrote its texts.
    pub(super) texts: Texts,
    /// How long storing took.
    pub(super) took: Duration,
    _folder: TempDir,
}

impl Filled {
    /// Fills an archive, one conversation after the other, each from its beginning. Some
    /// conversations are long, most are short.
    pub(super) fn new(messages: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut archive = Archive::create(folder.path().join("archive.db"))?;
        archive.save(SyncStep::Owner(Uid(OWN_UID)))?;
        let mut texts = Texts::new(1);
        let mut rng = Rng::with_seed(2);
        let mut took = Duration::ZERO;
        let weights: f64 = (1..=SESSIONS).map(|nth| 1.0 / nth as f64).sum();
        for session in 1..=SESSIONS {
            let size = (messages as f64 / weights / session as f64).round() as u64;
            let times = times(size, &mut rng);
            for (page, times) in times.chunks(PAGE as usize).enumerate() {
                let first = page as u64 * PAGE + 1;
                let page: Vec<RawMessage> = (times.iter().zip(first..))
                    .map(|(&time, seqno)| message(session, seqno, time, &texts.write()))
                    .collect();
                let start = Instant::now();
                archive.save_messages(Uid(session), &page)?;
                took += start.elapsed();
            }
        }
        Ok(Self {
            archive,
            texts,
            took,
            _folder: folder,
        })
    }

    /// The bytes on disk.
    pub(super) fn size(&self) -> Result<u64> {
        Ok(fs::metadata(self.archive.path())?.len())
    }
}

/// So many times, in order.
fn times(messages: u64, rng: &mut Rng) -> Vec<u64> {
    let mut times: Vec<u64> = (0..messages).map(|_| FIRST + rng.u64(..PERIOD)).collect();
    times.sort_unstable();
    times
}

/// A message as the service sends it.
fn message(session: u64, seqno: u64, timestamp: u64, text: &str) -> RawMessage {
    let content = serde_json::json!({ "content": text }).to_string();
    let content = serde_json::Value::String(content);
    let sender = if seqno.is_multiple_of(2) {
        OWN_UID
    } else {
        session
    };
    let receiver = OWN_UID + session - sender;
    let key = 6_852_559_688_104_000_000 + (session << 32) + seqno;
    let json = format!(
        r#"{{"sender_uid":{sender},"receiver_type":1,"receiver_id":{receiver},"msg_type":1,"content":{content},"msg_seqno":{seqno},"timestamp":{timestamp},"at_uids":[0],"msg_key":{key},"msg_status":0,"notify_code":"","new_face_version":1,"msg_source":7}}"#
    );
    let message = Message::from_json(&json);
    RawMessage::new(Seqno(seqno), json, message)
}
