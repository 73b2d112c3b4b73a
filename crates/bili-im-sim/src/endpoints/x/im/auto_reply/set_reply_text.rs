//! Set the text of an automatic reply: `POST /x/im/auto_reply/set_reply_text`.

use crate::{
    codes::{BAD_REPLY, REPLY_TOO_LONG, REPLY_TOO_MANY},
    endpoints::prelude::*,
    request::Fields,
    state::{KEYS_REPLY, REPLY_KINDS, ReplyText},
};

const LONGEST_REPLY: usize = 500;
const LONGEST_TITLE: usize = 30;
const MOST_KEYWORDS: usize = 20;
/// The most rules of an account (a guess).
const MOST_RULES: usize = 50;

/// Adds a rule for keywords, changes the one with `id`, or sets the only text of another kind.
pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let mut text = read(&form, owner)?;
    let texts = &mut call.state.reply_texts;
    let is_rule = text.kind == KEYS_REPLY;
    let place = texts.iter().position(|other| {
        let is_it = if is_rule { other.id == text.id } else { true };
        other.uid == owner && other.kind == text.kind && is_it
    });
    match place.and_then(|place| texts.get_mut(place)) {
        Some(old) => {
            text.id = old.id;
            *old = text;
        }
        None if is_rule && text.id != 0 => {
            return Err(BAD_REPLY.because("there is no rule with this id"));
        }
        None => {
            let rules = texts.iter().filter(|other| other.uid == owner).count();
            if rules >= MOST_RULES {
                return Err(REPLY_TOO_MANY.because(format!("{owner} has {rules} texts")));
            }
            text.id = texts.iter().map(|other| other.id).max().unwrap_or(200_000) + 1;
            texts.push(text);
        }
    }
    Ok(Data::empty())
}

fn read(form: &Fields, owner: Uid) -> Result<ReplyText, Refusal> {
    let text = |name| form.get(name).unwrap_or_default().to_owned();
    let kind = form.number("type")?.unwrap_or(0);
    let mut read = ReplyText {
        uid: owner,
        kind,
        reply: text("reply"),
        ..ReplyText::default()
    };
    if !REPLY_KINDS.contains(&kind) || read.reply.is_empty() {
        return Err(BAD_REPLY.because("type or reply is missing or wrong"));
    }
    if read.reply.chars().count() > LONGEST_REPLY {
        return Err(REPLY_TOO_LONG.because(format!("more than {LONGEST_REPLY} characters")));
    }
    if kind == KEYS_REPLY {
        // An empty id adds a rule, like 0.
        read.id = match form.get("id") {
            Some("") | None => 0,
            Some(_) => form.required_number("id")?,
        };
        (read.title, read.key1, read.key2) = (text("title"), text("key1"), text("key2"));
        let is_titled = (1..=LONGEST_TITLE).contains(&read.title.chars().count());
        let has_keys = !(read.key1.is_empty() && read.key2.is_empty());
        let are_few = |keys: &str| keys.split('，').count() <= MOST_KEYWORDS;
        if !(is_titled && has_keys && are_few(&read.key1) && are_few(&read.key2)) {
            return Err(BAD_REPLY.because("a rule needs a title and up to 20 keywords"));
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Sim;

    fn texts(sim: &mut Sim, kind: u8) -> Value {
        sim.data(10001, &format!("get_reply_text?type[]={kind}"))["texts"].take()
    }

    #[test]
    fn a_kind_has_one_text_and_keywords_have_rules() {
        let mut sim = Sim::demo();
        let mut set = |form: &str| sim.post(10001, "set_reply_text", form).data();
        set("type=3&reply=first&title=x");
        set("type=3&reply=second");
        set("type=2&reply=a&title=t&key1=k&key2=&id=");
        set("type=2&reply=b&title=u&key2=l&id=0");
        let text = json!([{
            "id": 200_001, "uid": 10001, "type": 3, "title": "", "key1": "", "key2": "",
            "reply": "second",
        }]);
        assert_eq!(texts(&mut sim, 3), text);
        let rules = texts(&mut sim, 2);
        assert_eq!(rules[0]["title"], "u");
        let id = rules[1]["id"].as_u64().unwrap();
        let form = format!("type=2&reply=c&title=t&key1=k&id={id}");
        sim.post(10001, "set_reply_text", &form).data();
        assert_eq!(texts(&mut sim, 2)[1]["reply"], "c");
        assert_eq!(texts(&mut sim, 2).as_array().unwrap().len(), 2);
        assert!(texts(&mut sim, 1).is_null());
    }

    #[test]
    fn what_is_incomplete_or_too_long_is_refused() {
        let long = |kind: &str, count| format!("{kind}={}", "字".repeat(count));
        let keys = format!("key1={}", "k，".repeat(20));
        for (form, code) in [
            ("type=4&reply=x".to_owned(), 27011),
            ("type=3&reply=".to_owned(), 27011),
            ("reply=x".to_owned(), 27011),
            ("type=2&reply=x&title=t".to_owned(), 27011),
            ("type=2&reply=x&key1=k".to_owned(), 27011),
            ("type=2&reply=x&title=t&key1=k&id=9".to_owned(), 27011),
            (
                format!("type=2&reply=x&key1=k&{}", long("title", 31)),
                27011,
            ),
            (format!("type=2&reply=x&title=t&{keys}"), 27011),
            (format!("type=3&{}", long("reply", 501)), 1_500_001),
            (format!("type=3&{}", long("reply", 500)), 0),
        ] {
            let answer = Sim::demo().post(10001, "set_reply_text", &form);
            assert_eq!(answer.code(), code, "{form}");
        }
        let mut sim = Sim::demo();
        for index in 0..=50 {
            let form = format!("type=2&reply=x&title=t&key1=k{index}");
            let code = if index < 50 { 0 } else { 1_500_002 };
            assert_eq!(sim.post(10001, "set_reply_text", &form).code(), code);
        }
    }
}
