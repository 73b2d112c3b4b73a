//! `/web_im/v1/web_im`.

mod content;
mod fields;
mod send_msg;
#[cfg(test)]
mod tests;

use crate::endpoints::routes::{Route, post};

pub(in crate::endpoints) const ROUTES: &[Route] =
    &[post("/web_im/v1/web_im/send_msg", send_msg::answer)];
