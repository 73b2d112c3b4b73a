//! Lenient deserialization: odd values in fields that are not needed do not fail the whole answer
//! (docs/protocol.md §3).
//!
//! The service sends numbers as strings, booleans as 0 and 1, empty lists as null, and leaves out
//! objects. A value of an unusable type counts as absent. Only text that is not JSON is an error.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

/// A type that can be read from any JSON value.
pub(crate) trait Lenient: Sized {
    /// Reads a value, or returns `None` when its type is unusable.
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// For `deserialize_with`: `None` when the value is absent or unusable.
pub(crate) fn option<'de, T: Lenient, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::lenient(deserializer)
}

/// For `deserialize_with`: the default when the value is absent or unusable.
pub(crate) fn or_default<'de, T: Lenient + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(T::lenient(deserializer)?.unwrap_or_default())
}

impl<T: Lenient> Lenient for Option<T> {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        T::lenient(deserializer).map(Some)
    }
}

/// Declares a struct all of whose fields are read leniently. The fields have the service's names
/// and order.
macro_rules! wire {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_visibility:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
        #[non_exhaustive]
        $visibility struct $name {
            $(
                $(#[$field_meta])*
                #[serde(default, deserialize_with = "crate::lenient::or_default")]
                $field_visibility $field: $type,
            )*
        }

        impl crate::lenient::Lenient for $name {
            fn lenient<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<Self>, D::Error> {
                crate::lenient::object(deserializer)
            }
        }
    };
}
pub(crate) use wire;

/// A visitor with the given methods. JSON values of other kinds give `None`.
macro_rules! visit {
    ($target:ty, $expecting:literal { $($body:tt)* }) => {{
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Option<$target>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                skip_items(items).map(|()| None)
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
                skip_entries(entries).map(|()| None)
            }

            $($body)*
        }

        Seen
    }};
}

fn skip_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_entries<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
    while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

macro_rules! integer {
    ($type:ident) => {
        impl Lenient for $type {
            fn lenient<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<Self>, D::Error> {
                deserializer.deserialize_any(visit!($type, "a number" {
                    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                        Ok(number.try_into().ok())
                    }

                    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                        Ok(number.try_into().ok())
                    }

                    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                        Ok(whole(number).and_then(|number| number.try_into().ok()))
                    }

                    fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
                        Ok(Some(yes.into()))
                    }

                    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                        Ok(text.trim().parse().ok())
                    }
                }))
            }
        }
    };
}

integer!(u64);
integer!(i64);
integer!(u32);

/// A float as an integer, if it is whole and small enough to be exact.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

impl Lenient for f64 {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(visit!(f64, "a number" {
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Some(number as f64))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Some(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Some(number))
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
                Ok(Some(yes.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(text.trim().parse().ok().filter(|number: &f64| number.is_finite()))
            }
        }))
    }
}

impl Lenient for bool {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(visit!(bool, "yes or no" {
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Some(number != 0))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Some(number != 0))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Some(number != 0.0))
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
                Ok(Some(yes))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(match text.trim() {
                    "" | "0" | "false" => Some(false),
                    "1" | "true" => Some(true),
                    _ => None,
                })
            }
        }))
    }
}

impl Lenient for String {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(visit!(String, "a text" {
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Some(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Some(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Some(number.to_string()))
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
                Ok(Some(yes.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Some(text))
            }
        }))
    }
}

/// A JSON string that is unescaped only when it is read.
#[derive(Clone, Default)]
pub(crate) struct LazyText {
    /// The string as written in JSON, with quotes. Numbers, booleans and the empty string have no
    /// quotes.
    json: Box<str>,
}

impl LazyText {
    /// From a JSON string with its quotes and escapes.
    pub(crate) fn from_json(json: &str) -> Self {
        let json = if json == "\"\"" { "" } else { json };
        Self { json: json.into() }
    }

    /// The text. An unpaired surrogate becomes `U+FFFD`.
    pub(crate) fn get(&self) -> Cow<'_, str> {
        let inner = self
            .json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        match inner {
            Some(inner) if inner.contains('\\') => Cow::Owned(unescape(&self.json)),
            Some(inner) => Cow::Borrowed(inner),
            None => Cow::Borrowed(&self.json),
        }
    }
}

impl fmt::Debug for LazyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl PartialEq for LazyText {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json || self.get() == other.get()
    }
}

impl Lenient for LazyText {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        if json.starts_with('"') {
            return Ok(Some(Self::from_json(json)));
        }
        // A number too large for every type counts as absent.
        let text = String::lenient(&mut serde_json::Deserializer::from_str(json));
        Ok(text.ok().flatten().map(|text| Self { json: text.into() }))
    }
}

/// Unescapes a JSON string.
fn unescape(json: &str) -> String {
    struct Unescaped;

    impl Visitor<'_> for Unescaped {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    // Read as bytes, since `serde_json` refuses an unpaired surrogate in text.
    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_bytes(Unescaped).unwrap_or_default()
}

/// Whether a value is neither null nor an empty string.
pub(crate) struct Filled(pub(crate) bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FilledVisitor).map(Self)
    }
}

struct FilledVisitor;

impl<'de> Visitor<'de> for FilledVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(!text.is_empty())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<bool, A::Error> {
        skip_items(items).map(|()| true)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<bool, A::Error> {
        skip_entries(entries).map(|()| true)
    }
}

/// A value where an object or a list is expected.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Field<T> {
    /// The expected object or list.
    Present(T),
    /// Absent or null.
    #[default]
    Absent,
    /// A value of another kind.
    WrongType,
}

impl<T> Field<T> {
    fn present(self) -> Option<T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::WrongType => None,
        }
    }
}

impl<T> Field<Vec<T>> {
    /// The list. It is empty when absent or null, and `None` when the value is of another kind.
    pub(crate) fn list(self) -> Option<Vec<T>> {
        match self {
            Self::Present(list) => Some(list),
            Self::Absent => Some(Vec::new()),
            Self::WrongType => None,
        }
    }
}

macro_rules! scalars_are_wrong {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Field::Absent)
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(Field::Absent)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Field::WrongType)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Field::WrongType)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Field::WrongType)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Field::WrongType)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Field::WrongType)
        }
    };
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Field<T>;

    scalars_are_wrong!();

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        skip_items(items).map(|()| Field::WrongType)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Field::Present)
    }
}

/// An object, read by its type's `Deserialize`, or why there is none.
pub(crate) fn object_field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Field<T>, D::Error> {
    deserializer.deserialize_any(Object(PhantomData))
}

/// An object, read by its type's `Deserialize`. Other values count as absent.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    object_field(deserializer).map(Field::present)
}

/// The longest list that is read; the service's longest page has 2000 items. A longer list counts
/// as absent: many tiny items take far more memory than the answer itself.
pub(crate) const MOST_ITEMS: usize = 10_000;

struct List<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for List<T> {
    type Value = Field<Vec<T>>;

    scalars_are_wrong!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Element(item)) = items.next_element()? {
            if list.len() == MOST_ITEMS {
                drop(list);
                return skip_items(items).map(|()| Field::WrongType);
            }
            list.extend(item);
        }
        Ok(Field::Present(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        skip_entries(entries).map(|()| Field::WrongType)
    }
}

/// For lists that an answer must have: says whether the value was absent or of another kind.
impl<T: Lenient> Lenient for Field<Vec<T>> {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(List(PhantomData)).map(Some)
    }
}

struct Element<T>(Option<T>);

impl<'de, T: Lenient> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::lenient(deserializer).map(Self)
    }
}

impl<T: Lenient> Lenient for Vec<T> {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        (deserializer.deserialize_any(List(PhantomData))).map(Field::present)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    wire! {
        struct Sample {
            number: Option<u64>,
            flag: bool,
            text: String,
            list: Vec<u64>,
            inner: Option<Inner>,
        }
    }

    wire! {
        struct Inner {
            text: String,
        }
    }

    fn read(json: &str) -> Sample {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_come_as_strings_and_booleans_as_numbers() {
        let sample =
            read(r#"{"number":"7354295169819585966","flag":1,"text":5,"list":["1",2,null,3.0]}"#);
        assert_eq!(sample.number, Some(7354295169819585966));
        assert!(sample.flag);
        assert_eq!(sample.text, "5");
        assert_eq!(sample.list, [1, 2, 3]);
    }

    #[test]
    fn a_value_of_an_unusable_type_counts_as_absent() {
        let nothing = Sample::default();
        for value in [
            "null",
            "-1",
            "1.5",
            "{}",
            "[]",
            r#""x""#,
            r#"{"a":[1]}"#,
            "[[{}]]",
        ] {
            assert_eq!(
                read(&format!("{{\"number\":{value}}}")).number,
                None,
                "{value}"
            );
        }
        assert_eq!(
            read(r#"{"flag":"x","text":{},"list":null,"inner":[1]}"#),
            nothing
        );
        assert_eq!(read(r#"{"list":{},"inner":"x","other":[{}]}"#), nothing);
        assert_eq!(read("{}"), nothing);
    }

    #[test]
    fn a_lazy_text_is_the_same_text() {
        let read = |json| LazyText::lenient(&mut serde_json::Deserializer::from_str(json));
        for json in [
            r#""""#,
            r#""a""#,
            r#""\"\n\u4f60""#,
            "5",
            "1.0",
            "-1e3",
            "true",
        ] {
            let text = String::lenient(&mut serde_json::Deserializer::from_str(json)).unwrap();
            let lazy = read(json).unwrap();
            assert_eq!(lazy.map(|lazy| lazy.get().into_owned()), text, "{json}");
        }
        for json in ["null", "[]", "{}", "1e999"] {
            assert_eq!(read(json).unwrap(), None, "{json}");
        }
        let half = read(r#""a\ud800\n""#).unwrap().unwrap();
        assert_eq!(half.get().replace('\u{fffd}', ""), "a\n");
        assert_eq!(half, half.clone());
        assert!(read("\"\n\"").is_err());
    }

    #[test]
    fn an_oversized_list_counts_as_absent() {
        let list = |length: usize| format!("{{\"list\":[{}7]}}", "7,".repeat(length - 1));
        assert_eq!(read(&list(MOST_ITEMS)).list, vec![7; MOST_ITEMS]);
        assert!(read(&list(MOST_ITEMS + 1)).list.is_empty());
    }

    #[test]
    fn objects_are_read_where_they_are_objects() {
        let sample = read(r#"{"inner":{"text":"a","more":1}}"#);
        assert_eq!(sample.inner.unwrap().text, "a");
    }
}
