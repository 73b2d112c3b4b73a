//! Which conversations and which time a command is about.

use std::ops::Range;

use bili_im_proto::{Talker, UnixSeconds};
use clap::Args;

use crate::{args::number, moment};

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
}

/// The time that a command is about; by default all of it.
#[derive(Debug, Args)]
pub(crate) struct Period {
    /// Only from this day or time on
    #[arg(long, value_name = "DATE", value_parser = moment::parse)]
    from: Option<UnixSeconds>,
    /// Only before this day or time
    #[arg(long, value_name = "DATE", value_parser = moment::parse)]
    to: Option<UnixSeconds>,
}

impl Period {
    pub(crate) fn range(&self) -> Range<UnixSeconds> {
        let from = self.from.unwrap_or(UnixSeconds(0));
        from..self.to.unwrap_or(UnixSeconds(u64::MAX))
    }
}
