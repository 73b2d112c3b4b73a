//! Whether an archive has its conversations whole.

use bili_im_archive::{Archive, Completeness};
use bili_im_proto::{Talker, UnixSeconds};

use crate::{archive_file::ArchiveFile, args::Global, failure::Failure, output::Output};

/// Warns when some of these conversations are not whole; none are all. What was written before
/// `since` may be missing.
pub(crate) fn warn(
    archive: &Archive,
    talkers: &[Talker],
    since: Option<UnixSeconds>,
    global: &Global,
    out: Output,
) -> Result<(), Failure> {
    if let Some(what) = describe(archive.completeness(talkers, since)?) {
        let command = sync_command(archive, global);
        out.warn(format_text!(
            "{what}; go on with {command}",
            "{what}；用 {command} 继续"
        ));
    }
    Ok(())
}

/// How many conversations are not whole, if any.
pub(crate) fn describe(found: Completeness) -> Option<String> {
    let (all, incomplete) = (found.sessions, found.incomplete);
    (incomplete > 0).then(|| {
        format_text!(
            "conversations that are not complete yet: {incomplete} of {all}",
            "{all} 个会话里有 {incomplete} 个还没有同步完"
        )
    })
}

/// The command that fills an archive.
pub(crate) fn sync_command(archive: &Archive, global: &Global) -> String {
    let mut command = "bili-im sync".to_owned();
    if let (true, Ok(profile)) = (global.is_profile_asked_for(), global.profile()) {
        command += &format!(" --profile {profile}");
    }
    let of_profile = ArchiveFile::from(None).path(global).ok();
    if of_profile.as_deref() != Some(archive.path()) {
        command += &format!(" --archive {}", archive.path().display());
    }
    command
}
