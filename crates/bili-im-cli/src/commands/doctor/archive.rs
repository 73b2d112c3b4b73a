//! The profile's archive: whether it can be used, and is whole.

use bili_im_archive::{Archive, ArchiveError};

use super::{
    check::{Check, Subject},
    files,
};
use crate::{archive_file::ArchiveFile, args::Global, failure::Failure};

pub(super) fn check(global: &Global) -> Check {
    let path = match ArchiveFile::from(None).path(global) {
        Ok(path) => path,
        Err(failure) => return Check::fault(Subject::Archive, &failure),
    };
    let shown = path.display();
    match Archive::open(path.clone()).and_then(|archive| describe(&archive)) {
        Ok(_) if files::can_others_read(&path) => Check::warning(
            Subject::Archive,
            format_text!("others can read {shown}", "其他用户能读取 {shown}"),
            format!("chmod 600 {shown}"),
        ),
        Ok((sessions, messages)) => Check::ok(
            Subject::Archive,
            format_text!(
                "{messages} messages of {sessions} conversations in {shown}",
                "{shown} 里有 {sessions} 个会话的 {messages} 条消息"
            ),
        ),
        Err(ArchiveError::Missing(_)) => Check::ok(
            Subject::Archive,
            text!(
                "there is none yet: bili-im sync",
                "还没有存档：bili-im sync"
            ),
        ),
        Err(error) => Check::fault(Subject::Archive, &Failure::from(error)),
    }
}

/// How many sessions and messages an archive has that is whole.
fn describe(archive: &Archive) -> Result<(usize, u64), ArchiveError> {
    archive.check()?;
    let sessions = archive.sessions()?;
    let messages = sessions.iter().map(|session| session.messages).sum();
    Ok((sessions.len(), messages))
}
