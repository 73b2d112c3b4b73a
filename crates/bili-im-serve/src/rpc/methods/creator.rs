//! Methods for creators: block words and the texts of automatic replies.

use bili_im_json::{BlockWordsJson, BlockedJson, ReplyClearedJson, ReplySetJson, ReplyTextsJson};
use bili_im_proto::{
    AddBlockWord, DelBlockWord, DelReplyText, GetBlockWords, GetReplyText, ReplyKind, SetReplyText,
};

use super::writing::make;
use crate::rpc::{
    call::{Call, Fault},
    method::{Method, Right, Scope, answers},
    param::{Kind, needed, optional},
};

const KINDS: [(&str, ReplyKind); 4] = [
    ("followed", ReplyKind::Followed),
    ("keys", ReplyKind::Keys),
    ("recv", ReplyKind::Recv),
    ("voyage", ReplyKind::Voyage),
];

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "block_words",
        about: "the words whose messages the account does not want",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[],
        result: "as `bili-im block-words --json`",
        answers: answers!(block_words),
    },
    Method {
        name: "block_words.add",
        about: "add a block word",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[needed(
            "word",
            Kind::Text,
            "the word: without spaces, of 20 characters at most",
        )],
        result: "as `bili-im block-words add --json`",
        answers: answers!(|call| block(call, true)),
    },
    Method {
        name: "block_words.remove",
        about: "remove a block word",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[needed("word", Kind::Text, "the word")],
        result: "as `bili-im block-words remove --json`",
        answers: answers!(|call| block(call, false)),
    },
    Method {
        name: "auto_reply",
        about: "the texts of automatic replies",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[],
        result: "as `bili-im auto-reply --json`",
        answers: answers!(auto_reply),
    },
    Method {
        name: "auto_reply.set",
        about: "set the text of an automatic reply; for keywords add a rule, or change the one with `id`",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[
            needed("kind", Kind::Text, "followed, keys, recv or voyage"),
            needed("text", Kind::Text, "the text, of 500 characters at most"),
            optional("title", Kind::Text, "the name of a rule for keywords"),
            optional(
                "equals",
                Kind::Text,
                "keywords that a message has to equal, with ，between",
            ),
            optional(
                "contains",
                Kind::Text,
                "keywords that it has to contain, with ，between",
            ),
            optional("id", Kind::Number, "the rule to change"),
        ],
        result: "as `bili-im auto-reply set --json`",
        answers: answers!(set),
    },
    Method {
        name: "auto_reply.clear",
        about: "delete a text of an automatic reply",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[needed("id", Kind::Number, "its number")],
        result: "as `bili-im auto-reply clear --id --json`",
        answers: answers!(clear),
    },
];

async fn block_words(call: Call) -> Result<BlockWordsJson, Fault> {
    Ok(BlockWordsJson::from(
        call.client()?.call(GetBlockWords).await?,
    ))
}

async fn block(call: Call, blocked: bool) -> Result<BlockedJson, Fault> {
    let word = call.text("word").unwrap_or_default().to_owned();
    match blocked {
        true => make(&call, AddBlockWord::new(word.as_str())).await?,
        false => make(&call, DelBlockWord::new(word.as_str())).await?,
    }
    Ok(BlockedJson { word, blocked })
}

async fn auto_reply(call: Call) -> Result<ReplyTextsJson, Fault> {
    let client = call.client()?;
    let mut texts = Vec::new();
    for (_, kind) in KINDS {
        texts.extend(client.call(GetReplyText::new(kind)).await?);
    }
    Ok(ReplyTextsJson::from(texts))
}

async fn set(call: Call) -> Result<ReplySetJson, Fault> {
    let kind = KINDS
        .into_iter()
        .find(|(name, _)| call.text("kind") == Some(name));
    let (_, kind) =
        kind.ok_or_else(|| Fault::Params("kind is followed, keys, recv or voyage".to_owned()))?;
    let text = |name| call.text(name).map(str::to_owned);
    let mut change = SetReplyText::new(kind, text("text").unwrap_or_default());
    let is_rule = ["title", "equals", "contains", "id"]
        .iter()
        .any(|name| call.has(name));
    if kind == ReplyKind::Keys {
        change.id = call.number("id");
        change.title = text("title");
        change.key1 = Some(text("equals").unwrap_or_default());
        change.key2 = Some(text("contains").unwrap_or_default());
    } else if is_rule {
        let words = "only a reply of the kind keys has a title, keywords and an id";
        return Err(Fault::Params(words.to_owned()));
    }
    make(&call, change).await?;
    Ok(ReplySetJson::from(kind))
}

async fn clear(call: Call) -> Result<ReplyClearedJson, Fault> {
    let id = call.number("id").unwrap_or_default();
    make(&call, DelReplyText::new(id)).await?;
    Ok(ReplyClearedJson::new(id))
}
