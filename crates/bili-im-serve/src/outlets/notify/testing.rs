//! What the tests of the ways of notifying share.

use std::{path::Path, time::Duration};

use serde_json::Value;
use toml::Spanned;

use super::{
    service::{Note, Service},
    way::Way,
};
use crate::outlets::table::{Fields, Table};

pub(super) const TIME: Duration = Duration::from_millis(1_700_000_000_123);

/// A service with the fields of a configuration.
pub(super) fn service(fields: &str) -> Box<dyn Service> {
    match way(fields) {
        Way::Post(service) => service,
        way => panic!("{way:?}"),
    }
}

pub(super) fn way(fields: &str) -> Way {
    let fields: Spanned<Fields> = Spanned::new(0..0, toml::from_str(fields).unwrap());
    let mut table = Table::new("", Path::new("."), fields);
    let way = Way::new(&mut table).unwrap();
    table.finish().unwrap();
    assert!(!format!("{way:?}").contains("SECRET"));
    way
}

pub(super) fn note() -> Note {
    Note {
        title: "小明".to_owned(),
        text: "*hi* <b>".to_owned(),
        link: Some("https://message.bilibili.com/#/whisper/mid7".to_owned()),
    }
}

/// The address and the body of the request for the note.
pub(super) fn sent(service: &dyn Service) -> (String, Value) {
    let request = service.request(&note(), TIME).unwrap();
    assert_eq!(request.method(), "POST");
    let body = serde_json::from_slice(request.body()).unwrap();
    (request.uri().to_string(), body)
}

/// Checks which answers say that the note was taken.
pub(super) fn takes(service: &dyn Service, taken: Value, refused: Value) {
    assert_eq!(service.check(&taken), Ok(()));
    let words = service.check(&refused).unwrap_err();
    assert!(words.contains("no such"), "{words}");
    assert!(service.check(&Value::Null).is_err());
}
