//! `/rpc`: JSON-RPC 2.0. One table of methods gives the calls, the description and the page of
//! docs.

mod call;
mod envelope;
mod method;
mod methods;
mod param;
mod reference;
mod stream;
mod table;

pub use self::table::reference;
pub(crate) use self::{
    call::{Call, Fault},
    envelope::http,
    stream::socket,
};
