//! Which conversations and which time a command is about.

use std::ops::Range;

use bili_im_archive::{Archive, ArchiveError};
use bili_im_proto::{Talker, UnixSeconds};
use clap::Args;

use crate::{args::number, failure::Failure, moment};

/// The conversations that a command is about; none are all.
#[derive(Debug, Args)]
pub(crate) struct Conversations {
    /// Only the conversation with this user; can be given several times
    #[arg(long, value_name = "UID", value_parser = number)]
    with: Vec<u64>,
    /// Only the conversation in this fan group; can be given several times
    #[arg(long, value_name = "ID", value_parser = number)]
    group: Vec<u64>,
}

impl Conversations {
    pub(crate) fn talkers(&self) -> impl Iterator<Item = Talker> {
        let users = self.with.iter().copied().map(Talker::user);
        users.chain(self.group.iter().copied().map(Talker::group))
    }

    /// The conversations; fails when one is not in the archive.
    pub(crate) fn talkers_in(&self, archive: &Archive) -> Result<Vec<Talker>, Failure> {
        let sessions = archive.sessions()?;
        let is_missing = |&talker: &Talker| sessions.iter().all(|one| one.talker != talker);
        match self.talkers().find(is_missing) {
            Some(talker) => Err(ArchiveError::NoSession(talker).into()),
            None => Ok(self.talkers().collect()),
        }
    }
}

/// The time that a command is about; by default all of it.
#[derive(Debug, Args)]
pub(crate) struct Period {
    /// Only from this day or time on (included)
    #[arg(long, value_name = "DATE", value_parser = moment::parse)]
    from: Option<UnixSeconds>,
    /// Only before this day or time (not included)
    #[arg(long, value_name = "DATE", value_parser = moment::parse)]
    to: Option<UnixSeconds>,
}

impl Period {
    /// The time; fails when it ends before it begins.
    pub(crate) fn range(&self) -> Result<Range<UnixSeconds>, Failure> {
        let from = self.from.unwrap_or(UnixSeconds(0));
        let range = from..self.to.unwrap_or(UnixSeconds(u64::MAX));
        if range.is_empty() {
            return Err(Failure::wrong_use(
                text!("--to is not after --from", "--to 不晚于 --from"),
                wider(&range),
            ));
        }
        Ok(range)
    }

    /// Its beginning, if it has one.
    pub(crate) fn from(&self) -> Option<UnixSeconds> {
        self.from
    }
}

/// What to give instead of an empty time.
fn wider(empty: &Range<UnixSeconds>) -> String {
    let (from, to) = (moment::day(empty.start), moment::day(empty.end));
    let is_day = from == to && moment::parse(&to) == Ok(empty.end);
    match moment::day_after(empty.start).filter(|_| is_day) {
        Some(next) => format_text!(
            "--to is not included; for the whole day: --to {next}",
            "--to 不含在内；要包括这一整天，请用 --to {next}"
        ),
        None if empty.start == empty.end => text!(
            "--to is not included: give a later time",
            "--to 不含在内，请给出更晚的时间"
        )
        .to_owned(),
        None => text!("exchange them", "把两者对调").to_owned(),
    }
}
