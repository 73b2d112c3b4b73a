//! Structs with the fields of the library's, and their own names and types in JSON.

use serde::Serialize;

/// A struct for JSON, made of one of the library's, field by field.
macro_rules! mirror {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident of $source:ty {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize)]
        $visibility struct $name {
            $($(#[$field_meta])* $field: $type,)*
        }

        impl From<$source> for $name {
            fn from(source: $source) -> Self {
                Self { $($field: source.$field.into(),)* }
            }
        }
    };
}
pub(crate) use mirror;

/// A number that names something: a string in JSON, since it can exceed 2^53.
#[derive(Debug)]
pub(crate) struct Id(u64);

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Something that may be missing.
#[derive(Debug, Serialize)]
pub(crate) struct Maybe<T>(Option<T>);

impl<S, T: From<S>> From<Option<S>> for Maybe<T> {
    fn from(source: Option<S>) -> Self {
        Self(source.map(T::from))
    }
}

/// Several of the same.
#[derive(Debug, Serialize)]
pub(crate) struct List<T>(Vec<T>);

impl<S, T: From<S>> From<Vec<S>> for List<T> {
    fn from(source: Vec<S>) -> Self {
        Self(source.into_iter().map(T::from).collect())
    }
}
