//! Posts to receivers: no redirects, and bounds for the time and the answer.

use std::time::{Duration, SystemTime};

use bili_im_reqwest::http_client;
use http::{Request, StatusCode, header::RETRY_AFTER};
use tokio::time::timeout;

use super::table::is_loopback;

/// The most bytes of an answer that are read.
const MOST: usize = 64 << 10;

/// Why something was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: String,
    /// Whether trying again is of no use.
    pub(crate) is_final: bool,
    /// How long the receiver asks to wait.
    pub(crate) wait: Option<Duration>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    wait: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Posts.
#[derive(Debug)]
pub(crate) struct Poster {
    /// For https: with a proxy, if the environment names one.
    secure: reqwest::Client,
    /// For http: without a proxy.
    plain: reqwest::Client,
    /// How long a receiver may take.
    pub(super) patience: Duration,
}

impl Refusal {
    /// A failure that may pass.
    pub(super) fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_final: false,
            wait: None,
        }
    }
}

impl Poster {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            secure: http_client(false),
            plain: http_client(true),
            patience,
        }
    }

    pub(super) async fn post(&self, request: Request<Vec<u8>>) -> Result<Answer, Refusal> {
        let uri = request.uri();
        let is_plain = uri.scheme_str() == Some("http") || uri.host().is_some_and(is_loopback);
        let client = if is_plain { &self.plain } else { &self.secure };
        let request = request.try_into().map_err(failed)?;
        timeout(self.patience, exchange(client, request))
            .await
            .unwrap_or_else(|_| {
                let seconds = self.patience.as_secs_f64();
                Err(Refusal::passing(format!("no answer within {seconds} s")))
            })
    }
}

async fn exchange(client: &reqwest::Client, request: reqwest::Request) -> Result<Answer, Refusal> {
    let mut answer = client.execute(request).await.map_err(failed)?;
    let asked = answer.headers().get(RETRY_AFTER);
    let wait = asked.and_then(|asked| wait(asked.to_str().ok()?));
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        let room = MOST - body.len();
        body.extend(chunk.into_iter().take(room));
        if body.len() == MOST {
            break;
        }
    }
    Ok(Answer { status, wait, body })
}

impl Answer {
    /// Whether the status is one of success.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let status = self.status;
        if status.is_success() {
            return Ok(());
        }
        let why = match status.is_redirection() {
            true => format!("HTTP {}: redirects are not followed", status.as_u16()),
            false => format!("HTTP {}", status.as_u16()),
        };
        Err(Refusal {
            why,
            is_final: is_final(status),
            wait: self.wait,
        })
    }
}

/// Whether the same request would be refused again.
fn is_final(status: StatusCode) -> bool {
    let may_pass = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_client_error() && !may_pass.contains(&status)
}

/// Seconds, or a date.
fn wait(asked: &str) -> Option<Duration> {
    let seconds = asked.parse().map(Duration::from_secs).ok();
    seconds.or_else(|| {
        let until = httpdate::parse_http_date(asked).ok()?;
        until.duration_since(SystemTime::now()).ok()
    })
}

/// The address stays out: it can have a key.
fn failed(error: reqwest::Error) -> Refusal {
    let error = error.without_url();
    let why = match error.is_connect() {
        true => "it cannot be connected to".to_owned(),
        false => error.to_string(),
    };
    Refusal::passing(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_asks_for_a_wait_in_seconds_or_by_a_date() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        assert!(wait(&soon).unwrap() > Duration::from_secs(50));
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT"), None);
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let statuses = [400, 401, 404, 408, 410, 425, 429, 301, 500, 503];
        let tried_again = statuses
            .into_iter()
            .filter(|status| !is_final(StatusCode::from_u16(*status).unwrap()));
        assert_eq!(
            tried_again.collect::<Vec<_>>(),
            [408, 425, 429, 301, 500, 503]
        );
    }
}
