//! Add a block word: `POST /x/im/link_setting/add_block_word`.

use crate::{
    codes::{BLOCK_WORD_EXISTS, BLOCK_WORD_HAS_SPACE, BLOCK_WORD_TOO_LONG, TOO_MANY_BLOCK_WORDS},
    endpoints::prelude::*,
    state::{BlockWord, LONGEST_BLOCK_WORD, MOST_BLOCK_WORDS},
};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let content = form.required("content")?.to_owned();
    let length = content.chars().count();
    let words = call.state.block_words.entry(owner).or_default();
    if length == 0 {
        return Err(BAD_REQUEST.because("content is empty"));
    } else if length > LONGEST_BLOCK_WORD {
        return Err(BLOCK_WORD_TOO_LONG.because(format!("the word has {length} characters")));
    } else if content.contains(char::is_whitespace) {
        return Err(BLOCK_WORD_HAS_SPACE.because("the word has a space"));
    } else if words.iter().any(|word| word.content == content) {
        return Err(BLOCK_WORD_EXISTS.because("the word is there already"));
    } else if words.len() >= MOST_BLOCK_WORDS {
        return Err(TOO_MANY_BLOCK_WORDS.because(format!("{owner} has {MOST_BLOCK_WORDS} words")));
    }
    words.push(BlockWord {
        content,
        added: call.now,
    });
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn a_word_is_added_once_and_only_when_it_may_be() {
        let mut sim = Sim::demo();
        for (word, code) in [
            ("广告", 0),
            ("广告", 1_900_006),
            ("加 微信", 1_900_007),
            ("", -400),
            (&*"长".repeat(20), 0),
            (&*"长".repeat(21), 1_900_004),
        ] {
            let answer = sim.post(10001, "add_block_word", &format!("content={word}"));
            assert_eq!(answer.code(), code, "{word}");
        }
        let words = &sim.data(10001, "get_block_words")["words"];
        assert_eq!(words.as_array().unwrap().len(), 2);
        assert_eq!(words[1]["content"], "广告");
        assert_eq!(words[1]["ctime"], sim.now.as_secs());
        assert!(sim.data(10002, "get_block_words")["words"].is_null());
        for index in 2..=200 {
            let form = format!("content=w{index}");
            let code = if index < 200 { 0 } else { 1_900_005 };
            assert_eq!(sim.post(10001, "add_block_word", &form).code(), code);
        }
    }
}
