//! The steps of the demonstration.

use bili_im_proto::{
    Content, Error, FetchSessionMsgs, Image, MsgKey, MyGroupUnread, Printable, RefusalKind,
    SingleUnread, Text, Uid,
};

use super::{adapter::Adapter, stage::Stage};
use crate::{failure::Failure, words::on_one_line};

pub(super) const CREATOR: Uid = Uid(10001);
pub(super) const FRIEND: Uid = Uid(10002);
const STRANGER: Uid = Uid(10003);

const TEXT: &str = "up主你好,\n催更[doge]";
const IMAGE: &str = "https://i0.hdslb.com/bfs/album/demo.jpg";

pub(super) async fn act<A: Adapter>(
    creator: &A,
    friend: &A,
    stage: &mut Stage,
) -> Result<(), Failure> {
    read(creator, stage).await?;
    send_text(creator, friend, stage).await?;
    let image = send_image(creator, friend, stage).await?;
    recall(creator, friend, image, stage).await?;
    send_twice_to_a_stranger(creator, stage).await
}

async fn read<A: Adapter>(creator: &A, stage: &mut Stage) -> Result<(), Failure> {
    let account = creator.account();
    let profile = creator.run(account.profile()).await?;
    stage.show(
        profile.uid == CREATOR,
        format!("who am I: {} {}", profile.uid, on_one_line(&profile.name)),
        &[],
    )?;
    let users = creator.run(account.call(SingleUnread::new())).await?;
    let groups = creator.run(account.call(MyGroupUnread)).await?;
    let counts = (
        users.follow_unread,
        users.unfollow_unread,
        groups.unread_count,
    );
    let (followed, others, groups) = counts;
    stage.show(
        counts == (2, 0, 1),
        format!("unread: followed {followed}, others {others}, groups {groups}"),
        &[],
    )
}

async fn send_text<A: Adapter>(creator: &A, friend: &A, stage: &mut Stage) -> Result<(), Failure> {
    let unread_before = unread_of(friend).await?;
    let text = Text::new(TEXT)?;
    let sent = creator.run(creator.account().send(FRIEND, text)).await?;
    let seen = reads(friend, sent.msg_key).await?;
    let unread = unread_of(friend).await?.saturating_sub(unread_before);
    stage.show(
        seen == Some(Content::Text(TEXT.to_owned())) && unread == 1,
        format!("send a text to {FRIEND}: msg_key {}", sent.msg_key),
        &[format!(
            "{FRIEND} has {unread} unread more and reads: {}",
            shown(seen.as_ref())
        )],
    )
}

async fn send_image<A: Adapter>(
    creator: &A,
    friend: &A,
    stage: &mut Stage,
) -> Result<MsgKey, Failure> {
    let image = Image::new(IMAGE)?;
    let sent = creator.run(creator.account().send(FRIEND, image)).await?;
    let seen = reads(friend, sent.msg_key).await?;
    stage.show(
        matches!(&seen, Some(Content::Image(image)) if image.url() == IMAGE),
        format!("send an image to {FRIEND}: msg_key {}", sent.msg_key),
        &[format!("{FRIEND} sees: {}", shown(seen.as_ref()))],
    )?;
    Ok(sent.msg_key)
}

async fn recall<A: Adapter>(
    creator: &A,
    friend: &A,
    key: MsgKey,
    stage: &mut Stage,
) -> Result<(), Failure> {
    creator.run(creator.account().recall(FRIEND, key)).await?;
    let seen = reads(friend, key).await?;
    stage.show(
        seen == Some(Content::Recalled),
        format!("recall {key}"),
        &[format!("{FRIEND} sees: {}", shown(seen.as_ref()))],
    )
}

async fn send_twice_to_a_stranger<A: Adapter>(
    creator: &A,
    stage: &mut Stage,
) -> Result<(), Failure> {
    let greeting = Text::new("你好")?;
    let send = || creator.run(creator.account().send(STRANGER, greeting.clone()));
    let key = send().await?.msg_key;
    stage.show(
        true,
        format!("send a first text to the stranger {STRANGER}: msg_key {key}"),
        &[],
    )?;
    let (refused, words) = match send().await {
        Ok(sent) => (false, format!("it was taken: msg_key {}", sent.msg_key)),
        Err(error) => (
            error.kind() == Some(RefusalKind::StrangerLimit),
            error.to_string(),
        ),
    };
    stage.show(
        refused,
        "send a second one, which the service must refuse",
        &[words],
    )
}

/// The content of a message as the receiver reads it.
async fn reads<A: Adapter>(receiver: &A, key: MsgKey) -> Result<Option<Content>, Error> {
    let page = FetchSessionMsgs::new(CREATOR);
    let page = receiver.run(receiver.account().call(page)).await?;
    let message = page.messages.iter().find(|message| message.msg_key == key);
    Ok(message.map(bili_im_proto::Message::content))
}

async fn unread_of<A: Adapter>(receiver: &A) -> Result<u64, Error> {
    let unread = receiver
        .run(receiver.account().call(SingleUnread::new()))
        .await?;
    Ok(unread.follow_unread + unread.unfollow_unread)
}

fn shown(content: Option<&Content>) -> String {
    match content {
        Some(Content::Text(text)) => format!("\"{}\"", on_one_line(text)),
        Some(Content::Image(image)) => format!("an image, {}", Printable(image.url())),
        Some(Content::Recalled) => "a message that was recalled".to_owned(),
        Some(other) => Printable(&format!("{other:?}")).to_string(),
        None => "nothing".to_owned(),
    }
}
