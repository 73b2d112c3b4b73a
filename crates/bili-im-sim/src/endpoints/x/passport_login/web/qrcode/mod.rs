//! `/x/passport-login/web/qrcode`.

mod generate;
mod poll;

use crate::endpoints::routes::{Route, get};

pub(in crate::endpoints) const ROUTES: &[Route] = &[
    get("/x/passport-login/web/qrcode/generate", generate::answer),
    get("/x/passport-login/web/qrcode/poll", poll::answer),
];
