//! Building and signing a text message: by the crate and by hand.

use std::fmt::Write;

use bili_im_proto::{Context, Credential, Endpoint, SendMsg, SigningKeys, Text, Uid, UnixSeconds};
use http::{
    HeaderValue, Request,
    header::{CONTENT_TYPE, COOKIE, ORIGIN, REFERER, USER_AGENT},
};
use md5::{Digest, Md5};
use serde::Serialize;

use crate::{KEY_URLS, OWN_UID, Result};

/// The text of the message.
pub const TEXT: &str =
    "UP主你好！上期视频里 03:12 的那段 BGM 叫什么名字？找了好久 [doge] https://b23.tv/av170001";

/// The receiver.
pub const RECEIVER: u64 = 2;

const DEVICE_ID: &str = "372778FD-E359-461D-86A3-EA2BCC6FF52A";

const TIME: u64 = 1_760_011_200;

/// The crate's context: device, time, login and keys.
pub fn context() -> Result<Context> {
    let [img, sub] = KEY_URLS;
    let context = Context::new(DEVICE_ID.parse()?, UnixSeconds(TIME).micros())
        .with_credential(Credential::parse(crate::COOKIE)?)
        .with_keys(SigningKeys::from_urls(img, sub)?);
    Ok(context)
}

/// Builds and signs the message with the crate.
pub fn ours(context: &Context) -> Result<Request<bili_im_proto::Body>> {
    let message = SendMsg::new(Uid(RECEIVER), Text::new(TEXT)?);
    Ok(message.request(context)?)
}

/// The account of the code by hand.
#[derive(Debug)]
pub struct Account {
    csrf: String,
    mixin_key: String,
    cookie: HeaderValue,
    user_agent: HeaderValue,
}

/// The form, with the fields in the crate's order.
#[derive(Serialize)]
struct Form<'a> {
    #[serde(rename = "msg[sender_uid]")]
    sender_uid: u64,
    #[serde(rename = "msg[receiver_id]")]
    receiver_id: u64,
    #[serde(rename = "msg[receiver_type]")]
    receiver_type: u8,
    #[serde(rename = "msg[msg_type]")]
    msg_type: u8,
    #[serde(rename = "msg[msg_status]")]
    msg_status: u8,
    #[serde(rename = "msg[dev_id]")]
    dev_id: &'a str,
    #[serde(rename = "msg[timestamp]")]
    timestamp: u64,
    #[serde(rename = "msg[new_face_version]")]
    new_face_version: u8,
    #[serde(rename = "msg[content]")]
    content: &'a str,
    csrf: &'a str,
    csrf_token: &'a str,
    build: u8,
    mobi_app: &'a str,
}

#[derive(Serialize)]
struct Content<'a> {
    content: &'a str,
}

impl Account {
    /// The same account as in [`context`].
    pub fn new() -> Result<Self> {
        let [img, sub] = KEY_URLS;
        let csrf = Credential::parse(crate::COOKIE)?;
        let mut cookie = HeaderValue::from_static(crate::COOKIE);
        cookie.set_sensitive(true);
        Ok(Self {
            csrf: csrf.csrf_token().unwrap_or_default().to_owned(),
            mixin_key: SigningKeys::from_urls(img, sub)?.mixin_key().to_owned(),
            cookie,
            user_agent: user_agent()?,
        })
    }

    /// Builds and signs the message by hand: the same steps with the same dependencies.
    pub fn by_hand(&self) -> Result<Request<Vec<u8>>> {
        let content = serde_json::to_string(&Content { content: TEXT })?;
        if TEXT.is_empty() || content.len() > 2000 {
            return Err("empty or too long".into());
        }
        // The names must be sorted.
        let signed = format!(
            "w_dev_id={DEVICE_ID}&w_receiver_id={RECEIVER}&w_sender_uid={OWN_UID}&wts={TIME}"
        );
        let digest = Md5::new()
            .chain_update(&signed)
            .chain_update(&self.mixin_key)
            .finalize();
        let mut w_rid = String::with_capacity(32);
        for byte in digest {
            write!(w_rid, "{byte:02x}")?;
        }
        let form = Form {
            sender_uid: OWN_UID,
            receiver_id: RECEIVER,
            receiver_type: 1,
            msg_type: 1,
            msg_status: 0,
            dev_id: DEVICE_ID,
            timestamp: TIME,
            new_face_version: 1,
            content: &content,
            csrf: &self.csrf,
            csrf_token: &self.csrf,
            build: 0,
            mobi_app: "web",
        };
        let body = serde_urlencoded::to_string(form)?
            .replace('+', "%20")
            .replace('*', "%2A");
        let request = Request::post(format!(
            "https://api.vc.bilibili.com/web_im/v1/web_im/send_msg?{signed}&w_rid={w_rid}"
        ))
        .header(USER_AGENT, self.user_agent.clone())
        .header(REFERER, "https://message.bilibili.com/")
        .header(ORIGIN, "https://message.bilibili.com")
        .header(COOKIE, self.cookie.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.into_bytes())?;
        Ok(request)
    }
}

/// The crate's `User-Agent` header.
pub(crate) fn user_agent() -> Result<HeaderValue> {
    let ours = ours(&context()?)?;
    let header = ours.headers().get(USER_AGENT);
    Ok(header.cloned().ok_or("no User-Agent is sent")?)
}

/// Checks that both build the same request.
pub fn check() -> Result<()> {
    let (ours, by_hand) = (ours(&context()?)?, Account::new()?.by_hand()?);
    let is_same = ours.method() == by_hand.method()
        && ours.uri() == by_hand.uri()
        && ours.headers() == by_hand.headers()
        && ours.body().as_ref() == by_hand.body();
    if is_same {
        Ok(())
    } else {
        Err("the request by hand differs from the crate's".into())
    }
}
