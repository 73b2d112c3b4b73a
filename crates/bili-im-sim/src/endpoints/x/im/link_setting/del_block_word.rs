//! Remove a block word: `POST /x/im/link_setting/del_block_word`.

use crate::endpoints::prelude::*;

/// Removes a word. A word that is not there is no error (a guess).
pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let (owner, form) = call.form()?;
    let content = form.required("content")?;
    if let Some(words) = call.state.block_words.get_mut(&owner) {
        words.retain(|word| word.content != content);
    }
    Ok(Data::empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::Sim;

    #[test]
    fn a_word_is_removed_from_its_account_alone() {
        let mut sim = Sim::demo();
        for uid in [10001, 10002] {
            sim.post(uid, "add_block_word", "content=广告").data();
        }
        for _ in 0..2 {
            sim.post(10001, "del_block_word", "content=广告").data();
            assert!(sim.data(10001, "get_block_words")["words"].is_null());
        }
        assert!(sim.data(10002, "get_block_words")["words"].is_array());
        assert_eq!(sim.post(10001, "del_block_word", "").code(), -400);
    }
}
