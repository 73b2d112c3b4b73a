use std::sync::Arc;

use bili_im_proto::{Host, Hosts};
use http::Uri;
use reqwest::Url;

/// The service's addresses as the client wants them. Reading one anew is a tenth of a call.
#[derive(Debug, Clone)]
pub(crate) struct Addresses(Arc<[Url]>);

impl Addresses {
    pub(crate) fn new(hosts: &Hosts) -> Self {
        let hosts = [Host::Im, Host::Main, Host::Passport].map(|host| hosts.get(host).to_string());
        Self(hosts.iter().flat_map(|host| Url::parse(host)).collect())
    }

    /// The address of a request.
    pub(crate) fn locate(&self, uri: &Uri) -> Result<Url, String> {
        let (scheme, authority) = (uri.scheme_str(), uri.authority().map(|a| a.as_str()));
        let is_there =
            |url: &&Url| scheme == Some(url.scheme()) && authority == Some(url.authority());
        let Some(host) = self.0.iter().find(is_there) else {
            return Url::parse(&uri.to_string()).map_err(|error| error.to_string());
        };
        let mut url = host.clone();
        url.set_path(uri.path());
        url.set_query(uri.query());
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests")]

    use super::*;

    #[test]
    fn an_address_is_the_same_as_read_anew() {
        for origin in [
            "http://127.0.0.1:8970",
            "http://localhost",
            "http://[::1]:80",
            "https://EXAMPLE.com:443",
        ] {
            let addresses = Addresses::new(&Hosts::single(origin.parse().unwrap()));
            for path in [
                "",
                "/",
                "/x/v1/y?build=0&mobi_app=web",
                "/x?",
                "?x",
                "//example.org/x",
                "/x/../../y/./z?../..",
                r"/\\example.org\..\x?a\b",
                "/@example.org:1/%2e%2E/%zz?%20'{}|^`",
                "/x\"{}|^:;é?é",
            ] {
                for origin in [origin, "https://example.org"] {
                    let uri: Uri = format!("{origin}{path}").parse().unwrap();
                    let anew = Url::parse(&uri.to_string()).unwrap();
                    assert_eq!(addresses.locate(&uri).unwrap(), anew, "{uri}");
                }
            }
        }
    }
}
