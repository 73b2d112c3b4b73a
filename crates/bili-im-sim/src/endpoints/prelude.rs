//! What every endpoint needs: the call, what it answers, and the ids in it.

pub(super) use serde_json::json;

pub(super) use crate::{
    answer::{Answer, Data, Refusal},
    call::{Call, talker},
    codes::BAD_REQUEST,
    ids::{GroupId, Seqno, Talker, Uid},
};
