//! `/web_im/v1/web_im`.

mod send_msg;

use crate::endpoints::routes::{Route, post};

pub(in crate::endpoints) const ROUTES: &[Route] =
    &[post("/web_im/v1/web_im/send_msg", send_msg::answer)];
