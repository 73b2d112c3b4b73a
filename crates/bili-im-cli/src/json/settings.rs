//! The account's settings for private messages, as people see them.

use std::fmt::{self, Display};

use bili_im_json::SettingsJson;
use serde::Serialize;

/// Settings.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct SettingsOutput(pub(crate) SettingsJson);

impl Display for SettingsOutput {
    /// One line for each setting that is not `null`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (setting, value)) in self.0.known().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let word = match value {
                _ if value == setting.on => "on",
                _ if value == setting.off => "off",
                _ => "?",
            };
            write!(f, "{} {word} ({value})", setting.name)?;
        }
        Ok(())
    }
}
