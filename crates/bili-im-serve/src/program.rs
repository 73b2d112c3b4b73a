//! Runs programs for outlets and rules.

use std::{
    ffi::OsStr,
    io,
    path::{MAIN_SEPARATOR, Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

/// The variable with the program's login. Programs that are run do not get it.
const COOKIE: &str = "BILI_IM_COOKIE";

/// Where a program is: a path begins at `folder`, a mere name is looked up as a shell does.
pub(crate) fn locate(folder: &Path, program: &str) -> PathBuf {
    if !program.contains(['/', MAIN_SEPARATOR]) {
        return program.into();
    }
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    folder.join(program.strip_prefix("./").unwrap_or(program))
}

/// Runs a program with this input, without a shell and without this process's login. What it
/// prints is thrown away: it can be secret. When it takes too long, it is killed, and on Unix
/// whatever it has started too.
pub(crate) async fn run(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    input: &[u8],
    longest: Duration,
) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_remove(COOKIE)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(words)?;
    let mut group = Group(child.id());
    let ended = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program need not read.
            let _is_read = stdin.write_all(input).await;
        }
        child.wait().await
    };
    let status = timeout(longest, ended).await;
    let status = status.map_err(|_| format!("it did not end within {} s", longest.as_secs()))?;
    group.0 = None;
    match status.map_err(words)? {
        status if status.success() => Ok(()),
        status => Err(status.to_string()),
    }
}

fn words(error: io::Error) -> String {
    error.to_string()
}

/// A program and what it has started. Killed when dropped, unless it has ended.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(id)
        {
            use rustix::process::{Signal, kill_process_group};

            // It may have ended just now.
            let _killed = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn what_a_late_program_has_started_is_killed_too() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("pids");
        let script = format!("sleep 1000 & echo $! $$ > '{}'; wait", path.display());
        let arguments = ["-c", &script];
        let ran = run(Path::new("sh"), arguments, b"", Duration::from_secs(1)).await;
        assert_eq!(ran, Err("it did not end within 1 s".to_owned()));
        for id in fs::read_to_string(&path).unwrap().split_whitespace() {
            let id = rustix::process::Pid::from_raw(id.parse().unwrap()).unwrap();
            // Killed, and perhaps not reaped yet by whoever inherits it.
            while rustix::process::test_kill_process(id).is_ok() {
                let status = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
                if status.is_ok_and(|status| status.contains(") Z ")) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    #[test]
    fn a_path_begins_at_the_folder_of_the_configuration() {
        let folder = Path::new("/etc/bili-im");
        assert_eq!(
            locate(folder, "./told.sh"),
            Path::new("/etc/bili-im/told.sh")
        );
        assert_eq!(locate(Path::new(""), "./sh"), Path::new("./sh"));
        assert_eq!(locate(folder, "/bin/sh"), Path::new("/bin/sh"));
        assert_eq!(locate(folder, "sh"), Path::new("sh"));
    }
}
