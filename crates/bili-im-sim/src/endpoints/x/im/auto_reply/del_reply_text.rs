//! Delete the text of an automatic reply: `POST /x/im/auto_reply/del_reply_text`.

use crate::{
    codes::{NOT_OWN_REPLY, SERVER_ERROR},
    endpoints::prelude::*,
};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let id: u64 = form.required_number("id")?;
    let texts = &mut call.state.reply_texts;
    match texts.iter().position(|text| text.id == id) {
        Some(at) if texts.get(at).is_some_and(|text| text.uid == owner) => _ = texts.remove(at),
        Some(_) => return Err(NOT_OWN_REPLY.because("another account's text")),
        None => return Err(SERVER_ERROR.because("there is no text with this id")),
    }
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    #[test]
    fn an_own_text_is_deleted() {
        let mut sim = Sim::demo();
        sim.post(10001, "set_reply_text", "type=3&reply=x").data();
        for (uid, form, code) in [
            (10002, "id=200001", 1003),
            (10001, "id=5", -500),
            (10001, "", -400),
            (10001, "id=200001", 0),
            (10001, "id=200001", -500),
        ] {
            assert_eq!(sim.post(uid, "del_reply_text", form).code(), code, "{form}");
        }
        assert_eq!(sim.data(10001, "get_reply_text?type[]=3"), json!({}));
    }
}
