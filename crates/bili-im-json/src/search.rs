//! What a search in an archive has found.

use std::{collections::BTreeMap, ops::Range};

use bili_im_archive::{ArchivedMessage, Found, Hit, Person};
use bili_im_proto::{Talker, Uid};
use schemars::JsonSchema;
use serde::Serialize;

use crate::message::MessageJson;

/// What a search has found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SearchJson {
    hits: Vec<HitJson>,
    next: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HitJson {
    talker: Talker,
    session_name: String,
    message: Option<MessageJson>,
    /// Whether it was recalled, and what it said was kept.
    recalled: bool,
    text: String,
    places: Vec<PlaceJson>,
    before: Vec<MessageJson>,
    after: Vec<MessageJson>,
}

/// A part of a text, in characters.
#[derive(Debug, Serialize, JsonSchema)]
struct PlaceJson {
    start: usize,
    end: usize,
}

impl SearchJson {
    /// What was found, with the names of those who are known.
    pub fn new(found: &Found, people: &BTreeMap<Uid, Person>) -> Self {
        Self {
            hits: found
                .hits
                .iter()
                .map(|hit| HitJson::new(hit, people))
                .collect(),
            next: found.next.map(|next| next.to_string()),
        }
    }
}

impl HitJson {
    fn new(hit: &Hit, people: &BTreeMap<Uid, Person>) -> Self {
        let message = |archived: &ArchivedMessage| {
            let message = archived.message.as_ref()?;
            let name = people.get(&message.sender_uid);
            // What recalled messages said is in the archive only if that was asked for.
            let json = MessageJson::new(message, true);
            Some(json.with_sender_name(name.map(|person| person.name.clone())))
        };
        let places = hit.places.iter();
        Self {
            talker: hit.message.talker,
            session_name: hit.session_name.clone(),
            message: message(&hit.message),
            recalled: hit.is_recalled(),
            text: hit.text.clone(),
            places: places
                .map(|place| PlaceJson::new(&hit.text, place))
                .collect(),
            before: hit.before.iter().filter_map(message).collect(),
            after: hit.after.iter().filter_map(message).collect(),
        }
    }
}

impl PlaceJson {
    fn new(text: &str, place: &Range<usize>) -> Self {
        let characters = |end| text.get(..end).unwrap_or_default().chars().count();
        Self {
            start: characters(place.start),
            end: characters(place.end),
        }
    }
}
