//! `/rpc`: JSON-RPC 2.0. One table of methods gives the calls, the description and the page of
//! docs.

mod call;
mod envelope;
mod methods;
mod reference;
mod table;

pub(crate) use self::envelope::http;
pub use self::reference::reference;
