//! Saves the images of an archive, several at a time.

use std::thread;

use bili_im_archive::{Archive, MediaOutcome, media_request};
use bili_im_proto::{Failure as NoAnswer, Origin, http::Response};
use bili_im_ureq::Client;
use serde::Serialize;

use crate::{failure::Failure, progress::Progress, watching::Stop};

/// How many images are fetched at once.
const AT_ONCE: u32 = 4;

/// How many groups in a row may fail altogether before the rest is left for the next time.
const PATIENCE: usize = 3;

/// How many images were saved, do not exist any more, or are to be tried again.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ImagesJson {
    pub(crate) saved: u64,
    pub(crate) gone: u64,
    pub(crate) failed: u64,
}

/// Saves the images that an archive lacks, until all are tried or the user wants to stop.
pub(crate) fn save(
    archive: &mut Archive,
    client: &Client,
    endpoint: Option<&Origin>,
    stop: &Stop,
) -> Result<ImagesJson, Failure> {
    let mut images = ImagesJson::default();
    archive.want_missing_media()?;
    let progress = Progress::of(text!("images", "张图片"));
    let mut last = String::new();
    let mut failed_groups = 0;
    while !stop.is_asked() && failed_groups < PATIENCE {
        let urls = archive.wanted_media(&last, AT_ONCE)?;
        let Some(newest) = urls.last() else { break };
        last.clone_from(newest);
        let mut has_answer = false;
        for (url, answer) in fetch(&urls, client, endpoint) {
            let outcome = match answer {
                Some(answer) => {
                    has_answer |= answer.is_ok();
                    archive.save_media(url, &answer)?
                }
                None => archive.note_media(url, MediaOutcome::Gone)?,
            };
            match outcome {
                MediaOutcome::Saved => images.saved += 1,
                MediaOutcome::Gone => images.gone += 1,
                MediaOutcome::Failed => images.failed += 1,
            }
        }
        failed_groups = if has_answer { 0 } else { failed_groups + 1 };
        progress.say(format_text!("{} images", "{} 张图片", images.saved));
    }
    Ok(images)
}

type Fetched = Result<Response<Vec<u8>>, NoAnswer>;

/// Fetches some images at once; `None` for those that are not on the service's hosts.
fn fetch<'a>(
    urls: &'a [String],
    client: &Client,
    endpoint: Option<&Origin>,
) -> Vec<(&'a str, Option<Fetched>)> {
    thread::scope(|scope| {
        let fetching: Vec<_> = (urls.iter())
            .map(|url| {
                let request = media_request(url, endpoint);
                let fetching = request.map(|request| scope.spawn(|| client.exchange(request)));
                (url.as_str(), fetching)
            })
            .collect();
        let fetched = fetching.into_iter().map(|(url, fetching)| {
            let interrupted = || NoAnswer::new(bili_im_proto::Sent::Maybe, "interrupted");
            let join = |fetching: thread::ScopedJoinHandle<'_, Fetched>| {
                fetching.join().unwrap_or_else(|_| Err(interrupted()))
            };
            (url, fetching.map(join))
        });
        fetched.collect()
    })
}
