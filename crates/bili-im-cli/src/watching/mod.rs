//! Commands that run until they are told to stop.

mod events;
mod stop;

pub(crate) use self::{events::Events, stop::Stop};
