//! Each host of the service, and its clock.

use std::time::{Duration, Instant, SystemTime};

use bili_im_proto::{Host, Hosts, Origin, UnixMicros, UnixSeconds};
use ureq::{Agent, http::header::DATE};

use super::check::{Check, Subject};
use crate::{
    args::Global,
    failure::Failure,
    language::{Language, current},
    trace, wording,
};

/// The longest wait for a host.
const PATIENCE: Duration = Duration::from_secs(10);

/// Clocks that differ by no more than this are not reported: the service's `Date` has whole seconds,
/// and takes some time to arrive.
const CLOCK_TOLERANCE: u64 = 5;

pub(super) fn checks(global: &Global) -> Vec<Check> {
    let hosts = match global.endpoint() {
        Ok(endpoint) => endpoint.map_or_else(Hosts::default, Hosts::single),
        Err(failure) => return vec![Check::fault(Subject::Network, &failure)],
    };
    let agent = trace::bare_agent(hosts.are_loopback());
    let mut origins: Vec<&Origin> = Vec::new();
    for host in [Host::Im, Host::Main, Host::Passport] {
        if !origins.contains(&hosts.get(host)) {
            origins.push(hosts.get(host));
        }
    }
    let (mut checks, mut clock) = (Vec::new(), None);
    for origin in origins {
        let (check, of_clock) = ask(&agent, origin);
        checks.push(check);
        clock = clock.or(of_clock);
    }
    checks.extend(clock);
    checks
}

/// Asks a host for anything. Any answer says that the network works, and most say what the clock of
/// the service shows.
fn ask(agent: &Agent, origin: &Origin) -> (Check, Option<Check>) {
    let begin = Instant::now();
    let request = agent.get(origin.to_string()).config();
    let answer = request.timeout_global(Some(PATIENCE)).build().call();
    let took = begin.elapsed().as_millis();
    match answer {
        Ok(answer) => {
            let date = answer
                .headers()
                .get(DATE)
                .and_then(|date| date.to_str().ok());
            let message = format_text!(
                "{origin} answers, {took} ms",
                "{origin} 有应答，{took} 毫秒"
            );
            let clock = date.and_then(seconds).map(compare);
            (Check::ok(Subject::Network, message), clock)
        }
        Err(error) => {
            let cause = match current() {
                Language::English => error.to_string(),
                Language::Chinese => wording::cause(&error.to_string()),
            };
            let failure = Failure::other(format_text!(
                "{origin} does not answer: {cause}",
                "{origin} 没有应答：{cause}"
            ));
            let failure = failure.advise(text!(
                "check the network, the proxy (HTTPS_PROXY, ALL_PROXY) and the endpoint",
                "检查网络、代理（HTTPS_PROXY、ALL_PROXY）和服务地址"
            ));
            (Check::fault(Subject::Network, &failure), None)
        }
    }
}

fn seconds(date: &str) -> Option<UnixSeconds> {
    let date = httpdate::parse_http_date(date).ok()?;
    Some(UnixMicros::from(date).seconds())
}

/// Compares the clock of this machine with a time that has just arrived.
fn compare(date: UnixSeconds) -> Check {
    let ours = UnixMicros::from(SystemTime::now()).seconds();
    let seconds = ours.0.abs_diff(date.0);
    if seconds <= CLOCK_TOLERANCE {
        return Check::ok(Subject::Clock, text!("as the service's", "与服务一致"));
    }
    Check::warning(
        Subject::Clock,
        format_text!(
            "{seconds} s away from the service's; the times in requests are corrected by that",
            "与服务相差 {seconds} 秒；请求里的时间已按此校正"
        ),
        text!("set the clock of this machine", "校准本机的时钟"),
    )
}
