//! `bili-im sim`

use std::{
    fmt::{self, Display},
    fs,
    io::{self, Write},
    net::SocketAddr,
    time::SystemTime,
};

use bili_im_sim::{Large, Mode, Server, Service, Uid, World};
use serde::Serialize;

use crate::{
    args::{Global, number},
    curl::quoted,
    failure::Failure,
    output::Output,
};

const DEFAULT_ADDR: &str = "127.0.0.1:8970";
const DEFAULT_WORLD: &str = "demo";

/// Run a simulated service on this machine, to try things without an account
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, in one terminal and in another:
  bili-im sim
  eval \"$(bili-im sim --print-env 10001)\"
  bili-im send 10002 hello")]
pub(crate) struct Sim {
    /// Where to listen, on this machine only; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_ADDR)]
    listen: SocketAddr,
    /// The accounts and messages to begin with: demo, seed, large (a million messages), or a JSON
    /// file
    #[arg(long, value_name = "WORLD", default_value = DEFAULT_WORLD)]
    world: String,
    /// Refuse all that docs/protocol.md tells clients not to send, even where bilibili accepts it
    #[arg(long, conflicts_with = "classic")]
    strict: bool,
    /// Be as lenient as bilibili in its first years: take unsigned sends, and no device id
    #[arg(long)]
    classic: bool,
    /// Print what to set for using the program as this account, and exit
    #[arg(long, value_name = "ACCOUNT", value_parser = number)]
    print_env: Option<u64>,
}

impl Sim {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let world = self.read_world()?;
        match self.print_env {
            Some(uid) => out.print(&self.env(&world, Uid(uid))?),
            None => self.serve(world, out),
        }
    }

    fn read_world(&self) -> Result<World, Failure> {
        let mut world = match self.world.as_str() {
            "demo" => World::demo(),
            "seed" => World::seed(),
            "large" => World::large(Large::default()),
            path => {
                let text = fs::read_to_string(path).map_err(|error| {
                    Failure::wrong_use(
                        format!("the world {path} cannot be read: {error}"),
                        "give demo, seed, large, or the path of a JSON file",
                    )
                })?;
                World::from_json(&text).map_err(|error| {
                    Failure::wrong_use(
                        format!("{path}: {error}"),
                        "mend the file; the page of bili-im-sim shows what it can hold",
                    )
                })?
            }
        };
        if self.classic {
            world.options.mode = Mode::Classic;
        } else if self.strict {
            world.options.mode = Mode::Strict;
        }
        Ok(world)
    }

    fn env(&self, world: &World, uid: Uid) -> Result<SimEnvOutput, Failure> {
        if self.listen.port() == 0 {
            return Err(Failure::wrong_use(
                "the port is not known beforehand when it is 0",
                "give --listen the address that the service printed",
            ));
        }
        let account = world.account(uid).ok_or_else(|| {
            Failure::wrong_use(
                format!("there is no account {uid} in this world"),
                format!("take one of {}", uids(world)),
            )
        })?;
        Ok(SimEnvOutput {
            endpoint: format!("http://{}", self.listen),
            cookie: account.cookie(),
        })
    }

    fn serve(&self, world: World, out: Output) -> Result<(), Failure> {
        let uids = uids(&world);
        let first = uids.split(',').next().unwrap_or_default();
        let service = Service::new(world, SystemTime::now().into())
            .map_err(|error| Failure::other(error.to_string()))?;
        let server = Server::start(service, self.listen).map_err(|error| {
            let message = format!("cannot listen on {}: {error}", self.listen);
            let advice = "give another address of this machine with --listen";
            match error.kind() {
                io::ErrorKind::InvalidInput => Failure::wrong_use(message, advice),
                _ => Failure::other(message).advise(advice),
            }
        })?;
        let addr = server.addr();
        out.print(&SimOutput {
            listening_on: format!("http://{addr}"),
        })?;
        // On stderr, so that stdout has one line for scripts.
        let _lost = writeln!(
            io::stderr(),
            "accounts: {uids}; to be the first, in another terminal:\n  \
             eval \"$(bili-im sim{} --print-env {first})\"",
            self.options(addr),
        );
        server.wait();
        Ok(())
    }

    /// The options with which `--print-env` prints the environment of this service.
    fn options(&self, addr: SocketAddr) -> String {
        let mut options = String::new();
        if addr.to_string() != DEFAULT_ADDR {
            options.push_str(&format!(" --listen {addr}"));
        }
        if self.world != DEFAULT_WORLD {
            options.push_str(&format!(" --world {}", quoted(&self.world)));
        }
        options
    }
}

fn uids(world: &World) -> String {
    let uids: Vec<String> = (world.accounts.iter())
        .map(|account| account.uid.to_string())
        .collect();
    uids.join(", ")
}

#[derive(Debug, Serialize)]
struct SimOutput {
    listening_on: String,
}

impl Display for SimOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listening on {}", self.listening_on)
    }
}

/// The environment for using a simulated service. Its cookies are not secret.
#[derive(Debug, Serialize)]
struct SimEnvOutput {
    #[serde(rename = "BILI_IM_ENDPOINT")]
    endpoint: String,
    #[serde(rename = "BILI_IM_COOKIE")]
    cookie: String,
}

impl Display for SimEnvOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "export BILI_IM_ENDPOINT={}\nexport BILI_IM_COOKIE={}",
            quoted(&self.endpoint),
            quoted(&self.cookie)
        )
    }
}
