//! The profile's archive: whether it can be used, and is whole.

use bili_im_archive::{Archive, ArchiveError};
use bili_im_proto::Uid;

use super::{
    check::{Check, Subject},
    files,
};
use crate::{
    archive_file::ArchiveFile, args::Global, completeness, failure::Failure, progress::Progress,
    words,
};

/// Checks the archive that is used with the login of this user.
pub(super) fn check(login: Option<Uid>, global: &Global) -> Check {
    let path = match ArchiveFile::from(None).path(global) {
        Ok(path) => path,
        Err(failure) => return Check::fault(Subject::Archive, &failure),
    };
    let shown = path.display();
    let opened = Archive::open(path.clone());
    match opened.and_then(|archive| Ok((describe(&archive, login)?, archive))) {
        Ok(_) if files::can_others_read(&path) => Check::warning(
            Subject::Archive,
            format_text!("others can read {shown}", "其他用户能读取 {shown}"),
            format!("chmod 600 {shown}"),
        ),
        Ok((Described { message, missing }, archive)) => {
            let message = format_text!("{message} in {shown}", "{shown} 里有 {message}");
            match missing {
                None => Check::ok(Subject::Archive, message),
                Some(missing) => Check::warning(
                    Subject::Archive,
                    format_text!("{message}; {missing}", "{message}；{missing}"),
                    completeness::sync_command(&archive, global),
                ),
            }
        }
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

/// What a sound archive has.
struct Described {
    message: String,
    /// What it lacks, if anything.
    missing: Option<String>,
}

fn describe(archive: &Archive, login: Option<Uid>) -> Result<Described, ArchiveError> {
    if let (Some(login), Some(owner)) = (login, archive.owner()?)
        && login != owner
    {
        return Err(ArchiveError::Foreign { owner, login });
    }
    // This reads all of the file.
    let progress = Progress::of(text!("checking the archive", "正在检查存档"));
    archive.check()?;
    drop(progress);
    let sessions = archive.sessions()?;
    let messages = words::messages(sessions.iter().map(|session| session.messages).sum());
    let conversations = words::conversations(sessions.len() as u64);
    Ok(Described {
        message: format_text!(
            "{messages} of {conversations}",
            "{conversations}的 {messages}"
        ),
        missing: completeness::describe(archive.completeness(&[], None)?),
    })
}
