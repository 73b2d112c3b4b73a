//! A macro for JSON structs with the same fields as a struct of the library.

use std::fmt::{self, Display};

use schemars::JsonSchema;
use serde::Serialize;

/// Defines a JSON struct and its conversion from the library's, field by field.
#[doc(hidden)]
#[macro_export]
macro_rules! mirror {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident of $source:ty {
        $($(#[$field_meta:meta])* $field_visibility:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize)]
        $visibility struct $name {
            $($(#[$field_meta])* $field_visibility $field: $type,)*
        }

        impl From<$source> for $name {
            fn from(source: $source) -> Self {
                Self { $($field: source.$field.into(),)* }
            }
        }
    };
}
pub(crate) use mirror;

/// A number of the service. In JSON it is a string, since it can exceed 2^53.
#[derive(Debug, JsonSchema)]
#[schemars(inline, with = "String")]
pub struct Id(u64);

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An optional field whose type differs from the library's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Maybe<T>(Option<T>);

impl<S, T: From<S>> From<Option<S>> for Maybe<T> {
    fn from(source: Option<S>) -> Self {
        Self(source.map(T::from))
    }
}

/// A list whose elements differ from the library's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// The elements.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

impl<S, T: From<S>> From<Vec<S>> for List<T> {
    fn from(source: Vec<S>) -> Self {
        Self(source.into_iter().map(T::from).collect())
    }
}
