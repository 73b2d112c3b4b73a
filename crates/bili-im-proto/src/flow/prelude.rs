//! What nearly every flow uses.

pub(super) use crate::{
    account::Account,
    error::Error,
    flow::{io::Io, run::Flow},
    ids::{Seqno, Talker, Uid},
    time::{Monotonic, UnixMicros, UnixSeconds},
};
