//! JSON-RPC over a stream of texts, each a call or a batch: a WebSocket, or lines.

use std::{io, pin::pin, sync::Arc};

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
use futures_util::{
    Sink, SinkExt, Stream, StreamExt,
    future::{BoxFuture, ready},
    stream::FuturesUnordered,
};
use http::StatusCode;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    sync::{OwnedSemaphorePermit, watch},
};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};

use super::envelope::{answer_text, too_long};
use crate::{app::App, core::Core, rights::Rights};

/// How many calls of a stream are under way at once. Then it is not read on.
const AT_ONCE: usize = 16;

/// The registered code for the end of a process.
const RESTART: u16 = 1012;

/// `GET /rpc`: calls over a WebSocket.
pub(crate) async fn socket(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let (rights, upgrade) = match (rights, upgrade) {
        (Some(rights), Ok(upgrade)) => (rights, upgrade),
        (None, _) => return StatusCode::UNAUTHORIZED.into_response(),
        (_, Err(rejection)) => return rejection.into_response(),
    };
    let Ok(permit) = Arc::clone(&app.streams).try_acquire_owned() else {
        let words = "too many streams are open\n";
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    };
    let most = app.core.shared().limits.body;
    let upgrade = upgrade.max_message_size(most).max_frame_size(most);
    upgrade.on_upgrade(|socket| carry_socket(app, rights, socket, permit))
}

async fn carry_socket(
    app: Arc<App>,
    rights: Rights,
    socket: WebSocket,
    permit: OwnedSemaphorePermit,
) {
    let (mut to, from) = socket.split();
    let texts = from
        .take_while(|message| ready(message.as_ref().is_ok_and(|message| !is_end(message))))
        .filter_map(|message| match message {
            Ok(Message::Text(text)) => ready(Some(Some(text.to_string()))),
            _ => ready(None),
        });
    let answers = (&mut to).sink_map_err(io::Error::other);
    let answers = answers.with(|answer: String| ready(Ok::<_, io::Error>(Message::text(answer))));
    // The client may be gone.
    let _ended = carry(&app.core, &rights, texts, answers).await;
    let close = app.core.ends().borrow().then(|| CloseFrame {
        code: RESTART,
        reason: "the process ends".into(),
    });
    let _told = to.send(Message::Close(close)).await;
    drop(permit);
}

/// Whether a client has ended the connection, or sent what is no text.
fn is_end(message: &Message) -> bool {
    matches!(message, Message::Close(_) | Message::Binary(_))
}

impl Core {
    /// Answers JSON-RPC calls that come as lines, until there are no more. Each answer is a line.
    /// A line that is too long is the last.
    ///
    /// # Errors
    /// When a line cannot be written.
    pub async fn serve_lines(
        &self,
        input: impl AsyncRead + Send,
        output: impl AsyncWrite + Send,
    ) -> io::Result<()> {
        let codec = LinesCodec::new_with_max_length(self.shared().limits.body);
        let lines = FramedRead::new(input, codec);
        let lines = lines.map(|line| line.ok());
        let answers = FramedWrite::new(output, LinesCodec::new());
        let answers = SinkExt::<String>::sink_map_err(answers, io::Error::other);
        carry(self, &Rights::all("local"), lines, answers).await
    }
}

/// Answers texts, each as soon as it can be. Ends with them, with a text that cannot be read, or
/// with the process.
async fn carry(
    core: &Core,
    rights: &Rights,
    texts: impl Stream<Item = Option<String>> + Send,
    answers: impl Sink<String, Error = io::Error> + Send,
) -> io::Result<()> {
    let (mut texts, mut answers) = (pin!(texts.fuse()), pin!(answers));
    let mut calls: FuturesUnordered<BoxFuture<'static, Option<String>>> = FuturesUnordered::new();
    let mut ends = core.ends();
    while !texts.is_done() || !calls.is_empty() {
        let answer = select! {
            answer = calls.next(), if !calls.is_empty() => answer.flatten(),
            text = texts.next(), if calls.len() < AT_ONCE && !texts.is_done() => match text {
                Some(Some(text)) => {
                    let (core, rights) = (core.clone(), rights.clone());
                    calls.push(Box::pin(async move {
                        answer_text(&core, &rights, text.as_bytes()).await
                    }));
                    None
                }
                Some(None) => return answers.send(too_long()).await,
                None => None,
            },
            () = ended(&mut ends) => break,
        };
        if let Some(answer) = answer {
            answers.send(answer).await?;
        }
    }
    Ok(())
}

async fn ended(ends: &mut watch::Receiver<bool>) {
    // An error says that the process is gone.
    let _ended = ends.wait_for(|ends| *ends).await;
}
