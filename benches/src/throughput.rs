//! Messages per second, end to end: from building a message to reading the simulated service's
//! answer.

use std::{
    net::{Ipv4Addr, SocketAddr},
    thread,
    time::{Duration, Instant, SystemTime},
};

use bili_im_proto::{Origin, Uid};
use bili_im_sim::{Server, Service, World};

use crate::{Result, push::credential};

/// The account that sends.
const SENDER: u64 = 1;

/// Starts a service with the sending account and one receiver for each sender.
fn serve(senders: u32) -> Result<(Server, Origin)> {
    let mut world = World::default();
    let others = || (0..senders).map(|sender| bili_im_sim::Uid(talker(sender).0));
    let sender = bili_im_sim::Uid(SENDER);
    let mut account = bili_im_sim::Account::new(sender);
    account.follows = others().collect();
    world.accounts.push(account);
    for uid in others() {
        let mut account = bili_im_sim::Account::new(uid);
        account.follows.insert(sender);
        world.accounts.push(account);
    }
    let service = Service::new(world, SystemTime::now().into())?;
    let server = Server::start(service, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let origin = format!("http://{}", server.addr()).parse()?;
    Ok((server, origin))
}

/// The receiver of a sender, different for each.
fn talker(sender: u32) -> Uid {
    Uid(SENDER + 1 + u64::from(sender))
}

/// The text of a sender's next message. Each is different, because identical messages wait for each
/// other.
fn text(sent: u32) -> String {
    format!("第 {sent} 条")
}

/// Messages per second through the reqwest adapter, with `in_flight` sends at any time.
pub fn reqwest(in_flight: u32, time: Duration) -> Result<f64> {
    let (_server, origin) = serve(in_flight)?;
    let client = bili_im_reqwest::Client::builder(credential(SENDER)?)
        .endpoint(origin)
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Fetches the keys and opens a connection before the time is measured.
        client.profile().await?;
        let start = Instant::now();
        let senders: Vec<_> = (0..in_flight)
            .map(|index| tokio::spawn(send_for(time, client.clone(), talker(index))))
            .collect();
        let mut sent = 0;
        for sender in senders {
            sent += sender.await??;
        }
        Ok(f64::from(sent) / start.elapsed().as_secs_f64())
    })
}

/// Sends one message after the other for some time, and returns their number.
async fn send_for(time: Duration, client: bili_im_reqwest::Client, to: Uid) -> Result<u32> {
    let start = Instant::now();
    let mut sent = 0;
    while start.elapsed() < time {
        client.send_text(to, text(sent)).await?;
        sent += 1;
    }
    Ok(sent)
}

/// Messages per second through the ureq adapter, with `threads` threads.
pub fn ureq(threads: u32, time: Duration) -> Result<f64> {
    let (_server, origin) = serve(threads)?;
    let client = bili_im_ureq::Client::builder(credential(SENDER)?)
        .endpoint(origin)
        .build();
    client.profile()?;
    let start = Instant::now();
    let send_for = |time, to| {
        let start = Instant::now();
        let mut sent = 0;
        while start.elapsed() < time {
            client.send_text(to, text(sent))?;
            sent += 1;
        }
        Result::<u32>::Ok(sent)
    };
    thread::scope(|scope| {
        let senders: Vec<_> = (0..threads)
            .map(|index| scope.spawn(move || send_for(time, talker(index))))
            .collect();
        let mut sent = 0;
        for sender in senders {
            sent += sender.join().map_err(|_| "a sender panicked")??;
        }
        Ok(f64::from(sent) / start.elapsed().as_secs_f64())
    })
}
