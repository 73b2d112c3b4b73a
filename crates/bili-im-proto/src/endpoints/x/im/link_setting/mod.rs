mod add_block_word;
mod del_block_word;
mod get_block_words;

pub use self::{add_block_word::*, del_block_word::*, get_block_words::*};
