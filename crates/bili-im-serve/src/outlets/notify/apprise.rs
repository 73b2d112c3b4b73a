//! Apprise: a program that knows a hundred services.

use std::{path::PathBuf, time::Duration};

use bili_im_proto::Secret;

use super::service::Note;
use crate::{
    outlets::{post::Refusal, table::Table},
    program,
    toml_file::Fault,
};

/// The most bytes of a text.
const MOST: usize = 20_000;

/// The program, and the service that it is to tell.
#[derive(Debug)]
pub(super) struct Apprise {
    program: PathBuf,
    url: Secret,
}

impl Apprise {
    pub(super) fn new(table: &mut Table<'_>) -> Result<Self, Fault> {
        let program = table.take("program", ("the path of the program", "程序的路径"))?;
        let program = program.unwrap_or_else(|| "apprise".to_owned());
        let what = (
            "an address as Apprise has them, SERVICE://…",
            "服务的地址，按 Apprise 的写法：SERVICE://…",
        );
        let url = table.need_secret("url", what)?;
        // Otherwise it would be taken for an option.
        if !url.expose().contains("://") || url.expose().starts_with('-') {
            return Err(table.wrong("url", what));
        }
        Ok(Self {
            program: table.locate(&program),
            url,
        })
    }

    /// Runs the program, once. What it prints is not told: it can have the address.
    pub(super) async fn send(&self, note: &Note, patience: Duration) -> Result<(), Refusal> {
        let note = note.cut(MOST);
        let text = match &note.link {
            Some(link) => format!("{}\n{link}", note.text),
            None => note.text,
        };
        let title = format!("--title={}", note.title);
        let arguments = [&title, "--input-format=text", "--", self.url.expose()];
        let ran = program::run(&self.program, arguments, text.as_bytes(), patience).await;
        ran.map_err(|why| Refusal::passing(format!("apprise: {why}")))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::outlets::notify::{
        testing::{note, way},
        way::Way,
    };

    #[tokio::test]
    async fn the_program_gets_title_and_address_as_arguments_and_the_text_on_stdin() {
        let folder = tempfile::TempDir::new().unwrap();
        let program = folder.path().join("apprise");
        let script = "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$0.args\"\ncat > \"$0.text\"\n\
                      case $4 in *fail*) exit 3;; esac\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let apprise = |url: &str| {
            let program = program.display();
            way(&format!(
                "to = 'apprise'\nprogram = '{program}'\nurl = '{url}'"
            ))
        };
        let mut note = note();
        note.title = "$(reboot) --config=/etc/passwd".to_owned();
        let patience = Duration::from_secs(20);
        let send = async |way| match way {
            Way::Apprise(apprise) => apprise.send(&note, patience).await,
            way => panic!("{way:?}"),
        };
        send(apprise("pover://SECRET")).await.unwrap();
        let read = |end: &str| fs::read_to_string(format!("{}.{end}", program.display())).unwrap();
        let arguments =
            "--title=$(reboot) --config=/etc/passwd\n--input-format=text\n--\npover://SECRET\n";
        assert_eq!(read("args"), arguments);
        assert_eq!(
            read("text"),
            format!("*hi* <b>\n{}", note.link.clone().unwrap())
        );
        let refused = send(apprise("fail://SECRET")).await.unwrap_err();
        assert!(
            refused.why.contains('3') && !refused.why.contains("SECRET"),
            "{refused:?}"
        );
    }
}
