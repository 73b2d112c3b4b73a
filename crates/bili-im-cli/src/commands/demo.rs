//! `bili-im demo`

use std::{convert::Infallible, net::Ipv4Addr, time::SystemTime};

use bili_im_proto::{
    Account, Content, Credential, Error, FetchSessionMsgs, Flow, Image, MsgKey, MyGroupUnread,
    Origin, Printable, RefusalKind, SingleUnread, Text, Uid,
};
use bili_im_sim::{Server, Service, World};

use crate::{
    cli::Global,
    failure::Failure,
    output::{DemoOutput, DemoStep, Output},
    words::on_one_line,
};

const CREATOR: Uid = Uid(10001);
const FRIEND: Uid = Uid(10002);
const STRANGER: Uid = Uid(10003);

const TEXT: &str = "up主你好,\n催更[doge]";
const IMAGE: &str = "https://i0.hdslb.com/bfs/album/demo.jpg";

/// Watch it at work against a simulated service inside this process; no account needed
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::other(format!("no async runtime: {error}")))?;
        let mut stage = Stage {
            out,
            adapter: "",
            steps: Vec::new(),
        };
        runtime.block_on(async {
            play::<bili_im_ureq::Client>(&mut stage).await?;
            play::<bili_im_reqwest::Client>(&mut stage).await
        })?;
        let ok = stage.steps.iter().all(|step| step.ok);
        out.print(&DemoOutput {
            ok,
            steps: stage.steps,
        })?;
        if ok {
            Ok(())
        } else {
            Err(Failure::other("not all of it came out as it should"))
        }
    }
}

/// What the play needs of an adapter. Both have more, and the same.
trait Adapter: Sized {
    const NAME: &'static str;

    fn log_in(credential: Credential, endpoint: Origin) -> Self;

    fn account(&self) -> &Account;

    async fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error>;
}

impl Adapter for bili_im_ureq::Client {
    const NAME: &'static str = "bili-im-ureq, blocking";

    fn log_in(credential: Credential, endpoint: Origin) -> Self {
        Self::builder(credential).endpoint(endpoint).build()
    }

    fn account(&self) -> &Account {
        self.account()
    }

    async fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        self.run(flow)
    }
}

impl Adapter for bili_im_reqwest::Client {
    const NAME: &'static str = "bili-im-reqwest, async";

    fn log_in(credential: Credential, endpoint: Origin) -> Self {
        Self::builder(credential).endpoint(endpoint).build()
    }

    fn account(&self) -> &Account {
        self.account()
    }

    async fn run<T>(&self, flow: Flow<Infallible, T>) -> Result<T, Error> {
        self.run(flow).await
    }
}

/// Where the play is seen.
struct Stage {
    out: Output,
    adapter: &'static str,
    steps: Vec<DemoStep>,
}

impl Stage {
    fn enter(&mut self, adapter: &'static str, service: &Origin) -> Result<(), Failure> {
        self.adapter = adapter;
        self.out.narrate(&format!("over {adapter}, at {service}"))
    }

    /// Shows one step, and whether it is as it should be.
    fn show(&mut self, ok: bool, step: impl Into<String>, saw: &[String]) -> Result<(), Failure> {
        let step = DemoStep {
            adapter: self.adapter,
            ok,
            step: step.into(),
            saw: saw.to_vec(),
        };
        self.out.narrate(&step)?;
        self.steps.push(step);
        Ok(())
    }
}

/// A service and two of its users.
struct Cast<A> {
    server: Server,
    creator: A,
    friend: A,
}

async fn play<A: Adapter>(stage: &mut Stage) -> Result<(), Failure> {
    let (cast, origin) = cast::<A>()?;
    stage.enter(A::NAME, &origin)?;
    act(&cast, stage).await?;
    let requests: u64 = cast.server.with(|service| {
        let snapshot = service.snapshot(SystemTime::now().into());
        snapshot.requests.values().map(|count| count.requests).sum()
    });
    stage
        .out
        .narrate(&format!("{requests} requests over HTTP\n"))
}

fn cast<A: Adapter>() -> Result<(Cast<A>, Origin), Failure> {
    let world = World::demo();
    let log_in = |uid: Uid, origin: &Origin| {
        let account = world.account(uid.0);
        let cookie = account
            .map(bili_im_sim::Account::cookie)
            .unwrap_or_default();
        Credential::parse(&cookie)
            .map(|credential| A::log_in(credential, origin.clone()))
            .map_err(|invalid| Failure::other(invalid.to_string()))
    };
    let service = Service::new(world.clone(), SystemTime::now().into())
        .map_err(|error| Failure::other(error.to_string()))?;
    let server = Server::start(service, (Ipv4Addr::LOCALHOST, 0).into())
        .map_err(|error| Failure::other(format!("no service on this machine: {error}")))?;
    let origin: Origin = format!("http://{}", server.addr())
        .parse()
        .map_err(|invalid: bili_im_proto::InvalidOrigin| Failure::other(invalid.to_string()))?;
    let cast = Cast {
        creator: log_in(CREATOR, &origin)?,
        friend: log_in(FRIEND, &origin)?,
        server,
    };
    Ok((cast, origin))
}

async fn act<A: Adapter>(cast: &Cast<A>, stage: &mut Stage) -> Result<(), Failure> {
    let Cast {
        creator, friend, ..
    } = cast;

    let profile = creator.run(creator.account().profile()).await?;
    stage.show(
        profile.uid == CREATOR,
        format!("who am I: {} {}", profile.uid, on_one_line(&profile.name)),
        &[],
    )?;

    let users = creator
        .run(creator.account().call(SingleUnread::new()))
        .await?;
    let groups = creator.run(creator.account().call(MyGroupUnread)).await?;
    stage.show(
        (
            users.follow_unread,
            users.unfollow_unread,
            groups.unread_count,
        ) == (2, 0, 1),
        format!(
            "unread: followed {}, others {}, groups {}",
            users.follow_unread, users.unfollow_unread, groups.unread_count
        ),
        &[],
    )?;

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
    )?;

    let image = Image::new(IMAGE)?;
    let sent = creator.run(creator.account().send(FRIEND, image)).await?;
    let seen = reads(friend, sent.msg_key).await?;
    stage.show(
        matches!(&seen, Some(Content::Image(image)) if image.url() == IMAGE),
        format!("send an image to {FRIEND}: msg_key {}", sent.msg_key),
        &[format!("{FRIEND} sees: {}", shown(seen.as_ref()))],
    )?;

    creator
        .run(creator.account().recall(FRIEND, sent.msg_key))
        .await?;
    let seen = reads(friend, sent.msg_key).await?;
    stage.show(
        seen == Some(Content::Recalled),
        format!("recall {}", sent.msg_key),
        &[format!("{FRIEND} sees: {}", shown(seen.as_ref()))],
    )?;

    let greeting = Text::new("你好")?;
    let first = creator
        .run(creator.account().send(STRANGER, greeting.clone()))
        .await?;
    stage.show(
        true,
        format!(
            "send a first text to the stranger {STRANGER}: msg_key {}",
            first.msg_key
        ),
        &[],
    )?;
    let second = creator
        .run(creator.account().send(STRANGER, greeting))
        .await;
    let (refused, words) = match &second {
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

/// What the talker sees of a message.
async fn reads<A: Adapter>(receiver: &A, key: MsgKey) -> Result<Option<Content>, Error> {
    let page = FetchSessionMsgs::new(CREATOR);
    let page = receiver.run(receiver.account().call(page)).await?;
    let message = page.messages.iter().find(|message| message.key == key);
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
