//! `bili-im config`

use std::{
    env,
    fmt::{self, Display},
    process::Command,
};

use serde::Serialize;

use crate::{
    args::Global,
    config::{self, SETTINGS},
    failure::Failure,
    output::Output,
    private_file::{create_folder, folder_of},
    table::Table,
    variables,
    wording::Worded,
    words::on_one_line,
};

/// Show the settings and where each comes from, or edit the file of settings
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file, a TOML file, can have:
  lang = \"zh\"                  or \"en\"
  color = \"never\"              or \"auto\", \"always\"
  pager = \"less -FRX\"          instead of PAGER; \"\" for none
  quiet = true
  profile = \"work\"
  endpoint = \"https://…\"
  paced = true
  cookie_command = \"pass show bilibili\"
  [profiles.work]              endpoint, paced and cookie_command of a profile
  cookie_command = \"pass show work\"

Examples:
  bili-im config
  bili-im config edit
  bili-im config path")]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show them; this is what happens without any action
    Show,
    /// Print where the file is
    Path,
    /// Open the file in VISUAL or EDITOR, and check it
    Edit,
}

impl Config {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        match self.action {
            None | Some(Action::Show) => {
                config::check()?;
                out.print(&settings(global)?)
            }
            Some(Action::Path) => out.print(&PathOutput { path: path()? }),
            Some(Action::Edit) => edit(),
        }
    }
}

fn path() -> Result<String, Failure> {
    let path = config::path().ok_or_else(|| {
        Failure::other(text!("there is no home directory", "没有主目录")).advise(text!(
            "set BILI_IM_CONFIG to the path of the file",
            "用 BILI_IM_CONFIG 指定文件的路径"
        ))
    })?;
    Ok(path.display().to_string())
}

/// Opens the editor, and fails when the file is faulty afterwards.
fn edit() -> Result<(), Failure> {
    let path = path()?;
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
        let editor = env::var(name).ok()?;
        (!editor.trim().is_empty()).then_some(editor)
    });
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let cannot_edit = |error: std::io::Error| {
        let error = error.worded();
        Failure::other(format_text!(
            "{path} cannot be edited with {editor}: {error}",
            "无法用 {editor} 编辑 {path}：{error}"
        ))
        .advise(text!("set EDITOR to an editor", "用 EDITOR 指定一个编辑器"))
    };
    create_folder(folder_of(path.as_ref())).map_err(cannot_edit)?;
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).arg(&path).env_remove(variables::COOKIE);
    command.status().map_err(cannot_edit)?;
    config::recheck(path.as_ref())
}

#[derive(Serialize)]
struct PathOutput {
    path: String,
}

impl Display for PathOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&on_one_line(&self.path))
    }
}

#[derive(Serialize)]
struct SettingsOutput {
    settings: Vec<SettingOutput>,
}

/// A setting with its value, and what says so.
#[derive(Serialize)]
struct SettingOutput {
    name: &'static str,
    value: String,
    /// `option`, `environment`, `file` or `default`.
    from: &'static str,
    /// The option, the variable, or the line of the file.
    place: Option<String>,
}

fn settings(global: &Global) -> Result<SettingsOutput, Failure> {
    let profile = global.profile()?;
    let settings = SETTINGS.iter().map(|setting| {
        let name = setting.name;
        let (value, from, place) = if let Some(value) = global.option(name) {
            (value, "option", Some(format!("--{name}")))
        } else if let Some((variable, value)) = from_environment(name) {
            (value, "environment", Some(variable.to_owned()))
        } else if let Some(entry) = config::value_for(name, &profile) {
            let place = format!("{}:{}", path()?, entry.line);
            (entry.value.clone(), "file", Some(place))
        } else {
            (default(name).to_owned(), "default", None)
        };
        let is_secret = value.contains("SESSDATA") || value.contains("bili_jct");
        Ok(SettingOutput {
            name,
            value: if is_secret { "***".to_owned() } else { value },
            from,
            place,
        })
    });
    Ok(SettingsOutput {
        settings: settings.collect::<Result<_, Failure>>()?,
    })
}

fn from_environment(name: &str) -> Option<(&'static str, String)> {
    let variable = match name {
        "lang" => variables::LANGUAGE,
        "endpoint" => variables::ENDPOINT,
        "profile" => variables::PROFILE,
        "color" => "NO_COLOR",
        _ => return None,
    };
    let value = env::var(variable).ok()?;
    match name {
        "color" => Some((variable, "never".to_owned())),
        _ => Some((variable, value)).filter(|(_, value)| !value.is_empty()),
    }
}

fn default(name: &str) -> &'static str {
    match name {
        "lang" => match crate::language::current() {
            crate::language::Language::English => "en",
            crate::language::Language::Chinese => "zh",
        },
        "color" => "auto",
        "quiet" | "paced" => "false",
        "pager" => "PAGER",
        "profile" => "default",
        "endpoint" => "bilibili",
        _ => "",
    }
}

impl Display for SettingsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.settings.iter().map(|setting| {
            let from = match (&setting.place, setting.from) {
                (Some(place), _) => on_one_line(place),
                (None, _) => text!("default", "默认").to_owned(),
            };
            [setting.name.to_owned(), on_one_line(&setting.value), from]
        });
        Table::new(["SETTING", "VALUE", "FROM"], rows)
            .shorten(&["VALUE"])
            .fmt(f)
    }
}
