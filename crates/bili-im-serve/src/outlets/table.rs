//! One table of the configuration: its fields are taken one by one, so that each kind of outlet
//! says which it has.

use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    ops::Range,
    path::{Path, PathBuf},
};

use http::Uri;
use serde::de::DeserializeOwned;
use toml::{Spanned, Value};

use super::secret::Secret;
use crate::{program, toml_file::Fault};

/// The most bytes of a file with a secret.
const MOST: u64 = 16 << 10;

pub(super) type Fields = BTreeMap<String, Spanned<Value>>;

/// A table of the configuration.
pub(crate) struct Table<'a> {
    text: &'a str,
    folder: &'a Path,
    span: Range<usize>,
    fields: Fields,
    spans: BTreeMap<String, Range<usize>>,
    known: Vec<String>,
    /// What makes two tables the same, files with secrets included.
    pub(super) same: Vec<(String, Value)>,
    /// Whether a secret is in the configuration itself.
    pub(super) has_secrets: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(text: &'a str, folder: &'a Path, table: Spanned<Fields>) -> Self {
        let span = table.span();
        let fields = table.into_inner();
        let spans = fields.iter();
        Self {
            text,
            folder,
            span,
            spans: spans
                .map(|(name, value)| (name.clone(), value.span()))
                .collect(),
            fields,
            known: Vec::new(),
            same: Vec::new(),
            has_secrets: false,
        }
    }

    /// A fault of a field; of the table when it lacks the field.
    pub(crate) fn fault(&self, name: &str, problem: impl Into<String>) -> Fault {
        let span = self.spans.get(name).unwrap_or(&self.span);
        Fault::at(self.text, span.clone(), problem)
    }

    /// A field. `what` says what it can be.
    pub(crate) fn take<T: DeserializeOwned>(
        &mut self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, Fault> {
        self.known.push(name.to_owned());
        let Some(value) = self.fields.remove(name) else {
            return Ok(None);
        };
        let value = value.into_inner();
        self.same.push((name.to_owned(), value.clone()));
        let taken = value.try_into();
        taken
            .map(Some)
            .map_err(|_| self.fault(name, format!("{name} is {what}")))
    }

    /// A field that must be there.
    pub(super) fn need<T: DeserializeOwned>(&mut self, name: &str, what: &str) -> Result<T, Fault> {
        let taken = self.take(name, what)?;
        taken.ok_or_else(|| self.fault(name, format!("{name} is missing: it is {what}")))
    }

    /// Where a program is that a field names.
    pub(crate) fn locate(&self, program: &str) -> PathBuf {
        program::locate(self.folder, program)
    }

    /// A secret: the field itself, or the content of the file that `NAME_file` names.
    pub(super) fn secret(&mut self, name: &str, what: &str) -> Result<Option<Secret>, Fault> {
        let file = format!("{name}_file");
        let text: Option<String> = self.take(name, what)?;
        let path: Option<String> = self.take(&file, "the path of a file")?;
        self.has_secrets |= text.is_some();
        let text = match (text, path) {
            (Some(_), Some(_)) => {
                return Err(self.fault(&file, format!("give {name} or {file}, not both")));
            }
            (None, Some(path)) => {
                let read = read_private(&self.folder.join(path));
                let text = read.map_err(|problem| self.fault(&file, problem))?;
                self.same.push((file.clone(), Value::String(text.clone())));
                Some(text)
            }
            (text, None) => text,
        };
        match text {
            Some(text) if text.is_empty() => Err(self.fault(name, format!("{name} is empty"))),
            text => Ok(text.map(Secret::from)),
        }
    }

    /// A secret that must be there.
    pub(super) fn need_secret(&mut self, name: &str, what: &str) -> Result<Secret, Fault> {
        let secret = self.secret(name, what)?;
        secret.ok_or_else(|| {
            let problem = format!("{name} is missing: it is {what}; or give {name}_file");
            self.fault(name, problem)
        })
    }

    /// An address that must be there, with what is secret in it.
    pub(super) fn address(&mut self) -> Result<Secret, Fault> {
        let address = self.need_secret("url", "an address, https://…")?;
        self.check_address("url", address.expose())?;
        Ok(address)
    }

    /// The address of a server, without a slash at its end.
    pub(super) fn server(&mut self, usual: Option<&str>) -> Result<String, Fault> {
        let what = "an address, https://…";
        let server: String = match usual {
            Some(usual) => self
                .take("server", what)?
                .unwrap_or_else(|| usual.to_owned()),
            None => self.need("server", what)?,
        };
        self.check_address("server", &server)?;
        Ok(server.trim_end_matches('/').to_owned())
    }

    fn check_address(&mut self, name: &str, address: &str) -> Result<(), Fault> {
        let allows_http: Option<bool> = self.take("allow_http", "true or false")?;
        let uri: Option<Uri> = address.parse().ok();
        let parts = uri
            .as_ref()
            .and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
        match parts {
            Some(("https", _)) => Ok(()),
            Some(("http", host)) if is_loopback(host) || allows_http == Some(true) => Ok(()),
            Some(("http", _)) => {
                let words = "http:// is read by everyone on the way: use https://, or say allow_http = true";
                Err(self.fault(name, words))
            }
            _ => Err(self.fault(name, format!("{name} is an address, https://…"))),
        }
    }

    /// Refuses fields that nobody has asked for.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        let Some(name) = self.fields.keys().next() else {
            return Ok(());
        };
        let known = self.known.join(", ");
        Err(self.fault(
            name,
            format!("there is no field {name}; there are: {known}"),
        ))
    }
}

/// Whether a host, as it stands in an address, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The first line of a file that only its owner can read.
fn read_private(path: &Path) -> Result<String, String> {
    let unusable = |error: std::io::Error| format!("the file cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(unusable)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err("others can read the file: chmod 600".to_owned());
    }
    if metadata.len() > MOST {
        return Err("the file is too long for a secret".to_owned());
    }
    let text = fs::read_to_string(path).map_err(unusable)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
