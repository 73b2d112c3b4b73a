//! `/events`: what happens, as server-sent events.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    extract::{Query, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bili_im_json::ErrorJson;
use futures_util::stream;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

use super::guard::refuse;
use crate::{
    app::App,
    error::TOO_MANY,
    item::Item,
    reader::Start,
    rights::{Rights, is_name},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    consumer: Option<String>,
}

/// Tells what is new: behind `Last-Event-ID`, or where `consumer` is.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let (Some(rights), Ok(Query(wanted))) = (rights, wanted) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "only consumer=NAME can be asked for",
        );
    };
    let last = match headers.get("last-event-id").map(|id| id.to_str()) {
        None | Some(Ok("")) => None,
        Some(Ok(id)) if id.parse::<u64>().is_ok() => id.parse().ok(),
        Some(_) => return refuse(StatusCode::BAD_REQUEST, "Last-Event-ID is a number"),
    };
    let start = match (wanted.consumer, last) {
        (Some(name), _) if !is_name(&name) => {
            let words = "a consumer's name has letters, digits, -, _ and .";
            return refuse(StatusCode::BAD_REQUEST, words);
        }
        (Some(name), last) => {
            let consumer = rights.consumer(&name);
            if let Some(id) = last
                && let Err(error) = app.core.handled(&rights, &consumer, id).await
            {
                return unusable(&error);
            }
            Start::Consumer(consumer)
        }
        (None, Some(id)) => Start::After(id),
        (None, None) => Start::Now,
    };
    let Ok(permit) = Arc::clone(&app.streams).try_acquire_owned() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many streams are open");
    };
    let mut reader = app.core.read(rights, start);
    if let Err(error) = reader.begin().await {
        return unusable(&error);
    }
    let items = stream::unfold((reader, permit), |(mut reader, permit)| async {
        // A queue that cannot be read ends the stream; the client comes again.
        let item = reader.next().await.ok()??;
        Some((Ok::<_, Infallible>(event(&item)), (reader, permit)))
    });
    let heartbeat = KeepAlive::new().interval(app.core.shared().limits.heartbeat);
    Sse::new(items).keep_alive(heartbeat).into_response()
}

/// Why nothing can be told.
fn unusable(error: &ErrorJson) -> Response {
    if error.kind != TOO_MANY {
        let words = "the queue cannot be used";
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, words);
    }
    let json = serde_json::to_string(error).unwrap_or_default();
    let kind = [(CONTENT_TYPE, "application/json")];
    (StatusCode::TOO_MANY_REQUESTS, kind, json).into_response()
}

fn event(item: &Item) -> Event {
    let json = item.json();
    let kind = json.get("event").and_then(Value::as_str);
    let kind = kind.unwrap_or("other").to_owned();
    let event = Event::default().id(item.id().to_string()).event(kind);
    event.data(json.to_string())
}
