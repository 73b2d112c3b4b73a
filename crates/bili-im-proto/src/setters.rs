//! A macro for methods that set a field.

/// Declares a method `with_…` for each of these fields.
macro_rules! setters {
    ($type:ident { $($(#[$doc:meta])* $method:ident sets $field:ident: $value:ty,)* }) => {
        impl $type {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                $(#[$doc])*
                #[must_use]
                pub fn $method(mut self, $field: $value) -> Self {
                    self.$field = $field.into();
                    self
                }
            )*
        }
    };
}
pub(crate) use setters;
