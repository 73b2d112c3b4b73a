//! `GET /satori/v1/events`: events over a WebSocket.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{
        State,
        ws::{
            CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
        },
    },
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    select,
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout},
};

use super::{
    api::meta,
    event::{event, login_event},
    login::{Told, logins},
};
use crate::{
    app::App,
    clock::since_1970,
    core::Core,
    reader::{Reader, Start},
    rights::Rights,
};

const EVENT: u8 = 0;
const PING: u8 = 1;
const PONG: u8 = 2;
const IDENTIFY: u8 = 3;
const READY: u8 = 4;

/// How long a client may take to say who it is.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(10);

/// How long a client may be silent. It sends `PING` every ten seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// The longest message of a client, in bytes.
const LONGEST: usize = 16 << 10;

/// Registered codes for the end of a connection.
const RESTART: u16 = 1012;
const TRY_LATER: u16 = 1013;
const PROTOCOL: u16 = 1002;
const FAILED: u16 = 1011;
const UNAUTHORIZED: u16 = 3000;
const SILENT: u16 = 3008;

const TOO_MANY: &str = "too many streams are open";

/// Why a connection ends: a code and words. `None` when the client has gone.
type End = Option<(u16, &'static str)>;

#[derive(Debug, Deserialize)]
struct Signal {
    op: u8,
    body: Option<Identify>,
}

#[derive(Debug, Default, Deserialize)]
struct Identify {
    token: Option<String>,
    sn: Option<u64>,
}

/// Opens a connection.
pub(crate) async fn socket(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    // Whoever says in the headers who it is, is no stranger.
    let permits = match rights {
        Some(_) => &app.streams,
        None => &app.strangers,
    };
    let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, TOO_MANY).into_response();
    };
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
    upgrade.on_upgrade(|socket| carry(app, rights, socket, permit))
}

async fn carry(
    app: Arc<App>,
    rights: Option<Rights>,
    mut socket: WebSocket,
    mut permit: OwnedSemaphorePermit,
) {
    let is_stranger = rights.is_none();
    let begun = async {
        let (rights, sn) = identify(&app, rights, &mut socket).await?;
        if is_stranger {
            let taken = Arc::clone(&app.streams).try_acquire_owned();
            permit = taken.map_err(|_| Some((TRY_LATER, TOO_MANY)))?;
        }
        Connection::begin(&app.core, rights, sn).await
    };
    let end = match begun.await {
        Ok(connection) => connection.run(&mut socket).await,
        Err(end) => end,
    };
    if let Some((code, words)) = end {
        let reason = words.into();
        // The client may be gone.
        let _told = socket
            .send(Message::Close(Some(CloseFrame { code, reason })))
            .await;
    }
    drop(permit);
}

/// Whose connection it is, and behind which event it begins.
async fn identify(
    app: &App,
    rights: Option<Rights>,
    socket: &mut WebSocket,
) -> Result<(Rights, Option<u64>), End> {
    let late = Some((UNAUTHORIZED, "IDENTIFY is late"));
    let first = timeout(IDENTIFY_WITHIN, next(socket));
    let signal = first.await.map_err(|_| late)??;
    if signal.op != IDENTIFY {
        return Err(Some((PROTOCOL, "the first signal is IDENTIFY")));
    }
    let Identify { token, sn } = signal.body.unwrap_or_default();
    let token = token.unwrap_or_default();
    match rights.or_else(|| app.rights(token.as_bytes())) {
        Some(rights) => Ok((rights, sn)),
        None if token.is_empty() => Err(Some((UNAUTHORIZED, "a token is needed"))),
        None => Err(Some((UNAUTHORIZED, "this token is not known"))),
    }
}

/// The next signal of a client.
async fn next(socket: &mut WebSocket) -> Result<Signal, End> {
    loop {
        let text = match socket.recv().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(_))) => return Err(Some((PROTOCOL, "signals are texts"))),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(None),
        };
        return serde_json::from_str(&text)
            .map_err(|_| Some((PROTOCOL, "a signal is {\"op\":…,\"body\":…}")));
    }
}

struct Connection {
    core: Core,
    rights: Rights,
    reader: Reader,
    told: Told,
    /// Behind which event a client that comes again begins.
    sn: u64,
}

impl Connection {
    async fn begin(core: &Core, rights: Rights, sn: Option<u64>) -> Result<Self, End> {
        let newest = core.shared().line.visible();
        let start = sn.map_or(Start::Now, Start::After);
        let mut reader = core.read(rights.clone(), start);
        let failed = |_| Some((FAILED, "the queue cannot be used"));
        reader.begin().await.map_err(failed)?;
        Ok(Self {
            core: core.clone(),
            rights,
            reader,
            told: Told::default(),
            sn: sn.map_or(newest, |sn| sn.min(newest)),
        })
    }

    async fn run(mut self, socket: &mut WebSocket) -> End {
        let mut news = self.core.shared().news.subscribe();
        let logins = logins(&self.core, &self.rights);
        self.told.news(logins.clone());
        if let Err(end) = send(socket, READY, meta(logins)).await {
            return end;
        }
        let mut silent = Instant::now() + SILENCE;
        loop {
            let done = select! {
                signal = next(socket) => {
                    silent = Instant::now() + SILENCE;
                    match signal {
                        Ok(Signal { op: PING, .. }) => send(socket, PONG, json!({})).await,
                        // As other servers do.
                        Ok(_) => Ok(()),
                        Err(end) => Err(end),
                    }
                }
                item = self.reader.next() => match item {
                    Ok(Some(item)) => {
                        // An account is there before its events.
                        let told = self.tell_logins(socket).await;
                        self.sn = item.id();
                        match (told, event(&self.core, &item, now())) {
                            (Ok(()), Some(event)) => send(socket, EVENT, event).await,
                            (told, _) => told,
                        }
                    }
                    Ok(None) => Err(Some((RESTART, "the process ends"))),
                    Err(_) => Err(Some((FAILED, "the queue cannot be read"))),
                },
                _ = news.changed() => self.tell_logins(socket).await,
                () = sleep_until(silent) => Err(Some((SILENT, "the client is silent"))),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn tell_logins(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let logins = logins(&self.core, &self.rights);
        // At the end no login is said to be gone.
        if self.core.is_ending() {
            return Ok(());
        }
        for (kind, login) in self.told.news(logins) {
            send(socket, EVENT, login_event(self.sn, kind, login, now())).await?;
        }
        Ok(())
    }
}

async fn send(socket: &mut WebSocket, op: u8, body: Value) -> Result<(), End> {
    let text = json!({ "op": op, "body": body }).to_string();
    socket
        .send(Message::Text(text.into()))
        .await
        .map_err(|_| None)
}

/// In milliseconds since 1970.
fn now() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap_or_default()
}
