//! Push connections over loopback, through the reqwest adapter.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use bili_im_proto::{Account, EventKind, Hosts, Origin, PushEvent, WatchOptions};
use bili_im_reqwest::Client;
use bili_im_sim::Server;
use tokio::{
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};

use super::{OWN, Push, credential, message, service, spread_point, watched_accounts};
use crate::{Result, measure::Delays, unread};

/// The time between polls without push.
const INTERVAL: Duration = Duration::from_millis(200);

/// With push nothing is polled meanwhile.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a service with that many accounts.
pub fn serve(accounts: u64) -> Result<(Server, Origin)> {
    let service = service(accounts, SystemTime::now().into())?;
    let server = Server::start(service, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let origin = format!("http://{}", server.addr()).parse()?;
    Ok((server, origin))
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// The times from some messages being accepted to their events, without pacing.
pub fn delays(messages: u32, push: Push) -> Result<Delays> {
    let (server, origin) = serve(1)?;
    let client = Client::builder(credential(OWN)?).endpoint(origin).build();
    let options = match push {
        Push::On => WatchOptions::default().with_push(true).with_interval(A_DAY),
        Push::Off => WatchOptions::default().with_interval(INTERVAL),
    };
    runtime()?.block_on(async {
        let mut events = client.watch(client.cursor_now().await?, options);
        let mut next = async || -> Result<Option<EventKind>> {
            let event = timeout(PATIENCE, events.next()).await?.transpose()?;
            Ok(event.map(|event| event.kind))
        };
        if push == Push::On {
            match next().await? {
                Some(EventKind::PushLive) => {}
                other => return Err(format!("{other:?} came instead of a connection").into()),
            }
        }
        let mut delays = vec![];
        for nth in 0..messages {
            // Long enough that the changes of a second are not folded into one.
            let pause = INTERVAL / 2 + spread_point(nth, INTERVAL);
            if let Ok(event) = timeout(pause, next()).await {
                return Err(format!("{event:?} came although nothing was written").into());
            }
            let text = format!("{nth}");
            server.with(|service| service.write(message(&text), SystemTime::now().into()))?;
            let written = Instant::now();
            let event = next().await?;
            delays.push(written.elapsed().as_secs_f64());
            match event {
                Some(EventKind::Message { message, .. }) if message.content().summary() == text => {
                }
                other => return Err(format!("{other:?} came instead of {text}").into()),
            }
        }
        Ok(Delays::of(delays))
    })
}

/// Live push connections of all accounts, in one thread and without watchers.
pub fn connections(
    origin: &Origin,
    accounts: u64,
) -> Result<(Runtime, Vec<bili_im_reqwest::Push>)> {
    let runtime = runtime()?;
    let pushes = runtime.block_on(async { timeout(PATIENCE, open(origin, accounts)).await })??;
    Ok((runtime, pushes))
}

async fn open(origin: &Origin, accounts: u64) -> Result<Vec<bili_im_reqwest::Push>> {
    let http = unread::http()?;
    let live = Arc::new(AtomicU64::new(0));
    let mut pushes = vec![];
    for uid in watched_accounts(accounts) {
        let account = Account::builder(credential(uid)?, [7; 24]);
        let account = account.hosts(Hosts::single(origin.clone())).build();
        let counted = Arc::clone(&live);
        let client = Client::from_client(account, http.clone());
        pushes.push(client.open_push(move |event| {
            counted.fetch_add(u64::from(event == PushEvent::Live), Relaxed);
        }));
    }
    while live.load(Relaxed) < accounts {
        sleep(Duration::from_millis(1)).await;
    }
    Ok(pushes)
}
