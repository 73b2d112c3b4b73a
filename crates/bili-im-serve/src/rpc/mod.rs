//! `/rpc`: JSON-RPC 2.0. One table of methods gives the calls, the description and the page of
//! docs.

mod call;
mod envelope;
mod methods;
mod reference;
mod stream;
mod table;

pub use self::reference::reference;
pub(crate) use self::{
    call::{Call, Fault},
    envelope::http,
    stream::socket,
};
