//! Short names for the simulated service's faults.

use bili_im_sim::faults::{Kind, PageBody};

/// A refusal with a code.
pub fn code(code: i32) -> Kind {
    let message = None;
    Kind::Code { code, message }
}

/// A page of HTML with an HTTP status.
pub fn http(status: u16) -> Kind {
    Kind::Http {
        status,
        body: PageBody::Html,
        retry_after: None,
    }
}
