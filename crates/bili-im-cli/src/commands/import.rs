//! `bili-im import`

use std::{
    fmt::{self, Display},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use bili_im_archive::{Archive, ArchiveError, Import as Importing, ImportReport};
use serde::Serialize;

use crate::{
    archive_file::{self, ArchiveFile},
    args::Global,
    credentials,
    failure::Failure,
    output::Output,
    wording::Worded,
    words::{self, on_one_line},
};

/// How many broken lines are named.
const NAMED: usize = 10;

/// Read exported conversations into the archive
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im import backup.jsonl
  bili-im import --archive copy.db backup.jsonl
  zcat backup.jsonl.gz | bili-im import -

It reads files of `export --format jsonl`, and answers of the service as JSON, which other programs
keep. What the archive has already stays as it is; but messages that a file says are recalled lose
what they said, unless --keep-recalled is given.")]
pub(crate) struct Import {
    #[command(flatten)]
    archive: ArchiveFile,
    /// Keep what recalled messages said; those that were erased get it back if a file has it
    #[arg(long)]
    keep_recalled: bool,
    /// The files; - is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Import {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        if self
            .files
            .iter()
            .filter(|path| *path == Path::new("-"))
            .count()
            > 1
        {
            return Err(Failure::wrong_use(
                text!("stdin can be read once only", "标准输入只能读一次"),
                text!("give - once", "只写一个 -"),
            ));
        }
        // Before the archive is created.
        let files: Vec<(&Path, Box<dyn BufRead>)> = self
            .files
            .iter()
            .map(|path| open(path))
            .collect::<Result<_, _>>()?;
        let is_new = !self.archive.path(global)?.exists();
        let archive = self.archive.create(global)?;
        let mut archive = archive.keep_recalled(self.keep_recalled);
        let read = self.read_all(&mut archive, files, global, out);
        if is_new && read.is_err() {
            // Why the file is not read matters more than what is left.
            let _is_removed = archive.remove_if_empty();
        }
        let (output, is_whole) = read?;
        out.print(&output)?;
        match is_whole {
            true => Ok(()),
            false => Err(Failure::other(text!(
                "some of it could not be read",
                "有些内容无法读取"
            ))),
        }
    }

    /// Reads the files. Returns what was read, and whether that is everything.
    fn read_all(
        &self,
        archive: &mut Archive,
        files: Vec<(&Path, Box<dyn BufRead>)>,
        global: &Global,
        out: Output,
    ) -> Result<(ImportOutput, bool), Failure> {
        let mut output = ImportOutput {
            archive: archive.path().to_owned(),
            ..ImportOutput::default()
        };
        let mut importing = Importing::new();
        // Later a login of another account could not fill the archive.
        if self.archive.is_the_profiles() && archive.owner()?.is_none() {
            importing = match credentials::kept_for_service(global).and_then(|login| login.uid()) {
                Some(uid) => importing.of_account(uid),
                None => importing,
            };
        }
        let mut is_whole = true;
        for (path, mut file) in files {
            let read = importing.read(archive, &mut file);
            let report = read.map_err(|error| failure(path, &error))?;
            is_whole &= report.is_complete && report.broken == 0;
            warn(path, &report, out);
            output.messages += report.messages;
            output.known += report.known;
            output.erased += report.erased;
            output.broken += report.broken;
        }
        Ok((output, is_whole))
    }
}

/// Why a file is not read.
fn failure(path: &Path, error: &ArchiveError) -> Failure {
    let advice = match error {
        ArchiveError::Foreign { .. } => Some(text!(
            "give another archive with --archive for the file of another account",
            "导入其他账号的文件时，用 --archive 指定另一份存档"
        )),
        _ => archive_file::advice(error),
    };
    let message = format!("{}: {}", path.display(), error.worded());
    let failure = Failure::wrong_use(message, "");
    match advice {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

fn open(path: &Path) -> Result<(&Path, Box<dyn BufRead>), Failure> {
    if path == Path::new("-") {
        return Ok((path, Box::new(io::stdin().lock())));
    }
    let file = File::open(path).map_err(|error| {
        let (path, error) = (path.display(), error.worded());
        let message = format_text!("{path} cannot be read: {error}", "{path} 无法读取：{error}");
        Failure::wrong_use(message, "")
    })?;
    Ok((path, Box::new(BufReader::new(file))))
}

/// Says what could not be read.
fn warn(path: &Path, report: &ImportReport, out: Output) {
    let path = path.display();
    for line in report.broken_lines.iter().take(NAMED) {
        let reason = on_one_line(&line.reason);
        let number = line.number;
        out.warn(format_text!(
            "{path}: line {number} is broken: {reason}",
            "{path}：第 {number} 行有误：{reason}"
        ));
    }
    if report.broken > NAMED as u64 {
        let all = report.broken;
        out.warn(format_text!(
            "{path}: {all} are broken, of which these are the first",
            "{path}：共 {all} 处有误，以上是前几处"
        ));
    }
    if !report.is_complete {
        out.warn(format_text!("{path} ends early", "{path} 不完整，提前结束"));
    }
}

#[derive(Default, Serialize)]
struct ImportOutput {
    archive: PathBuf,
    messages: u64,
    known: u64,
    /// How many recalled messages lost what they said.
    erased: u64,
    broken: u64,
}

impl Display for ImportOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            archive,
            messages,
            known,
            erased,
            broken,
        } = self;
        write_text!(
            f,
            "{messages} messages are new, {known} were there already",
            "新存 {messages} 条消息，{known} 条已有"
        )?;
        if *broken > 0 {
            write_text!(
                f,
                ", {broken} lines could not be read",
                "，{broken} 行无法读取"
            )?;
        }
        if *erased > 0 {
            write!(f, "\n{}", words::erased(*erased))?;
        }
        write_text!(f, "\nin {}", "\n存于 {}", archive.display())
    }
}
