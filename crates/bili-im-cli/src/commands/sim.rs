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
    args::{Global, address, number},
    curl::quoted,
    failure::Failure,
    output::Output,
    wording::Worded,
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
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_ADDR, value_parser = address)]
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
                    let error = error.worded();
                    Failure::wrong_use(
                        format_text!(
                            "the world {path} cannot be read: {error}",
                            "无法读取世界文件 {path}：{error}"
                        ),
                        text!(
                            "give demo, seed, large, or the path of a JSON file",
                            "可用 demo、seed、large，或 JSON 文件的路径"
                        ),
                    )
                })?;
                World::from_json(&text).map_err(|error| {
                    Failure::wrong_use(
                        format!("{path}: {error}"),
                        text!(
                            "mend the file; the page of bili-im-sim shows what it can hold",
                            "请修正文件，格式见 bili-im-sim 的说明"
                        ),
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
                text!(
                    "the port is not known beforehand when it is 0",
                    "端口为 0 时事先不知道端口号"
                ),
                text!(
                    "give --listen the address that the service printed",
                    "把服务打印出来的地址交给 --listen"
                ),
            ));
        }
        let account = world.account(uid).ok_or_else(|| {
            Failure::wrong_use(
                format_text!(
                    "there is no account {uid} in this world",
                    "这个世界里没有账号 {uid}"
                ),
                format_text!("take one of {}", "可选 {}", uids(world)),
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
            let (kind, error) = (error.kind(), error.worded());
            let message = format_text!(
                "cannot listen on {}: {error}",
                "无法监听 {}：{error}",
                self.listen
            );
            let advice = text!(
                "give another address of this machine with --listen",
                "用 --listen 换一个本机地址"
            );
            match kind {
                io::ErrorKind::InvalidInput => Failure::wrong_use(message, advice),
                _ => Failure::other(message).advise(advice),
            }
        })?;
        let addr = server.addr();
        out.print(&SimOutput {
            listening_on: format!("http://{addr}"),
        })?;
        // On stderr, so that stdout has one line for scripts.
        let _lost = write_text!(
            io::stderr(),
            "accounts: {uids}; to be the first, in another terminal:\n  \
             eval \"$(bili-im sim{} --print-env {first})\"\n",
            "账号：{uids}；要使用第一个账号，在另一个终端运行：\n  \
             eval \"$(bili-im sim{} --print-env {first})\"\n",
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
        write_text!(f, "listening on {}", "正在监听 {}", self.listening_on)
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
