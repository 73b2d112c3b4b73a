//! Send or recall a message: `POST /web_im/v1/web_im/send_msg`.

use serde::{Deserialize, Serialize};

use crate::{
    content::{Image, Text, check_length},
    endpoint::prelude::*,
    error::InvalidArgument,
    ids::MsgKey,
    message::Emoticon,
    msg_type::MsgType,
};

const SPEC: Spec = Spec::post(Host::Im, "/web_im/v1/web_im/send_msg").signed();

request! {
    /// Sends a message (docs/protocol.md §5).
    #[derive(Serialize, Deserialize)]
    pub struct SendMsg {
        /// The receiver.
        pub talker: Talker,
        /// The content.
        pub content: SendContent,
    }
}

/// A content that can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SendContent {
    /// A text (type 1).
    Text(Text),
    /// An image, given by its address (type 2).
    Image(Image),
}

request! {
    /// Recalls an own message, within 120 s of sending it (docs/protocol.md §5).
    #[derive(Copy)]
    pub struct Recall {
        /// The receiver of the message.
        pub talker: Talker,
        /// The message to recall.
        pub msg_key: MsgKey,
    }
}

/// A message that the service accepted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SentMessage {
    /// The message's key.
    pub msg_key: MsgKey,
    /// The content as the service stored it. Only for texts.
    pub msg_content: Option<String>,
    /// The emoticons in the message.
    pub e_infos: Vec<Emoticon>,
    /// A warning to show to the user, for example about money.
    pub toast: Option<String>,
    /// Whether the answer was lost, and the message was found by reading the session. Then only
    /// `msg_key` is known.
    pub read_back: bool,
}

wire! {
    struct Wire {
        msg_key: Option<MsgKey>,
        msg_content: Option<String>,
        e_infos: Vec<Emoticon>,
        key_hit_infos: KeyHitInfos,
    }
}

wire! {
    struct JustKey {
        msg_key: Option<MsgKey>,
    }
}

impl From<JustKey> for Wire {
    fn from(JustKey { msg_key }: JustKey) -> Self {
        Self {
            msg_key,
            ..Self::default()
        }
    }
}

wire! {
    struct KeyHitInfos {
        toast: Option<String>,
    }
}

impl SentMessage {
    pub(crate) fn read_back(msg_key: MsgKey) -> Self {
        Self {
            msg_key,
            msg_content: None,
            e_infos: Vec::new(),
            toast: None,
            read_back: true,
        }
    }
}

impl From<Text> for SendContent {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Image> for SendContent {
    fn from(image: Image) -> Self {
        Self::Image(image)
    }
}

impl SendContent {
    /// The type of the message.
    pub fn msg_type(&self) -> MsgType {
        match self {
            Self::Text(_) => MsgType::Text,
            Self::Image(_) => MsgType::Image,
        }
    }

    /// The content as JSON text, as it is sent.
    pub fn json(&self) -> String {
        match self {
            Self::Text(text) => text.json(),
            Self::Image(image) => image.json(),
        }
    }
}

impl Endpoint for SendMsg {
    type Response = SentMessage;

    const SPEC: Spec = SPEC.once();

    fn check(&self, context: &Context) -> Result<(), Invalid> {
        if let SendContent::Image(image) = &self.content {
            image.check()?;
        }
        check_length(self.content.json().len())?;
        check_receiver(self.talker, context)
    }

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        let msg_type = self.content.msg_type();
        parts(self.talker, msg_type, &self.content.json(), context)
    }

    fn decode(answer: Answer<'_>) -> Result<SentMessage, Error> {
        let wire = match answer.accepted::<Wire>() {
            // An odd value in another field must not make a sent message look unsent.
            Err(Error::Unreadable(_)) => answer.accepted::<JustKey>()?.into(),
            answered => answered?,
        };
        Ok(SentMessage {
            msg_key: answer
                .require(wire.msg_key.filter(|&key| key != MsgKey(0)), "data.msg_key")?,
            msg_content: wire.msg_content,
            e_infos: wire.e_infos,
            toast: wire.key_hit_infos.toast.filter(|toast| !toast.is_empty()),
            read_back: false,
        })
    }
}

impl Endpoint for Recall {
    type Response = ();

    const SPEC: Spec = SPEC;

    fn check(&self, context: &Context) -> Result<(), Invalid> {
        if self.msg_key == MsgKey(0) {
            return Err(InvalidArgument::NoMessagesKey.into());
        }
        check_receiver(self.talker, context)
    }

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        let content = self.msg_key.to_string();
        parts(self.talker, MsgType::Recall, &content, context)
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

fn check_receiver(talker: Talker, context: &Context) -> Result<(), Invalid> {
    check_talker(talker)?;
    if context
        .own_uid()
        .is_ok_and(|own| talker == Talker::User(own))
    {
        return Err(InvalidArgument::ToSelf.into());
    }
    Ok(())
}

fn parts(
    talker: Talker,
    msg_type: MsgType,
    content: &str,
    context: &Context,
) -> Result<Parts, Invalid> {
    let Uid(sender_uid) = context.own_uid()?;
    let dev_id = context.device_id.as_str();
    let query = Query::new()
        .with("w_sender_uid", sender_uid)
        .with("w_receiver_id", talker.id())
        .with("w_dev_id", dev_id);
    let form = Query::new()
        .with("msg[sender_uid]", sender_uid)
        .with("msg[receiver_id]", talker.id())
        .with("msg[receiver_type]", talker.session_type())
        .with("msg[msg_type]", msg_type.number())
        .with("msg[msg_status]", 0)
        .with("msg[dev_id]", dev_id)
        .with("msg[timestamp]", context.time.seconds())
        .with("msg[new_face_version]", 1)
        .with("msg[content]", content);
    Ok(Parts::form(form).with_query(query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_group_can_have_the_same_id_as_the_account() {
        let group = SendMsg::new(Talker::group(293793435), Text::new("hi").unwrap());
        assert!(group.request(&signing_context()).is_ok());
    }

    #[test]
    fn an_accepted_message_is_not_lost_over_odd_fields() {
        let sent = decode::<SendMsg>(
            200,
            r#"{"code":0,"data":{"msg_key":"7354295169819585966","e_infos":[{"uri":"u","url":"v","size":"x"},7],"msg_content":[],"key_hit_infos":{"toast":"careful","high_text":{}},"_gt_":"x"}}"#,
        )
        .unwrap();
        assert_eq!(sent.msg_key, MsgKey(7354295169819585966));
        assert_eq!(sent.toast.as_deref(), Some("careful"));
        assert_eq!(sent.e_infos[0].url, "u");
        for odd in [
            r#""e_infos":[{"size":1e999}]"#,
            r#""e_infos":[{"size":1,"size":2}]"#,
            r#""msg_content":"\ud83d""#,
        ] {
            let body = format!(r#"{{"code":0,"data":{{"msg_key":5,{odd}}}}}"#);
            assert_eq!(decode::<SendMsg>(200, &body).unwrap().msg_key, MsgKey(5));
        }
        let with_voucher = r#"{"code":0,"data":{"msg_key":5,"v_voucher":"x"}}"#;
        assert_eq!(
            decode::<SendMsg>(200, with_voucher).unwrap().msg_key,
            MsgKey(5)
        );
    }
}
