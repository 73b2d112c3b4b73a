//! Saves the images of an archive, several at a time.

use std::{
    fmt::{self, Display},
    thread,
};

use bili_im_archive::{Archive, MediaOutcome, media_request};
use bili_im_proto::{Failure as NoAnswer, Origin, http::Response};
use bili_im_ureq::Client;
use serde::Serialize;

use crate::{failure::Failure, output::Output, progress::Progress, watching::Stop};

/// How many images are fetched at once.
const AT_ONCE: u32 = 4;

/// How many groups in a row may fail altogether before the rest is left for the next time.
const PATIENCE: usize = 3;

/// What became of the images that were tried.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ImagesJson {
    saved: u64,
    /// The service no longer has them.
    gone: u64,
    too_large: u64,
    /// Not on the service's hosts.
    foreign: u64,
    /// To be tried again.
    failed: u64,
    /// Not tried this time.
    left: u64,
}

impl ImagesJson {
    fn count(&mut self, outcome: MediaOutcome) {
        *match outcome {
            MediaOutcome::Saved => &mut self.saved,
            MediaOutcome::Gone => &mut self.gone,
            MediaOutcome::TooLarge => &mut self.too_large,
            MediaOutcome::Foreign => &mut self.foreign,
            _ => &mut self.failed,
        } += 1;
    }
}

impl Display for ImagesJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            saved,
            gone,
            too_large,
            foreign,
            failed,
            left,
        } = self;
        write_text!(f, "images: {saved} saved", "图片：已保存 {saved} 张")?;
        if *gone > 0 {
            write_text!(
                f,
                ", {gone} no longer on the service",
                "，{gone} 张在服务上已不存在"
            )?;
        }
        if *too_large > 0 {
            write_text!(
                f,
                ", {too_large} left out as larger than 20 MiB",
                "，{too_large} 张超过 20 MiB，不保存"
            )?;
        }
        if *foreign > 0 {
            write_text!(
                f,
                ", {foreign} left out as not on the service's hosts",
                "，{foreign} 张不在服务的域名下，不保存"
            )?;
        }
        let later = failed + left;
        if later > 0 {
            write_text!(f, ", {later} to try next time", "，{later} 张下次再试")?;
        }
        Ok(())
    }
}

/// Saves the images that an archive lacks, until each is tried once, the service wants no more
/// requests, or the user wants to stop.
pub(crate) fn save(
    archive: &mut Archive,
    client: &Client,
    endpoint: Option<&Origin>,
    stop: &Stop,
    out: Output,
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
        let (mut has_answer, mut is_refused) = (false, false);
        for (url, answer) in fetch(&urls, client, endpoint) {
            let outcome = match answer {
                Some(answer) => {
                    has_answer |= answer.is_ok();
                    archive.save_media(url, &answer)?
                }
                None => archive.note_media(url, MediaOutcome::Foreign)?,
            };
            is_refused |= outcome == MediaOutcome::Refused;
            images.count(outcome);
        }
        failed_groups = if has_answer { 0 } else { failed_groups + 1 };
        progress.say(format_text!("{} images", "{} 张图片", images.saved));
        if is_refused {
            out.warn(text!(
                "the service refuses to send more images for now: the others are tried next time",
                "服务暂时不再发送图片，剩下的下次再试"
            ));
            break;
        }
    }
    images.left = archive.wanted_media(&last, u32::MAX)?.len() as u64;
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
