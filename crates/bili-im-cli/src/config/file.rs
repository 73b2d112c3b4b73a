//! Reads the file of settings. The settings are kept until the process ends.

use std::{
    borrow::Cow,
    env,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    fault::Fault,
    setting::{SETTINGS, Scope, Setting},
};
use crate::{folders, profile_name::ProfileName};

/// The environment variable that replaces the usual path.
const PATH_VARIABLE: &str = "BILI_IM_CONFIG";

/// The most bytes of the file: more than any settings have.
const MAX_BYTES: u64 = 1 << 20;

type Key<'a> = Spanned<Cow<'a, str>>;

/// A setting in the file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The profile in whose section it is.
    profile: Option<ProfileName>,
    setting: &'static Setting,
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// Where the file is, whether or not it exists; `None` without a home directory.
pub(crate) fn path() -> Option<PathBuf> {
    match env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => Some(path.into()),
        None => Some(folders::config()?.join("config.toml")),
    }
}

/// A setting outside the sections of profiles.
pub(crate) fn value(name: &str) -> Option<&'static Entry> {
    find(name, None)
}

/// A setting of a profile: its own, or the one outside the sections when that is for it too.
pub(crate) fn value_for(name: &str, profile: &ProfileName) -> Option<&'static Entry> {
    let is_for_it = |entry: &&Entry| {
        entry.setting.scope != Scope::OneProfile || *profile == ProfileName::default()
    };
    find(name, Some(profile)).or_else(|| find(name, None).filter(is_for_it))
}

/// A setting in the section of a profile, or outside the sections. A faulty file has none.
fn find(name: &str, profile: Option<&ProfileName>) -> Option<&'static Entry> {
    let mut entries = entries().as_ref().ok()?.iter();
    entries.find(|entry| entry.setting.name == name && entry.profile.as_ref() == profile)
}

/// What the file has. It is read once.
pub(super) fn entries() -> &'static Result<Vec<Entry>, Fault> {
    static ENTRIES: OnceLock<Result<Vec<Entry>, Fault>> = OnceLock::new();
    ENTRIES.get_or_init(|| path().map_or_else(|| Ok(Vec::new()), |path| entries_in(&path)))
}

pub(super) fn entries_in(path: &Path) -> Result<Vec<Entry>, Fault> {
    match File::open(path) {
        Ok(file) => parse(&read(file)?),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(Fault::Unreadable(error)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn read(file: File) -> Result<Vec<u8>, Fault> {
    let metadata = file.metadata().map_err(Fault::Unreadable)?;
    check_writers(&metadata)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(Fault::Unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Fault::TooLong);
    }
    Ok(bytes)
}

#[cfg(unix)]
fn check_writers(metadata: &Metadata) -> Result<(), Fault> {
    use std::os::unix::fs::MetadataExt;

    if ![0, rustix::process::geteuid().as_raw()].contains(&metadata.uid()) {
        return Err(Fault::OwnedByOther);
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(Fault::WritableByOthers);
    }
    Ok(())
}

/// Without file modes, the folder decides who can write it.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
fn check_writers(_: &Metadata) -> Result<(), Fault> {
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Vec<Entry>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
    let line_at = |at: usize| bytes.iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
    let line = |key: &Key<'_>| line_at(key.span().start);
    let table = DeTable::parse(text).map_err(|error| Fault::Syntax {
        line: line_at(error.span().unwrap_or_default().start),
        words: error.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        match value.get_ref() {
            DeValue::Table(sections) if key.get_ref() == "profiles" => {
                for (key, section) in sections {
                    let profile = ProfileName::new(key.get_ref());
                    let (Some(profile), DeValue::Table(section)) = (profile, section.get_ref())
                    else {
                        let name = format!("profiles.{}", key.get_ref());
                        return Err(Fault::Section {
                            line: line(key),
                            name,
                        });
                    };
                    for (key, value) in section {
                        entries.push(entry(Some(&profile), key, value, line(key))?);
                    }
                }
            }
            DeValue::Table(_) => {
                let name = key.get_ref().to_string();
                return Err(Fault::Section {
                    line: line(key),
                    name,
                });
            }
            _ => entries.push(entry(None, key, value, line(key))?),
        }
    }
    Ok(entries)
}

fn entry(
    profile: Option<&ProfileName>,
    key: &Key<'_>,
    value: &Spanned<DeValue<'_>>,
    line: usize,
) -> Result<Entry, Fault> {
    let name = key.get_ref().to_string();
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
        return Err(Fault::Unknown { line, name });
    };
    if profile.is_some() && setting.scope == Scope::Program {
        return Err(Fault::NotForProfiles { line, name });
    }
    let Some(value) = setting.read(value.get_ref()) else {
        return Err(Fault::Value { line, setting });
    };
    Ok(Entry {
        profile: profile.cloned(),
        setting,
        value,
        line,
    })
}
