//! Why a send has no outcome, or an unwanted one.

use bili_im_json::{ErrorJson, Exit};
use serde::Serialize;
use serde_json::Value;

use crate::error::error;

/// As JSON.
pub(super) fn value(json: &impl Serialize) -> Value {
    serde_json::to_value(json).unwrap_or_default()
}

pub(super) fn under_way() -> Value {
    value(&error(
        Exit::Unconfirmed,
        "UnderWay",
        "the send is under way",
        "call again with the same idempotency_key: it is not sent twice",
    ))
}

pub(super) fn not_sent() -> ErrorJson {
    error(
        Exit::Other,
        "NotSent",
        "the message was not sent: the process ended before",
        "send it again",
    )
}

pub(super) fn unconfirmed() -> ErrorJson {
    error(
        Exit::Unconfirmed,
        "Unconfirmed",
        "it is unknown whether the message was sent",
        "look at the conversation before sending it again: it may have arrived",
    )
}

pub(super) fn key_reused() -> ErrorJson {
    error(
        Exit::WrongUse,
        "Usage",
        "this idempotency_key was used for another message",
        "give each message a key of its own",
    )
}

pub(super) fn too_many() -> ErrorJson {
    error(
        Exit::TooFast,
        "RateLimited",
        "too many sends of this account are under way; nothing was sent",
        "wait for some of them",
    )
}
