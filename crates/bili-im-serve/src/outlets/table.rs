//! One table of the configuration: its fields are taken one by one, so that each kind of outlet
//! says which it has.

use std::{
    collections::BTreeMap,
    fmt, fs,
    net::IpAddr,
    ops::Range,
    path::{Path, PathBuf},
};

use bili_im_proto::Secret;
use http::Uri;
use serde::de::DeserializeOwned;
use toml::{Spanned, Value};

use crate::{
    program,
    toml_file::Fault,
    words::{Words, words},
};

/// The most bytes of a file with a secret.
const MOST: u64 = 16 << 10;

/// What a field can be, in English and in Chinese. `{name} is …`, `{name} 应为…`.
type What<'a> = (&'a str, &'a str);

/// What an address can be.
const ADDRESS: What<'_> = ("an address, https://…", "地址，https://…");

pub(crate) type Fields = BTreeMap<String, Spanned<Value>>;

/// A table of the configuration.
pub(crate) struct Table<'a> {
    text: &'a str,
    folder: &'a Path,
    span: Range<usize>,
    fields: Fields,
    spans: BTreeMap<String, Range<usize>>,
    known: Vec<String>,
    /// What makes two tables the same, files with secrets included.
    pub(crate) same: Same,
    /// Whether a secret is in the configuration itself.
    pub(crate) has_secrets: bool,
}

/// The fields of a table with their values. They have secrets, which are never shown.
#[derive(PartialEq, Default)]
pub(crate) struct Same(Vec<(String, Value)>);

impl fmt::Debug for Same {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Same")
    }
}

impl<'a> Table<'a> {
    pub(crate) fn new(text: &'a str, folder: &'a Path, table: Spanned<Fields>) -> Self {
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
            same: Same::default(),
            has_secrets: false,
        }
    }

    /// A fault of a field; of the table when it lacks the field.
    pub(crate) fn fault(&self, name: &str, problem: Words) -> Fault {
        let span = self.spans.get(name).unwrap_or(&self.span);
        Fault::at(self.text, span.clone(), problem)
    }

    /// A fault of a field that is something else than `what`.
    pub(crate) fn wrong(&self, name: &str, (english, chinese): What<'_>) -> Fault {
        self.fault(name, words!("{name} is {english}", "{name} 应为{chinese}"))
    }

    /// A field. `what` says what it can be.
    pub(crate) fn take<T: DeserializeOwned>(
        &mut self,
        name: &str,
        what: What<'_>,
    ) -> Result<Option<T>, Fault> {
        self.known.push(name.to_owned());
        let Some(value) = self.fields.remove(name) else {
            return Ok(None);
        };
        let value = value.into_inner();
        self.same.0.push((name.to_owned(), value.clone()));
        let taken = value.try_into();
        taken.map(Some).map_err(|_| self.wrong(name, what))
    }

    /// A field that is true or false.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        self.take(name, ("true or false", "布尔值 true 或 false"))
    }

    /// A list that is left out to mean all. An empty one is most likely a mistake.
    pub(crate) fn list<T: DeserializeOwned>(
        &mut self,
        name: &str,
        what: What<'_>,
    ) -> Result<Vec<T>, Fault> {
        match self.take::<Vec<T>>(name, what)? {
            Some(list) if list.is_empty() => Err(self.fault(
                name,
                words!(
                    "{name} is empty: leave it out to mean all",
                    "{name} 是空的：不限制就不要写"
                ),
            )),
            list => Ok(list.unwrap_or_default()),
        }
    }

    /// A field that must be there.
    pub(crate) fn need<T: DeserializeOwned>(
        &mut self,
        name: &str,
        what: What<'_>,
    ) -> Result<T, Fault> {
        let taken = self.take(name, what)?;
        taken.ok_or_else(|| {
            let (english, chinese) = what;
            let problem = words!(
                "{name} is missing: it is {english}",
                "缺少 {name}：{chinese}"
            );
            self.fault(name, problem)
        })
    }

    /// Where a program is that a field names.
    pub(crate) fn locate(&self, program: &str) -> PathBuf {
        program::locate(self.folder, program)
    }

    /// A secret: the field itself, or the content of the file that `NAME_file` names.
    pub(super) fn secret(&mut self, name: &str, what: What<'_>) -> Result<Option<Secret>, Fault> {
        let file = format!("{name}_file");
        let text: Option<String> = self.take(name, what)?;
        let path: Option<String> = self.take(&file, ("the path of a file", "文件的路径"))?;
        self.has_secrets |= text.is_some();
        let text = match (text, path) {
            (Some(_), Some(_)) => {
                let problem = words!(
                    "give {name} or {file}, not both",
                    "{name} 和 {file} 只能写一个"
                );
                return Err(self.fault(&file, problem));
            }
            (None, Some(path)) => {
                let read = read_private(&self.folder.join(path));
                let text = read.map_err(|problem| self.fault(&file, problem))?;
                self.same
                    .0
                    .push((file.clone(), Value::String(text.clone())));
                Some(text)
            }
            (text, None) => text,
        };
        match text {
            Some(text) if text.is_empty() => {
                Err(self.fault(name, words!("{name} is empty", "{name} 是空的")))
            }
            text => Ok(text.map(Secret::new)),
        }
    }

    /// A secret that must be there.
    pub(super) fn need_secret(&mut self, name: &str, what: What<'_>) -> Result<Secret, Fault> {
        let secret = self.secret(name, what)?;
        secret.ok_or_else(|| {
            let (english, chinese) = what;
            let problem = words!(
                "{name} is missing: it is {english}; or give {name}_file",
                "缺少 {name}：{chinese}；也可以写 {name}_file"
            );
            self.fault(name, problem)
        })
    }

    /// An address that must be there, with what is secret in it.
    pub(super) fn address(&mut self) -> Result<Secret, Fault> {
        let address = self.need_secret("url", ADDRESS)?;
        self.check_address("url", address.expose())?;
        Ok(address)
    }

    /// The address of a server, without a slash at its end.
    pub(super) fn server(&mut self, usual: Option<&str>) -> Result<String, Fault> {
        let server: String = match usual {
            Some(usual) => self
                .take("server", ADDRESS)?
                .unwrap_or_else(|| usual.to_owned()),
            None => self.need("server", ADDRESS)?,
        };
        self.check_address("server", &server)?;
        Ok(server.trim_end_matches('/').to_owned())
    }

    fn check_address(&mut self, name: &str, address: &str) -> Result<(), Fault> {
        let allows_http = self.flag("allow_http")?;
        let uri: Option<Uri> = address.parse().ok();
        let parts = uri
            .as_ref()
            .and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
        match parts {
            Some(("https", _)) => Ok(()),
            Some(("http", host)) if is_loopback(host) || allows_http == Some(true) => Ok(()),
            Some(("http", _)) => {
                let problem = words!(
                    "http:// is read by everyone on the way: use https://, or say allow_http = true",
                    "http:// 在途中谁都能读到：改用 https://，或写上 allow_http = true"
                );
                Err(self.fault(name, problem))
            }
            _ => Err(self.wrong(name, ADDRESS)),
        }
    }

    /// Refuses fields that nobody has asked for.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        let Some(name) = self.fields.keys().next() else {
            return Ok(());
        };
        let known = self.known.join(", ");
        let problem = words!(
            "there is no field {name}; there are: {known}",
            "没有 {name} 这个字段；可用的有：{known}"
        );
        Err(self.fault(name, problem))
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
fn read_private(path: &Path) -> Result<String, Words> {
    let unusable = |error: std::io::Error| {
        words!(
            "the file cannot be read: {error}",
            "读不了这个文件（{error}）"
        )
    };
    let metadata = fs::metadata(path).map_err(unusable)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(words!(
            "others can read the file: chmod 600",
            "其他用户能读取这个文件：chmod 600"
        ));
    }
    if metadata.len() > MOST {
        return Err(words!(
            "the file is too long for a secret",
            "文件太长，不像密钥"
        ));
    }
    let text = fs::read_to_string(path).map_err(unusable)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
