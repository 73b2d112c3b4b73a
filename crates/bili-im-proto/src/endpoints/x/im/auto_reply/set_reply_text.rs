//! Set the text of an automatic reply: `POST /x/im/auto_reply/set_reply_text`.

use crate::{
    endpoint::prelude::*,
    endpoints::ReplyKind,
    error::{InvalidArgument, InvalidContent, RefusalKind},
    setters::setters,
};

/// Sets the text of an automatic reply (docs/protocol.md §10).
/// [`SetSettings`](crate::SetSettings) turns the reply on.
///
/// With [`ReplyKind::Keys`] it adds a rule, or changes the one with [`id`](Self::id).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetReplyText {
    /// The kind.
    pub kind: ReplyKind,
    /// The text to send. The service takes 500 characters at most.
    pub reply: String,
    /// The rule to change; `None` adds one. Only for keywords, like all that follow.
    pub id: Option<u64>,
    /// The name of the rule. The service takes 30 characters at most.
    pub title: Option<String>,
    /// Keywords that a message has to equal, separated by `，`; 20 at most.
    pub key1: Option<String>,
    /// Keywords that a message has to contain, separated by `，`; 20 at most.
    pub key2: Option<String>,
}

setters! {
    SetReplyText {
        with_id sets id: u64,
        with_title sets title: String,
        with_key1 sets key1: String,
        with_key2 sets key2: String,
    }
}

impl SetReplyText {
    /// Sets the text of this kind.
    pub fn new(kind: ReplyKind, reply: impl Into<String>) -> Self {
        Self {
            kind,
            reply: reply.into(),
            id: None,
            title: None,
            key1: None,
            key2: None,
        }
    }
}

impl Endpoint for SetReplyText {
    type Response = ();

    // Repeating it would add a rule for keywords again.
    const SPEC: Spec = Spec::post(Host::Im, "/x/im/auto_reply/set_reply_text")
        .once()
        .codes(&[
            (27011, RefusalKind::BadRequest),
            (1_500_001, RefusalKind::TooLong),
        ]);

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if self.reply.is_empty() {
            return Err(InvalidContent::EmptyText.into());
        }
        let has_keys = is_given(&self.key1) || is_given(&self.key2);
        if self.kind == ReplyKind::Keys && !(is_given(&self.title) && has_keys) {
            return Err(InvalidArgument::IncompleteRule.into());
        }
        Ok(())
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(
            Query::new()
                .with("type", self.kind.number())
                .with("reply", &self.reply)
                .with_some("id", self.id)
                .with_some("title", self.title.as_ref())
                .with_some("key1", self.key1.as_ref())
                .with_some("key2", self.key2.as_ref()),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_rule_has_a_title_and_keywords() {
        let received = SetReplyText::new(ReplyKind::Recv, "hi");
        assert_eq!(form(&received), "type=3&reply=hi");
        let rule = SetReplyText::new(ReplyKind::Keys, "hi").with_title("t".to_owned());
        for incomplete in [
            rule.clone(),
            rule.clone().with_key1("".to_owned()),
            SetReplyText::new(ReplyKind::Keys, "hi").with_key2("k".to_owned()),
        ] {
            let error = incomplete.request(&context()).unwrap_err();
            assert_eq!(error, InvalidArgument::IncompleteRule.into());
        }
        let whole = rule.with_key2("k".to_owned()).with_id(7_u64);
        assert_eq!(form(&whole), "type=2&reply=hi&id=7&title=t&key2=k");
        let empty = SetReplyText::new(ReplyKind::Recv, "").request(&context());
        assert_eq!(empty.unwrap_err(), InvalidContent::EmptyText.into());
    }
}
