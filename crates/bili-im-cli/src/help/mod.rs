//! The help, and what clap says of wrong arguments, in the language of the user.

mod chinese;
mod groups;
mod page;
mod texts;
mod usage;

pub(crate) use self::{
    chinese::headings,
    page::{described, for_help, print},
    usage::wrong_arguments,
};
