//! A service whose answers are written by hand, as odd as they come.

use bili_im_proto::{Error, Input};
use bili_im_tests::{Seen, Stage, answers};

use crate::program::{MINUTE, OWN, Program, account};

/// What is told in some minutes of a service that answers as it is told, and how the watch ends.
/// `answer` gets a request and the time in seconds; what it leaves open is answered with nothing.
pub(crate) fn told_by(
    cursor: &str,
    minutes: u32,
    mut answer: impl FnMut(&Seen, u64) -> Option<String>,
) -> (Vec<String>, Option<Error>) {
    let mut stage = Stage::of(|seen: &Seen| {
        Input::Response(match answer(seen, seen.at.unix.seconds().0) {
            Some(body) => answers::answer(200, body),
            None if seen.endpoint() == "nav" => answers::nav(OWN, 1),
            None => answers::answer(200, r#"{"code":0,"data":{}}"#),
        })
    });
    let start = stage.time.now.unix.seconds().0;
    let cursor = cursor.replace("NOW", &start.to_string());
    let mut program = Program::resume(&account(1), serde_json::from_str(&cursor).unwrap());
    program.watch(&mut stage, MINUTE * minutes);
    (
        program.words(),
        program.running.result.and_then(Result::err),
    )
}

pub(crate) const FRESH: &str = r#"{"version":2,"uid":"1","floor":NOW,"mark":NOW000000,"compared":NOW000000,"capacity":9,"sessions":[["user-2","1",0]]}"#;

pub(crate) fn list(sessions: &[String], has_more: u8) -> Option<String> {
    let sessions = sessions.join(",");
    Some(format!(
        r#"{{"code":0,"data":{{"session_list":[{sessions}],"has_more":{has_more}}}}}"#
    ))
}

pub(crate) fn listed(uid: u64, max_seqno: u64, seconds: u64) -> String {
    format!(
        r#"{{"talker_id":{uid},"session_type":1,"max_seqno":{max_seqno},"session_ts":{seconds}000000}}"#
    )
}

/// A page of texts that say their numbers, newest first.
pub(crate) fn page(seqnos: impl IntoIterator<Item = u64>, seconds: u64) -> Option<String> {
    let messages: Vec<_> = (seqnos.into_iter())
        .map(|seqno| (false, seqno + 1000, seqno, seqno.to_string()))
        .collect();
    let messages: Vec<_> = (messages.iter())
        .map(|(own, key, seqno, text)| (*own, *key, *seqno, &**text))
        .collect();
    String::from_utf8(answers::page(2, seconds, &messages).into_body()).ok()
}

/// The numbers from one to another, as they are told.
pub(crate) fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|seqno| seqno.to_string()).collect()
}

/// Between which messages a page is asked for; `newest` is the newest there is.
pub(crate) fn bounds(seen: &Seen, newest: u64) -> (u64, u64) {
    let begin = seen.number("begin_seqno").unwrap_or(0);
    (begin, seen.number("end_seqno").unwrap_or(newest + 1))
}
