//! The folders of logins and of state: whether they can be written, and who can read them.

use std::{fs, path::Path};

use super::check::{Check, Subject};
use crate::{failure::Failure, folders, profiles, wording::Worded};

pub(super) fn checks() -> Vec<Check> {
    let logins = profiles::dir();
    let state = folders::state().ok_or_else(|| {
        Failure::other(text!("there is no home directory", "没有主目录")).advise(text!(
            "set BILI_IM_STATE_DIR",
            "用 BILI_IM_STATE_DIR 指定目录"
        ))
    });
    [(Subject::Logins, logins), (Subject::State, state)]
        .map(|(subject, folder)| match folder {
            Ok(folder) => check(subject, &folder),
            Err(failure) => Check::fault(subject, &failure),
        })
        .into()
}

fn check(subject: Subject, folder: &Path) -> Check {
    let shown = folder.display();
    if !folder.exists() {
        return Check::ok(
            subject,
            format_text!("{shown} is made when it is needed", "{shown} 在需要时创建"),
        );
    }
    // A file without a name: it goes with the handle.
    if let Err(error) = tempfile::tempfile_in(folder) {
        let error = error.worded();
        let message = format_text!(
            "{shown} cannot be written: {error}",
            "{shown} 无法写入：{error}"
        );
        let advice = text!(
            "see to it that it is yours and that there is room",
            "确认它归你所有，并且磁盘有空间"
        );
        return Check::fault(subject, &Failure::other(message).advise(advice));
    }
    match readable_by_others(folder) {
        None => Check::ok(subject, shown.to_string()),
        Some(file) => Check::warning(
            subject,
            format_text!("others can read {file}", "其他用户能读取 {file}"),
            format!("chmod 600 {file}"),
        ),
    }
}

/// A file in a folder that other users can read.
fn readable_by_others(folder: &Path) -> Option<String> {
    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut paths = files.map(|file| file.path());
    let path = paths.find(|path| can_others_read(path))?;
    Some(path.display().to_string())
}

#[cfg(unix)]
pub(super) fn can_others_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(file);
    metadata.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(super) fn can_others_read(_: &Path) -> bool {
    false
}
