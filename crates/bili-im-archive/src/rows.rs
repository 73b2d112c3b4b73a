//! Numbers and talkers, as SQLite keeps them.

use bili_im_proto::Talker;

/// SQLite's integers are signed: numbers above 2^63 are kept as negative ones.
pub(crate) const fn to_sql(number: u64) -> i64 {
    number.cast_signed()
}

/// The number that [`to_sql`] has made.
pub(crate) const fn from_sql(number: i64) -> u64 {
    number.cast_unsigned()
}

/// `session_type` and `talker_id`.
pub(crate) const fn talker_to_sql(talker: Talker) -> (i64, i64) {
    (talker.session_type() as i64, to_sql(talker.id()))
}

/// The talker of a row that an archive has; `None` when it is of an unknown type.
pub(crate) fn talker_from_sql(session_type: i64, talker_id: i64) -> Option<Talker> {
    Talker::from_wire(from_sql(session_type), from_sql(talker_id))
}
