//! The settings that the file can have.

use bili_im_proto::Origin;
use toml::de::DeValue;

use crate::profile_name::ProfileName;

/// A setting of the file.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(super) scope: Scope,
    pub(super) kind: Kind,
}

/// What a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The program. The section of a profile cannot have it.
    Program,
    /// Each profile. Outside the sections it is for all profiles.
    Profiles,
    /// One profile. Outside the sections it is for the default profile.
    OneProfile,
}

#[derive(Debug)]
pub(super) enum Kind {
    OneOf(&'static [&'static str]),
    Switch,
    Endpoint,
    Profile,
    Text,
}

/// All settings.
pub(crate) const SETTINGS: [Setting; 8] = [
    setting("lang", Scope::Program, Kind::OneOf(&["zh", "en"])),
    setting(
        "color",
        Scope::Program,
        Kind::OneOf(&["auto", "always", "never"]),
    ),
    setting("quiet", Scope::Program, Kind::Switch),
    setting("pager", Scope::Program, Kind::Text),
    setting("profile", Scope::Program, Kind::Profile),
    setting("endpoint", Scope::Profiles, Kind::Endpoint),
    setting("paced", Scope::Profiles, Kind::Switch),
    setting("cookie_command", Scope::OneProfile, Kind::Text),
];

const fn setting(name: &'static str, scope: Scope, kind: Kind) -> Setting {
    Setting { name, scope, kind }
}

impl Setting {
    /// The value as a text; `None` when it is not allowed. Makes no words, since the language can be
    /// in the same file.
    pub(super) fn read(&self, value: &DeValue<'_>) -> Option<String> {
        if let Kind::Switch = self.kind {
            return value.as_bool().map(|is_on| is_on.to_string());
        }
        let text = value.as_str()?;
        let is_allowed = match self.kind {
            Kind::OneOf(known) => known.contains(&text),
            Kind::Endpoint => text.parse::<Origin>().is_ok(),
            Kind::Profile => ProfileName::new(text).is_some(),
            Kind::Switch | Kind::Text => true,
        };
        is_allowed.then(|| text.to_owned())
    }
}
