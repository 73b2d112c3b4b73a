//! The command: a simulated service in this process, and the demonstration over both adapters.

use std::{
    fmt::{self, Display},
    net::Ipv4Addr,
    time::SystemTime,
};

use bili_im_proto::{Credential, Origin, Uid};
use bili_im_sim::{Server, Service, World};
use serde::Serialize;

use super::{
    adapter::Adapter,
    scenes::{self, CREATOR, FRIEND},
    stage::{DemoStep, Stage},
};
use crate::{args::Global, failure::Failure, output::Output};

/// Show the library at work against a simulated service in this process; no account needed
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::other(format!("no async runtime: {error}")))?;
        let mut stage = Stage {
            out,
            adapter: "",
            steps: Vec::new(),
        };
        runtime.block_on(async {
            play::<bili_im_ureq::Client>(&mut stage).await?;
            play::<bili_im_reqwest::Client>(&mut stage).await
        })?;
        let ok = stage.steps.iter().all(|step| step.ok);
        out.print(&DemoOutput {
            ok,
            steps: stage.steps,
        })?;
        if ok {
            Ok(())
        } else {
            Err(Failure::other("not all of it came out as it should"))
        }
    }
}

#[derive(Debug, Serialize)]
struct DemoOutput {
    ok: bool,
    steps: Vec<DemoStep>,
}

impl Display for DemoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ok {
            "all of it came out as it should"
        } else {
            "not all of it came out as it should"
        })
    }
}

/// A simulated service and two of its users.
struct Cast<A> {
    server: Server,
    creator: A,
    friend: A,
}

async fn play<A: Adapter>(stage: &mut Stage) -> Result<(), Failure> {
    let (cast, origin) = cast::<A>()?;
    stage.enter(A::NAME, &origin)?;
    scenes::act(&cast.creator, &cast.friend, stage).await?;
    let requests: u64 = cast.server.with(|service| {
        let snapshot = service.snapshot(SystemTime::now().into());
        snapshot.requests.values().map(|count| count.requests).sum()
    });
    stage
        .out
        .narrate(&format!("{requests} requests over HTTP\n"))
}

fn cast<A: Adapter>() -> Result<(Cast<A>, Origin), Failure> {
    let world = World::demo();
    let log_in = |uid: Uid, origin: &Origin| {
        let account = world.account(uid.0);
        let cookie = account
            .map(bili_im_sim::Account::cookie)
            .unwrap_or_default();
        Credential::parse(&cookie)
            .map(|credential| A::log_in(credential, origin.clone()))
            .map_err(|invalid| Failure::other(invalid.to_string()))
    };
    let service = Service::new(world.clone(), SystemTime::now().into())
        .map_err(|error| Failure::other(error.to_string()))?;
    let server = Server::start(service, (Ipv4Addr::LOCALHOST, 0).into())
        .map_err(|error| Failure::other(format!("no service on this machine: {error}")))?;
    let origin: Origin = format!("http://{}", server.addr())
        .parse()
        .map_err(|invalid: bili_im_proto::InvalidOrigin| Failure::other(invalid.to_string()))?;
    let cast = Cast {
        creator: log_in(CREATOR, &origin)?,
        friend: log_in(FRIEND, &origin)?,
        server,
    };
    Ok((cast, origin))
}
