//! Compares decoding a page of messages with `bpi-rs`, another client of the same service. Prints
//! the comparisons as JSON.

#[path = "../../src/measure.rs"]
mod measure;
#[path = "../../src/pages.rs"]
mod pages;

use std::{env, error::Error, process::ExitCode, time::Duration};

use bili_im_proto::{Endpoint, FetchSessionMsgs, SessionMsgs};
use bpi_rs::{ApiEnvelope, message::MessageSessionMessagesData};
use http::Response;

use measure::{Comparison, block, compare};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The account whose messages are read.
const OWN_UID: u64 = 293_793_435;

fn main() -> ExitCode {
    match run() {
        Ok(comparisons) => {
            println!("{comparisons}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the comparison for each page size. The argument is the time for each, in milliseconds.
fn run() -> Result<String> {
    let time = env::args()
        .nth(1)
        .ok_or("the time in milliseconds is missing")?;
    let time = Duration::from_millis(time.parse()?);
    let comparisons: Vec<Comparison> = pages::SIZES
        .into_iter()
        .map(|size| compare_page(size, time))
        .collect::<Result<_>>()?;
    Ok(serde_json::to_string(&comparisons)?)
}

fn compare_page(size: u64, time: Duration) -> Result<Comparison> {
    let page = Response::new(pages::page_json(size));
    let messages = ours(&page)?.messages;
    let theirs = peers(page.body())?.messages.unwrap_or_default();
    let agree = messages.len() == theirs.len()
        && (messages.iter().zip(&theirs)).all(|(ours, theirs)| {
            ours.msg_key.0 == theirs.msg_key && ours.raw_content_even_if_recalled() == theirs.content
        });
    if !agree {
        return Err("the crates read the page differently".into());
    }
    compare(time, block(|| ours(&page)), block(|| peers(page.body())))
}

fn ours(page: &Response<String>) -> Result<SessionMsgs> {
    Ok(FetchSessionMsgs::response(page)?)
}

/// Decodes with `bpi-rs`, in the way of its own client.
fn peers(body: &str) -> Result<MessageSessionMessagesData> {
    Ok(ApiEnvelope::<MessageSessionMessagesData>::from_slice(body.as_bytes())?.into_payload()?)
}
