//! `bili-im export`

use std::{
    fmt::{self, Display},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use bili_im_archive::{
    Archive, ArchiveError, Export as Exporting, ExportReport, PageFiles, Pictures,
};
use bili_im_proto::Talker;
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    archive_file::ArchiveFile,
    args::Global,
    completeness,
    failure::Failure,
    language::{self, Language},
    output::Output,
    private_file::make_folder,
    selection::{Conversations, Period},
    whole_file::{self, Finished, WholeFile},
    words,
};

/// The folder with the pictures beside the pages.
const MEDIA: &str = "media";

/// Write conversations of the archive into files to read, print or keep
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im export --format html --out conversations
  bili-im export --format txt --with 10002 --from 2026-01-01 | less
  bili-im export --format jsonl --out backup.jsonl

jsonl is a copy of the archive: `bili-im import` reads it again. It has the service's own accounts
too, and what was kept of recalled messages.")]
pub(crate) struct Export {
    #[command(flatten)]
    archive: ArchiveFile,
    /// What to write
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Format,
    /// The file to write, instead of stdout; of html the folder
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    conversations: Conversations,
    #[command(flatten)]
    period: Period,
    /// With the service's own accounts
    #[arg(long)]
    system: bool,
    /// Show what recalled messages said, if it was kept
    #[arg(long)]
    recalled: bool,
    /// Where the pages have their pictures, if `sync --media` saved them
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Place::Inside)]
    pictures: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Pages of chat bubbles, for a browser
    Html,
    /// A copy of the archive, to import again
    Jsonl,
    /// A table, for spreadsheets
    Csv,
    /// Markdown
    Md,
    /// Plain text
    Txt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Place {
    /// In the pages themselves
    Inside,
    /// In a folder beside the pages
    Beside,
    /// Nowhere: as links
    None,
}

impl Export {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let archive = self.archive.open(global)?;
        if let Some(out) = &self.out
            && is_of_archive(out, archive.path())
        {
            return Err(Failure::wrong_use(
                text!("that is the archive itself", "那是存档自己的文件"),
                text!("give another path", "换一个路径"),
            ));
        }
        let export = self.export(&archive)?;
        let report = match &self.out {
            Some(folder) if self.format == Format::Html => self.pages(&archive, &export, folder)?,
            Some(path) => {
                let mut file = WholeFile::create(path, self.force)?;
                let report = self.write(&archive, &export, &mut file)?;
                let written = file.finish().and_then(Finished::keep);
                written.map_err(ArchiveError::Output)?;
                report
            }
            None => {
                self.print(&archive, &export)?;
                return self.warn(&archive, global, out);
            }
        };
        self.warn(&archive, global, out)?;
        out.print(&ExportOutput {
            out: self.out.unwrap_or_default(),
            sessions: report.sessions,
            messages: report.messages,
            left_out: report.left_out,
        })
    }

    /// Warns when the archive lacks something of what was exported.
    fn warn(&self, archive: &Archive, global: &Global, out: Output) -> Result<(), Failure> {
        let talkers: Vec<Talker> = self.conversations.talkers().collect();
        completeness::warn(archive, &talkers, self.period.from(), global, out)
    }

    fn export(&self, archive: &Archive) -> Result<Exporting, Failure> {
        let folder = archive.media_folder();
        let pictures = match self.pictures {
            Place::Inside => Pictures::Inside { folder },
            Place::Beside => Pictures::Beside {
                folder,
                path: MEDIA.to_owned(),
            },
            Place::None => Pictures::None,
        };
        Ok(Exporting::of(self.conversations.talkers())
            .during(self.period.range()?)
            .with_service(self.system || self.format == Format::Jsonl)
            .show_recalled(self.recalled)
            .pictures(pictures)
            .language(match language::of_user() {
                Language::Chinese => bili_im_archive::Language::Chinese,
                Language::English => bili_im_archive::Language::English,
            }))
    }

    fn write(
        &self,
        archive: &Archive,
        export: &Exporting,
        out: &mut dyn Write,
    ) -> Result<ExportReport, Failure> {
        Ok(match self.format {
            Format::Html => {
                return Err(Failure::wrong_use(
                    text!("html is more than one file", "html 不止一个文件"),
                    text!("give a folder with --out", "用 --out 指定一个文件夹"),
                ));
            }
            Format::Jsonl => export.jsonl(archive, bili_im_ureq::now().unix.seconds(), out)?,
            Format::Csv => export.csv(archive, out)?,
            Format::Md => export.markdown(archive, out)?,
            Format::Txt => export.text(archive, out)?,
        })
    }

    /// Writes to stdout.
    fn print(&self, archive: &Archive, export: &Exporting) -> Result<(), Failure> {
        let stdout = io::stdout().lock();
        // It has what strangers wrote, as they wrote it.
        if self.format == Format::Jsonl && stdout.is_terminal() {
            return Err(Failure::wrong_use(
                text!("jsonl is not for terminals", "jsonl 不适合输出到终端"),
                text!(
                    "give a file with --out, or redirect it",
                    "用 --out 指定文件，或重定向输出"
                ),
            ));
        }
        let mut out = Piped(io::BufWriter::new(stdout));
        self.write(archive, export, &mut out)?;
        out.flush()
            .map_err(|error| ArchiveError::Output(error).into())
    }

    fn pages(
        &self,
        archive: &Archive,
        export: &Exporting,
        folder: &Path,
    ) -> Result<ExportReport, Failure> {
        make_folder(folder)?;
        let mut pages = Pages {
            folder,
            media: archive.media_folder(),
            replaces: self.force,
            finished: Vec::new(),
            refused: None,
        };
        let report = export.html(archive, &mut pages);
        if let Some(refused) = pages.refused {
            return Err(refused);
        }
        let report = report?;
        let mut finished = pages.finished.into_iter();
        finished
            .try_for_each(Finished::keep)
            .map_err(ArchiveError::Output)?;
        Ok(report)
    }
}

/// Whether a path is the archive's file, or one beside it that belongs to it.
fn is_of_archive(path: &Path, archive: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (path, archive) = (whole(path), whole(archive));
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let belongs = |suffix: &&str| name(&path) == name(&archive) + *suffix;
    path.parent() == archive.parent() && ["", "-wal", "-shm", "-lock", "-media"].iter().any(belongs)
}

/// Stdout. A reader that closes the pipe early is no error: the rest goes nowhere.
struct Piped<W>(W);

impl<W: Write> Write for Piped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

/// The pages in a folder. They get their names when all are written.
struct Pages<'a> {
    folder: &'a Path,
    media: PathBuf,
    replaces: bool,
    finished: Vec<Finished>,
    /// Why a page was not created.
    refused: Option<Failure>,
}

impl PageFiles for Pages<'_> {
    type File = WholeFile;

    fn create(&mut self, name: &str) -> io::Result<WholeFile> {
        WholeFile::create(&self.folder.join(name), self.replaces).map_err(|failure| {
            self.refused = Some(failure);
            io::ErrorKind::AlreadyExists.into()
        })
    }

    fn finish(&mut self, file: WholeFile) -> io::Result<()> {
        self.finished.push(file.finish()?);
        Ok(())
    }

    fn show(&mut self, path: &str) -> io::Result<()> {
        whole_file::copy(&self.media.join(path), &self.folder.join(MEDIA).join(path))
    }
}

#[derive(Serialize)]
struct ExportOutput {
    out: PathBuf,
    sessions: u64,
    messages: u64,
    left_out: u64,
}

impl Display for ExportOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (messages, conversations) = (
            words::messages(self.messages),
            words::conversations(self.sessions),
        );
        let (out, left_out) = (self.out.display(), &self.left_out);
        write_text!(
            f,
            "{messages} of {conversations}\nin {out}",
            "{conversations}的 {messages}\n存于 {out}"
        )?;
        if *left_out > 0 {
            write_text!(
                f,
                "\nwithout {left_out} with the service's own accounts (--system)",
                "\n未含 {left_out} 个与官方账号的会话（--system）"
            )?;
        }
        Ok(())
    }
}
