//! Serves accounts of a simulated service: `bili-im-bench-serve ORIGIN COUNT`. Prints its address.

use std::{env, net::Ipv4Addr};

use bili_im_bench::{Result, push, unread};
use bili_im_proto::{Account, Hosts, Origin, WatchOptions};
use bili_im_reqwest::Client;
use bili_im_serve::{AccountSetup, Config, Core, Limits, Login, LoginError, Server};
use tokio::runtime::Builder;

struct Known {
    uid: u64,
    origin: Origin,
    http: reqwest::Client,
}

impl Login for Known {
    fn open(&self) -> std::result::Result<Client, LoginError> {
        let credential = push::credential(self.uid).map_err(|error| LoginError {
            error: Box::new(bili_im_json::ErrorJson::new(
                bili_im_json::Exit::Other,
                "Other",
                error.to_string(),
            )),
            is_logged_out: true,
        })?;
        let account = Account::builder(credential, [7; 24]);
        let account = account.hosts(Hosts::single(self.origin.clone())).build();
        Ok(Client::from_client(account, self.http.clone()))
    }
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let origin: Origin = arguments.next().ok_or("ORIGIN is missing")?.parse()?;
    let count: u64 = arguments.next().ok_or("COUNT is missing")?.parse()?;
    let folder = tempfile::tempdir()?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let core = Core::new(Limits::default());
        let http = unread::http()?;
        let server =
            Server::bind(core.clone(), Config::new((Ipv4Addr::LOCALHOST, 0).into())).await?;
        for uid in push::watched_accounts(count) {
            let (origin, http) = (origin.clone(), http.clone());
            let name = uid.to_string();
            let archive = folder.path().join(format!("{name}.db"));
            let mut setup = AccountSetup::new(name, archive, Known { uid, origin, http });
            setup.watch = WatchOptions::default().with_push(true);
            core.add(setup).await?;
        }
        println!("{}", server.address());
        server.run(std::future::pending()).await;
        Ok(())
    })
}
