//! Reads the file of settings, once in a process.

use std::{
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
    setting::{SETTINGS, Setting},
};
use crate::{failure::Failure, profile_name::ProfileName, profiles};

/// The environment variable with the path, instead of the platform's.
const VARIABLE: &str = "BILI_IM_CONFIG";

/// The most bytes of the file: more than any settings have.
const MOST: u64 = 1 << 20;

/// A setting in the file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The profile in whose section it is.
    profile: Option<String>,
    name: &'static str,
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// Where the file is, whether or not it exists; `None` without a home directory.
pub(crate) fn path() -> Option<PathBuf> {
    match env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => Some(path.into()),
        None => Some(profiles::config_dir()?.join("config.toml")),
    }
}

/// Fails when the file is faulty.
pub(crate) fn check() -> Result<(), Failure> {
    match (entries(), path()) {
        (Err(fault), Some(path)) => Err(fault.failure(&path)),
        _ => Ok(()),
    }
}

/// Fails when the file is faulty by now.
pub(crate) fn check_anew(path: &Path) -> Result<(), Failure> {
    entries_in(path)
        .map(drop)
        .map_err(|fault| fault.failure(path))
}

/// A setting outside the sections of profiles. A faulty file has none.
pub(crate) fn value(name: &str) -> Option<&'static Entry> {
    find(name, None)
}

/// A setting of a profile, else the one for all.
pub(crate) fn value_for(name: &str, profile: &ProfileName) -> Option<&'static Entry> {
    find(name, Some(profile.as_str())).or_else(|| find(name, None))
}

/// A setting of a profile. Those outside the sections are of the default profile.
pub(crate) fn of_profile(name: &str, profile: &ProfileName) -> Option<&'static Entry> {
    let own = find(name, Some(profile.as_str()));
    own.or_else(|| find(name, None).filter(|_| *profile == ProfileName::default()))
}

fn find(name: &str, profile: Option<&str>) -> Option<&'static Entry> {
    let mut entries = entries().as_ref().ok()?.iter();
    entries.find(|entry| entry.name == name && entry.profile.as_deref() == profile)
}

fn entries() -> &'static Result<Vec<Entry>, Fault> {
    static ENTRIES: OnceLock<Result<Vec<Entry>, Fault>> = OnceLock::new();
    ENTRIES.get_or_init(|| path().map_or_else(|| Ok(Vec::new()), |path| entries_in(&path)))
}

fn entries_in(path: &Path) -> Result<Vec<Entry>, Fault> {
    match File::open(path) {
        Ok(file) => parse(&read(file)?),
        Err(error) if is_nothing(&error) => Ok(Vec::new()),
        Err(error) => Err(Fault::Unreadable(error)),
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn read(file: File) -> Result<Vec<u8>, Fault> {
    let metadata = file.metadata().map_err(Fault::Unreadable)?;
    if can_others_write(&metadata) {
        return Err(Fault::Writable);
    }
    let mut bytes = Vec::new();
    let read = file.take(MOST).read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(Fault::Unreadable)
}

#[cfg(unix)]
fn can_others_write(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    let owners = [0, rustix::process::geteuid().as_raw()];
    !owners.contains(&metadata.uid()) || metadata.mode() & 0o022 != 0
}

/// Without file modes, the folder decides who can write it.
#[cfg(not(unix))]
fn can_others_write(_: &Metadata) -> bool {
    false
}

fn parse(bytes: &[u8]) -> Result<Vec<Entry>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
    let line = |at: usize| bytes.iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| Fault::Syntax {
        line: line(error.span().unwrap_or_default().start),
        words: error.message().to_owned(),
    })?;
    let mut entries = Vec::new();
    for (name, value) in table.get_ref() {
        let place = line(name.span().start);
        let name = name.get_ref();
        match value.get_ref() {
            DeValue::Table(sections) if name == "profiles" => {
                for (profile, section) in sections {
                    let place = line(profile.span().start);
                    let profile = profile.get_ref();
                    let DeValue::Table(section) = section.get_ref() else {
                        let name = format!("profiles.{profile}");
                        return Err(Fault::Section { line: place, name });
                    };
                    for (name, value) in section {
                        let place = line(name.span().start);
                        entries.push(entry(Some(profile), name.get_ref(), value, place)?);
                    }
                }
            }
            DeValue::Table(_) => {
                let name = name.to_string();
                return Err(Fault::Section { line: place, name });
            }
            _ => entries.push(entry(None, name, value, place)?),
        }
    }
    Ok(entries)
}

fn entry(
    profile: Option<&str>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
    line: usize,
) -> Result<Entry, Fault> {
    let is_it = |setting: &&Setting| setting.name == name;
    let Some(setting) = SETTINGS.iter().find(is_it) else {
        let name = name.to_owned();
        return Err(Fault::Unknown { line, name });
    };
    if profile.is_some() && !setting.is_for_profiles {
        let name = name.to_owned();
        return Err(Fault::NotForProfiles { line, name });
    }
    let Some(value) = setting.read(value.get_ref()) else {
        return Err(Fault::Value { line, setting });
    };
    Ok(Entry {
        profile: profile.map(str::to_owned),
        name: setting.name,
        value,
        line,
    })
}
