//! The texts of an account's automatic replies: `GET /x/im/auto_reply/get_reply_text`.

use crate::{
    codes::BAD_ARGUMENT,
    endpoints::prelude::*,
    state::{REPLY_KINDS, ReplyText},
};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, query) = call.query()?;
    let kind = query.number("type[]")?.unwrap_or(0);
    if !REPLY_KINDS.contains(&kind) {
        return Err(BAD_ARGUMENT.because("type[] is not a kind of reply"));
    }
    let all = call.state.reply_texts.iter().rev();
    let own: Vec<&ReplyText> = all
        .filter(|text| text.uid == owner && text.kind == kind)
        .collect();
    // Without texts the field is missing.
    Ok(if own.is_empty() {
        Data::empty()
    } else {
        Data::of(&json!({ "texts": own }))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    #[test]
    fn an_account_without_texts_gets_an_empty_object() {
        let mut sim = Sim::demo();
        for kind in [1, 2, 3, 5] {
            let data = sim.data(10001, &format!("get_reply_text?type[]={kind}"));
            assert_eq!(data, json!({}));
        }
        let refused = [
            ("get_reply_text?type[]=4", 2),
            ("get_reply_text", 2),
            ("get_reply_text?type[]=x", -400),
        ];
        sim.check_codes(10001, &refused);
    }
}
