//! `bili-im settings`

use bili_im_json::{SETTINGS as ALL, Setting, SettingsJson};
use bili_im_proto::{GetSettings, SetSettings, Settings as Values};

use crate::{
    active_login::ActiveLogin,
    args::{DryRun, Global},
    failure::Failure,
    json::SettingsOutput,
    output::Output,
};

/// Show or change the account's settings of private messages
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im settings
  bili-im settings set is_group_fold=on msg_notify=off")]
pub(crate) struct Settings {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show them; this is what happens without any action
    Show,
    /// Change some: on, off, or the service's own numbers
    Set {
        /// What to change
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = assignment)]
        assignments: Vec<Assignment>,
        #[command(flatten)]
        dry_run: DryRun,
    },
}

#[derive(Debug, Clone, Copy)]
struct Assignment {
    setting: &'static Setting,
    value: u32,
}

impl Settings {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let (assignments, dry_run) = match self.action {
            None | Some(Action::Show) => {
                let login = ActiveLogin::open(global, out)?;
                let settings = login.client().call(GetSettings)?;
                return out.print(&SettingsOutput(SettingsJson::from(settings)));
            }
            Some(Action::Set {
                assignments,
                dry_run,
            }) => (assignments, dry_run),
        };
        let mut values = Values::default();
        for Assignment { setting, value } in assignments {
            setting.set(&mut values, value);
        }
        let login = ActiveLogin::open_to_change(global, out)?;
        let change = SetSettings::new(values.clone());
        let flow = login.client().account().call(change);
        let changed = login.change(flow, dry_run)?;
        out.print(&changed.map(|()| SettingsOutput(SettingsJson::from(values))))
    }
}

fn assignment(text: &str) -> Result<Assignment, String> {
    let (name, value) = text.split_once('=').ok_or(text!(
        "give a setting and its value, as in is_group_fold=on",
        "请写成“设置=值”，例如 is_group_fold=on"
    ))?;
    let setting = Setting::named(name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|setting| setting.name).collect();
        format_text!(
            "there is no setting {name}; there are {}",
            "没有设置项 {name}；有 {}",
            names.join(", ")
        )
    })?;
    let value = setting.parse(value).ok_or_else(|| {
        let (on, off) = (setting.on, setting.off);
        format_text!(
            "{name} is on ({on}) or off ({off})",
            "{name} 只能是 on ({on}) 或 off ({off})"
        )
    })?;
    Ok(Assignment { setting, value })
}
