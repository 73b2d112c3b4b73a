use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Uri;
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// How long the addresses of a host are used.
const FRESH: Duration = Duration::from_secs(60);

/// The addresses of the service's hosts, looked up at most once a minute.
///
/// `ureq` alone looks a host up for every request, on a new thread, even when a connection is open.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// By host and port.
    found: Mutex<HashMap<String, (Instant, Vec<SocketAddr>)>>,
}

impl Addresses {
    fn known(&self, host: &str) -> Option<Vec<SocketAddr>> {
        if let Ok(address) = host.parse() {
            return Some(vec![address]);
        }
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, addresses) = found.get(host)?;
        (since.elapsed() < FRESH).then(|| addresses.clone())
    }
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = (uri.scheme().zip(uri.authority()))
            .and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority))
            .ok_or(Error::HostNotFound)?;
        if let Some(known) = self.known(&host) {
            let mut addresses = self.empty();
            known
                .into_iter()
                .for_each(|address| addresses.push(address));
            return Ok(addresses);
        }
        let addresses = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(host, (Instant::now(), addresses.to_vec()));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(addresses: &Addresses, uri: &'static str) -> Vec<SocketAddr> {
        let (uri, config) = (Uri::from_static(uri), Config::default());
        let found = addresses.resolve(&uri, &config, NextTimeout::default());
        found.unwrap().to_vec()
    }

    #[test]
    fn an_ip_address_is_not_looked_up() {
        let addresses = Addresses::default();
        let found = resolve(&addresses, "http://[::1]:8970/a");
        assert_eq!(found, ["[::1]:8970".parse().unwrap()]);
        assert!(addresses.found.lock().unwrap().is_empty());
    }

    #[test]
    fn a_host_is_looked_up_once_a_minute() {
        let addresses = Addresses::default();
        let found = resolve(&addresses, "http://localhost/a");
        assert!(
            found
                .iter()
                .all(|found| found.ip().is_loopback() && found.port() == 80)
        );

        let other = SocketAddr::from(([127, 0, 0, 9], 80));
        let known = |since| HashMap::from([("localhost:80".to_owned(), (since, vec![other]))]);
        *addresses.found.lock().unwrap() = known(Instant::now());
        assert_eq!(resolve(&addresses, "http://localhost/b"), [other]);

        let Some(old) = Instant::now().checked_sub(FRESH) else {
            return;
        };
        *addresses.found.lock().unwrap() = known(old);
        assert_eq!(resolve(&addresses, "http://localhost/b"), found);
        assert_eq!(resolve(&addresses, "https://localhost/b")[0].port(), 443);
    }
}
