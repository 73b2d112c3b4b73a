//! The block words of an account: `GET /x/im/link_setting/get_block_words`.

use crate::{
    endpoints::prelude::*,
    state::{LONGEST_BLOCK_WORD, MOST_BLOCK_WORDS},
};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let owner = call.owner()?;
    let words = call.state.block_words.get(&owner);
    // The list is null when there are no words.
    let words = words.filter(|words| !words.is_empty()).map(|words| {
        let word = words.iter().rev();
        word.map(|word| json!({ "content": word.content, "ctime": word.added.as_secs() }))
            .collect::<Vec<_>>()
    });
    Ok(Data::of(&json!({
        "words": words,
        "message": "",
        "max_word_length": LONGEST_BLOCK_WORD,
        "max_words_size": MOST_BLOCK_WORDS,
    })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Sim;

    #[test]
    fn an_account_without_words_gets_null_and_the_limits() {
        let expected = json!({
            "words": null, "message": "", "max_word_length": 20, "max_words_size": 200,
        });
        assert_eq!(Sim::demo().data(10001, "get_block_words"), expected);
    }
}
