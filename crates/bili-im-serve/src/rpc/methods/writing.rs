//! Methods that change something.

use base64::{Engine, prelude::BASE64_STANDARD};
use bili_im_json::{AckJson, ChangeJson, ImageJson, RecallJson, SETTINGS, SendJson, SettingsJson};
use bili_im_proto::{
    Endpoint, Error, Image, MsgKey, RemoveSession, SendContent, Seqno, SetMsgDnd, SetSettings,
    SetTop, Settings, Talker, Text, UpdateAck, UpdateIntercept, UploadBfs,
};
use schemars::JsonSchema;

use crate::rpc::{
    call::{Call, Fault},
    method::{Method, Of, Right, Scope, answers},
    param::{Kind, Param, needed, optional},
};

const KEY: Param = optional(
    "idempotency_key",
    Kind::Text,
    "a name for this send, of 128 characters at most: the same again sends nothing and gives the same result",
);

const SENT: &str =
    "as `bili-im send --json`, with `stored` when an earlier call with the same key has sent it";

/// A method that changes a conversation alone.
macro_rules! change {
    ($name:literal, $about:literal, $endpoint:expr, $field:ident = $value:literal) => {
        Method {
            name: $name,
            about: $about,
            right: Right::Write,
            scope: Scope::Talker,
            params: &[],
            result: concat!("as `bili-im ", $name, " --json`"),
            answers: answers!(|call| changed(call, $endpoint, stringify!($field), $value)),
        }
    };
}

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "send",
        about: "send a text, once",
        right: Right::Write,
        scope: Scope::Talker,
        params: &[needed("text", Kind::Text, "the text"), KEY],
        result: SENT,
        answers: answers!(send_text),
    },
    Method {
        name: "send_image",
        about: "send an image that the service has, once",
        right: Right::Write,
        scope: Scope::Talker,
        params: &[
            needed(
                "url",
                Kind::Text,
                "its address on .hdslb.com or .biliimg.com",
            ),
            optional("width", Kind::Number, "its width in pixels"),
            optional("height", Kind::Number, "its height in pixels"),
            optional("format", Kind::Text, "jpeg, png or gif"),
            optional("size", Kind::Number, "its size in KiB"),
            KEY,
        ],
        result: SENT,
        answers: answers!(send_image),
    },
    Method {
        name: "upload_image",
        about: "upload an image, so that it can be sent",
        right: Right::Write,
        scope: Scope::Account,
        params: &[needed(
            "data",
            Kind::Text,
            "a JPEG, PNG or GIF in Base64; the body has 8 MiB at most",
        )],
        result: "`url`, `width`, `height`, `format`, `size`",
        answers: answers!(upload_image),
    },
    Method {
        name: "recall",
        about: "recall an own message, within 120 s of sending it",
        right: Right::Write,
        scope: Scope::Talker,
        params: &[needed("msg_key", Kind::Number, "the message")],
        result: "as `bili-im recall --json`",
        answers: answers!(recall),
    },
    Method {
        name: "ack",
        about: "mark a conversation as read",
        right: Right::Write,
        scope: Scope::Talker,
        params: &[optional(
            "upto",
            Kind::Number,
            "only up to this sequence number",
        )],
        result: "as `bili-im ack --json`",
        answers: answers!(ack),
    },
    change!(
        "pin",
        "pin a conversation",
        |talker| SetTop::new(talker, true),
        pinned = true
    ),
    change!(
        "unpin",
        "unpin a conversation",
        |talker| SetTop::new(talker, false),
        pinned = false
    ),
    change!(
        "mute",
        "mute a conversation",
        |talker| SetMsgDnd::new(talker, true),
        muted = true
    ),
    change!(
        "unmute",
        "unmute a conversation",
        |talker| SetMsgDnd::new(talker, false),
        muted = false
    ),
    change!(
        "remove",
        "remove a conversation from the list",
        RemoveSession::new,
        removed = true
    ),
    Method {
        name: "intercept",
        about: "intercept a user's messages, or let them through again",
        right: Right::Write,
        scope: Scope::Talker,
        params: &[optional("off", Kind::Flag, "let them through again")],
        result: "as `bili-im intercept --json`",
        answers: answers!(intercept),
    },
    Method {
        name: "settings.set",
        about: "change the account's settings of private messages",
        right: Right::Write,
        scope: Scope::WholeAccount,
        params: &[needed(
            "settings",
            Kind::Object,
            "settings by name, each \"on\", \"off\" or the service's number",
        )],
        result: "as `bili-im settings set --json`",
        answers: answers!(set),
    },
];

/// What became of a send.
#[derive(JsonSchema)]
struct SentJson {
    #[serde(flatten)]
    _sent: SendJson,
    /// Whether an earlier call with the same key has sent it.
    #[serde(rename = "stored", skip_serializing_if = "Option::is_none")]
    _stored: Option<bool>,
}

async fn send_text(call: Call) -> Result<Of<SentJson>, Fault> {
    let text = Text::new(call.text("text").unwrap_or_default());
    let text = text.map_err(Error::from)?;
    send(call, text.into()).await
}

async fn send_image(call: Call) -> Result<Of<SentJson>, Fault> {
    let image = Image::new(call.text("url").unwrap_or_default());
    let mut image = image.map_err(Error::from)?;
    image.width = small(&call, "width");
    image.height = small(&call, "height");
    image.size = small(&call, "size");
    if let Some(format) = call.text("format") {
        let format = serde_json::from_value(format.into());
        image.format =
            format.map_err(|_| Fault::Params("format is jpeg, png or gif".to_owned()))?;
    }
    send(call, image.into()).await
}

fn small(call: &Call, name: &str) -> Option<u32> {
    call.number(name)?.try_into().ok()
}

async fn upload_image(call: Call) -> Result<ImageJson, Fault> {
    let file = BASE64_STANDARD.decode(call.text("data").unwrap_or_default());
    let file = file.map_err(|_| Fault::Params("data is Base64".to_owned()))?;
    let upload = UploadBfs::new(file).map_err(Error::from)?;
    let uploaded = call.client()?.call(upload.clone()).await?;
    Ok(ImageJson::from(
        upload.image(&uploaded).map_err(Error::from)?,
    ))
}

async fn send(call: Call, content: SendContent) -> Result<Of<SentJson>, Fault> {
    let key = match call.text("idempotency_key") {
        Some(key) if !(1..=128).contains(&key.chars().count()) => {
            let words = "idempotency_key has 1 to 128 characters";
            return Err(Fault::Params(words.to_owned()));
        }
        // Keys of two tokens are different.
        key => key.map(|key| format!("{}/{key}", call.rights.name)),
    };
    let sent = call.account()?.send(key, call.talker()?, content).await;
    sent.map(Of::from).map_err(Fault::Error)
}

async fn recall(call: Call) -> Result<RecallJson, Fault> {
    let key = MsgKey(call.number("msg_key").unwrap_or_default());
    call.client()?.recall(call.talker()?, key).await?;
    Ok(RecallJson::from(key))
}

async fn ack(call: Call) -> Result<AckJson, Fault> {
    let (talker, upto) = (call.talker()?, call.number("upto").map(Seqno));
    let mut change = UpdateAck::new(talker);
    change.upto = upto;
    make(&call, change).await?;
    Ok(AckJson::new(talker, upto))
}

async fn intercept(call: Call) -> Result<ChangeJson, Fault> {
    let (talker, value) = (call.talker()?, !call.flag("off"));
    let Talker::User(uid) = talker else {
        return Err(Fault::Params("only a user can be intercepted".to_owned()));
    };
    make(&call, UpdateIntercept::new(uid, value)).await?;
    let field = "intercepted";
    Ok(ChangeJson {
        talker,
        field,
        value,
    })
}

async fn set(call: Call) -> Result<SettingsJson, Fault> {
    let mut values = Settings::default();
    for (name, value) in call.object("settings").into_iter().flatten() {
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        let setting = setting.ok_or_else(|| {
            let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
            Fault::Params(format!("settings are: {}", names.join(", ")))
        })?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let number = setting.parse(&text).ok_or_else(|| {
            let (on, off) = (setting.on, setting.off);
            Fault::Params(format!("{name} is on ({on}) or off ({off})"))
        })?;
        setting.set(&mut values, number);
    }
    make(&call, SetSettings::new(values.clone())).await?;
    Ok(SettingsJson::from(values))
}

/// Changes a conversation alone.
async fn changed<E>(
    call: Call,
    endpoint: impl FnOnce(Talker) -> E,
    field: &'static str,
    value: bool,
) -> Result<ChangeJson, Fault>
where
    E: Endpoint<Response = ()> + Send + Sync + 'static,
{
    let talker = call.talker()?;
    make(&call, endpoint(talker)).await?;
    Ok(ChangeJson {
        talker,
        field,
        value,
    })
}

pub(super) async fn make<E>(call: &Call, change: E) -> Result<(), Fault>
where
    E: Endpoint<Response = ()> + Send + Sync + 'static,
{
    Ok(call.client()?.call(change).await?)
}
