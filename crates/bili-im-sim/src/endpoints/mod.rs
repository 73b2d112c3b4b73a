//! The endpoints: each has its own file, in folders named after the service's paths.

mod prelude;
mod routes;

mod account {
    pub(super) mod user {
        pub(crate) mod cards;
    }
}
mod link_setting {
    pub(super) mod get;
    pub(super) mod get_msg_dnd;
    pub(super) mod get_session_ss;
    pub(super) mod is_limit;
    pub(super) mod set;
    pub(super) mod set_msg_dnd;
    pub(super) mod set_push_ss;
}
mod login {
    pub(super) mod exit {
        pub(crate) mod v2;
    }
}
mod session_svr {
    pub(super) mod ack_sessions;
    pub(super) mod batch_rm_dustbin;
    pub(super) mod batch_update_dustbin_ack;
    pub(super) mod get_sessions;
    pub(super) mod my_group_unread;
    pub(super) mod new_sessions;
    pub(super) mod remove_session;
    pub(super) mod session_detail;
    pub(super) mod set_top;
    pub(super) mod single_unread;
    pub(super) mod update_ack;
    pub(super) mod update_intercept;
}
mod svr_sync {
    pub(super) mod fetch_session_msgs;
}
mod web_im {
    mod content;
    mod fields;
    pub(super) mod send_msg;
    #[cfg(test)]
    mod tests;
}
mod x {
    pub(super) mod dynamic {
        pub(crate) mod feed {
            pub(crate) mod draw {
                mod picture;
                pub(crate) mod upload_bfs;
            }
        }
    }
    pub(super) mod frontend {
        pub(crate) mod finger {
            pub(crate) mod spi;
        }
    }
    pub(super) mod im {
        pub(crate) mod auto_reply {
            pub(crate) mod del_reply_text;
            pub(crate) mod get_reply_text;
            pub(crate) mod set_reply_text;
        }
        pub(crate) mod link_setting {
            pub(crate) mod add_block_word;
            pub(crate) mod del_block_word;
            pub(crate) mod get_block_words;
        }
        pub(crate) mod user_infos;
    }
    pub(super) mod passport_login {
        pub(crate) mod web {
            pub(crate) mod cross_domain;
            mod login_cookies;
            pub(crate) mod qrcode {
                pub(crate) mod generate;
                pub(crate) mod poll;
            }
        }
    }
    pub(super) mod web_interface {
        pub(crate) mod nav;
    }
}

pub(crate) use self::routes::paths;
pub(crate) use self::routes::{Found, find, name};
