//! The folders of logins and of state: whether they can be written, and who can read them.

use std::{fs, path::Path};

use super::check::Check;
use crate::{failure::Failure, profiles, state, wording::Worded};

pub(super) fn checks() -> Vec<Check> {
    let logins = profiles::dir();
    let state = state::root().ok_or_else(|| {
        Failure::other(text!("there is no home directory", "没有主目录")).advise(text!(
            "set BILI_IM_STATE_DIR",
            "用 BILI_IM_STATE_DIR 指定目录"
        ))
    });
    [("logins", logins), ("state", state)]
        .map(|(name, folder)| match folder {
            Ok(folder) => check(name, &folder),
            Err(failure) => Check::fault(name, &failure),
        })
        .into()
}

fn check(name: &'static str, folder: &Path) -> Check {
    let shown = folder.display();
    if !folder.exists() {
        return Check::ok(
            name,
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
        return Check::fault(name, &Failure::other(message).advise(advice));
    }
    match readable_by_others(folder) {
        None => Check::ok(name, shown.to_string()),
        Some(file) => Check::warning(
            name,
            format_text!("others can read {file}", "其他用户能读取 {file}"),
            format!("chmod 600 {file}"),
        ),
    }
}

/// A file in a folder that other users can read.
#[cfg(unix)]
fn readable_by_others(folder: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut open = files.filter(|file| {
        let metadata = file.metadata();
        metadata.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
    });
    Some(open.next()?.path().display().to_string())
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<String> {
    None
}
