//! `POST /satori/v1/upload.create`: images that messages can have.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Multipart, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    api::{request, respond},
    method::Request,
    picture::address,
    refusal::Refusal,
};
use crate::{app::App, rights::Rights};

/// The most files of a call.
const MOST_FILES: usize = 10;

/// Puts images where the service has them.
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Extension(rights): Extension<Option<Rights>>,
    headers: HeaderMap,
    files: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Response {
    let _permit = app.take_large().await;
    let Some(rights) = rights else {
        return Refusal::new(StatusCode::UNAUTHORIZED, "a token is needed").into_response();
    };
    let limits = &app.core.shared().limits;
    let answer = match (request(&app, rights, &headers, Map::new()), files) {
        (Err(refusal), _) => Err(refusal),
        (Ok(request), _) if !request.rights.write => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "this token may only read",
        )),
        (_, Err(_)) => Err(Refusal::bad("the body is multipart/form-data")),
        (Ok(request), Ok(files)) => {
            let late = || Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body is late");
            match tokio::time::timeout(limits.patience, read(files, limits.upload)).await {
                Ok(Ok(files)) => put(&request, files).await,
                Ok(Err(refusal)) => Err(refusal),
                Err(_) => Err(late()),
            }
        }
    };
    respond(answer)
}

async fn read(mut files: Multipart, most: usize) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let broken = |_| Refusal::bad("the body is not whole, or too large");
    let mut read = Vec::new();
    let mut bytes = 0;
    while let Some(mut field) = files.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if read.iter().any(|(known, _)| *known == name) {
            return Err(Refusal::bad("each file has a name of its own"));
        }
        let mut file = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            bytes += chunk.len();
            if bytes > most {
                return Err(Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the body is too large",
                ));
            }
            file.extend_from_slice(&chunk);
        }
        read.push((name, file));
        if read.len() > MOST_FILES {
            return Err(Refusal::bad(format!(
                "there are {MOST_FILES} files at most"
            )));
        }
    }
    Ok(read)
}

async fn put(request: &Request, files: Vec<(String, Vec<u8>)>) -> Result<Value, Refusal> {
    let mut addresses = Map::new();
    for (name, file) in files {
        let data = json!({ "data": BASE64_STANDARD.encode(file) });
        let uploaded = request.call("upload_image", data).await?;
        addresses.insert(name, address(&uploaded).into());
    }
    Ok(addresses.into())
}
