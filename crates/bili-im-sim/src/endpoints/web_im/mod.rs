//! `/web_im/v1/web_im`.

pub(super) mod send_msg;
