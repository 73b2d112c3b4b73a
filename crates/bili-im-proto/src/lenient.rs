//! Lenient deserialization: odd values in fields that are not needed do not fail the whole answer
//! (docs/protocol.md §3).
//!
//! The service sends numbers as strings, booleans as 0 and 1, empty lists as null, and leaves out
//! objects. A value of an unusable type counts as absent. Only text that is not JSON is an error.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr};

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

/// What a JSON value of each kind is read as. A value of the wrong kind is no error.
trait Read<'de> {
    /// Null is read as the default.
    type Value: Default;

    /// What a value of the wrong kind is read as.
    fn wrong_type() -> Self::Value {
        Self::Value::default()
    }

    fn scalar(_: Scalar<'_>) -> Self::Value {
        Self::wrong_type()
    }

    fn list<A: SeqAccess<'de>>(items: A) -> Result<Self::Value, A::Error> {
        skip_items(items).map(|()| Self::wrong_type())
    }

    fn object<A: MapAccess<'de>>(entries: A) -> Result<Self::Value, A::Error> {
        skip_entries(entries).map(|()| Self::wrong_type())
    }
}

/// A JSON value that is neither null nor a list nor an object.
enum Scalar<'a> {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(&'a str),
}

/// The visitor that reads a value as `R` says.
struct Reader<R>(PhantomData<R>);

impl<'de, R: Read<'de>> Visitor<'de> for Reader<R> {
    type Value = R::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<R::Value, E> {
        Ok(R::Value::default())
    }

    fn visit_none<E>(self) -> Result<R::Value, E> {
        Ok(R::Value::default())
    }

    fn visit_u64<E>(self, number: u64) -> Result<R::Value, E> {
        Ok(R::scalar(Scalar::Unsigned(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<R::Value, E> {
        Ok(R::scalar(Scalar::Signed(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<R::Value, E> {
        Ok(R::scalar(Scalar::Float(number)))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<R::Value, E> {
        Ok(R::scalar(Scalar::Bool(yes)))
    }

    fn visit_str<E>(self, text: &str) -> Result<R::Value, E> {
        Ok(R::scalar(Scalar::Text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<R::Value, A::Error> {
        R::list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<R::Value, A::Error> {
        R::object(entries)
    }
}

fn read<'de, R: Read<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<R::Value, D::Error> {
    deserializer.deserialize_any(Reader::<R>(PhantomData))
}

fn skip_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_entries<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
    while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads a type from scalars. Other values count as absent.
macro_rules! from_scalar {
    ($($type:ident)*: $scalar:ident => $read:expr) => {$(
        impl Read<'_> for $type {
            type Value = Option<Self>;

            fn scalar($scalar: Scalar<'_>) -> Option<Self> {
                $read
            }
        }

        impl Lenient for $type {
            fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                read::<Self, D>(deserializer)
            }
        }
    )*};
}

from_scalar! { u64 i64 u32: scalar => integer(scalar) }

fn integer<T>(scalar: Scalar<'_>) -> Option<T>
where
    T: TryFrom<u64> + TryFrom<i64> + From<bool> + FromStr,
{
    match scalar {
        Scalar::Unsigned(number) => number.try_into().ok(),
        Scalar::Signed(number) => number.try_into().ok(),
        Scalar::Float(number) => whole(number).and_then(|number| number.try_into().ok()),
        Scalar::Bool(yes) => Some(yes.into()),
        Scalar::Text(text) => text.trim().parse().ok(),
    }
}

/// A float as an integer, if it is whole and small enough to be exact.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

from_scalar! { f64: scalar => match scalar {
    Scalar::Unsigned(number) => Some(number as f64),
    Scalar::Signed(number) => Some(number as f64),
    Scalar::Float(number) => Some(number),
    Scalar::Bool(yes) => Some(yes.into()),
    Scalar::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
} }

from_scalar! { bool: scalar => match scalar {
    Scalar::Unsigned(number) => Some(number != 0),
    Scalar::Signed(number) => Some(number != 0),
    Scalar::Float(number) => Some(number != 0.0),
    Scalar::Bool(yes) => Some(yes),
    Scalar::Text(text) => match text.trim() {
        "" | "0" | "false" => Some(false),
        "1" | "true" => Some(true),
        _ => None,
    },
} }

from_scalar! { String: scalar => Some(match scalar {
    Scalar::Unsigned(number) => number.to_string(),
    Scalar::Signed(number) => number.to_string(),
    Scalar::Float(number) => number.to_string(),
    Scalar::Bool(yes) => yes.to_string(),
    Scalar::Text(text) => text.to_owned(),
}) }

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
        // Some contents come as an object instead of its text.
        if json.starts_with('{') {
            return Ok(Some(Self { json: json.into() }));
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

/// Reads an object.
struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Read<'de> for Object<T> {
    type Value = Field<T>;

    fn wrong_type() -> Field<T> {
        Field::WrongType
    }

    fn object<A: MapAccess<'de>>(entries: A) -> Result<Field<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Field::Present)
    }
}

/// An object, read by its type's `Deserialize`, or why there is none.
pub(crate) fn object_field<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Field<T>, D::Error> {
    read::<Object<T>, D>(deserializer)
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

/// Reads a list.
struct List<T>(PhantomData<T>);

impl<'de, T: Lenient> Read<'de> for List<T> {
    type Value = Field<Vec<T>>;

    fn wrong_type() -> Field<Vec<T>> {
        Field::WrongType
    }

    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Field<Vec<T>>, A::Error> {
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
}

/// For lists that an answer must have: says whether the value was absent or of another kind.
impl<T: Lenient> Lenient for Field<Vec<T>> {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        read::<List<T>, D>(deserializer).map(Some)
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
        read::<List<T>, D>(deserializer).map(Field::present)
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
        let object = r#"{"a":"\""}"#;
        assert_eq!(read(object).unwrap().unwrap().get(), object);
        for json in ["null", "[]", "1e999"] {
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
}
