//! `bili-im sync` and `export` as whole processes: how long they take, and how much memory, by the
//! number of messages.

use std::{
    fs,
    net::Ipv4Addr,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use bili_im_archive::{Archive, MessageRange};
use bili_im_sim::{Large, Server, Service as Simulated, Talker, World};
use wait4::Wait4;

use crate::{
    Result,
    processes::{COOKIE, Service, program},
    report::{Report, Unit},
};

/// The account of [`COOKIE`].
const OWN: u64 = 10001;

/// How often a synchronisation is killed.
const KILLS: u32 = 20;

/// What keeping an account's messages takes.
struct Kept {
    took: Duration,
    /// The peak memory of the synchronisation, in bytes.
    sync_peak: u64,
    /// The same of the export.
    export_peak: u64,
    /// The size of the archive, in bytes.
    size: u64,
}

/// Measures, and adds the rows.
pub fn measure(report: &mut Report, messages: u32) -> Result<()> {
    let few = keep(1_000)?;
    let many = keep(messages)?;
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    for (what, few, many) in [
        ("sync", few.sync_peak, many.sync_peak),
        ("export", few.export_peak, many.export_peak),
    ] {
        report.single(
            &format!("memory of `bili-im {what}` with {messages} messages, to that with 1000"),
            Unit::Ratio,
            1.5,
            many as f64 / few as f64,
            format!("{} to {}", mib(many), mib(few)),
        );
    }
    report.other(
        "messages per second into an archive, through `bili-im sync` over loopback",
        format!("{:.0}", f64::from(messages) / many.took.as_secs_f64()),
    );
    report.other(
        "bytes of an archive a message, with the index for searches",
        format!("{:.0}", many.size as f64 / f64::from(messages)),
    );
    Ok(())
}

/// The simulated account with about as many messages.
fn large(messages: u32) -> Large {
    Large {
        seed: 1,
        sessions: (messages / 333).clamp(3, 3_000),
        messages,
    }
}

fn keep(messages: u32) -> Result<Kept> {
    let folder = tempfile::tempdir()?;
    let world = folder.path().join("world.json");
    let Large {
        seed,
        sessions,
        messages,
        ..
    } = large(messages);
    let large = serde_json::json!({ "seed": seed, "sessions": sessions, "messages": messages });
    let accounts = [serde_json::json!({ "uid": OWN })];
    let text = serde_json::json!({ "accounts": accounts, "large": large }).to_string();
    fs::write(&world, text)?;
    let service = Service::start(Some(&world))?;
    let archive = folder.path().join("archive.db");
    let start = Instant::now();
    let sync_peak = peak(&mut sync(&service.origin, folder.path(), &archive)?)?;
    let took = start.elapsed();
    let mut export = command(folder.path())?;
    export
        .args(["export", "--format", "jsonl", "--archive"])
        .arg(&archive)
        .stdout(Stdio::null());
    Ok(Kept {
        took,
        sync_peak,
        export_peak: peak(&mut export)?,
        size: fs::metadata(&archive)?.len(),
    })
}

/// Kills a synchronisation again and again, and checks that the archive has in the end what the
/// service has, message for message. Returns how many messages that are.
pub fn kill(messages: u32) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.db");
    let world = World::large(large(messages));
    let service = Simulated::new(world, SystemTime::now().into())?;
    let server = Server::start(service, (Ipv4Addr::LOCALHOST, 0).into())?;
    let origin = format!("http://{}", server.addr());
    let mut wait = Duration::from_millis(50);
    for _ in 0..KILLS {
        let mut sync = sync(&origin, folder.path(), &archive)?.spawn()?;
        thread::sleep(wait);
        sync.kill()?;
        sync.wait()?;
        // Over the whole of a synchronisation, however long it takes.
        wait = wait.mul_f64(1.3);
    }
    peak(&mut sync(&origin, folder.path(), &archive)?)?;
    let archive = Archive::open(archive)?;
    archive.check()?;
    server.with(|service| compare(&archive, service))
}

fn compare(archive: &Archive, service: &Simulated) -> Result<u64> {
    let mut compared = 0;
    for talker in service.talkers(OWN) {
        let part = match talker {
            Talker::User(uid) => MessageRange::of(bili_im_proto::Uid(uid.0)),
            Talker::Group(id) => MessageRange::of(bili_im_proto::GroupId(id.0)),
        };
        let mut stored = archive.messages(part)?;
        for there in service.conversation(OWN, talker) {
            let kept = stored.next().ok_or("a message is missing")??;
            let kept = kept.message.ok_or("a message cannot be read")?;
            let is_erased = there.msg_status == 1;
            let content = if is_erased { "" } else { &there.content };
            if kept.msg_key.0 != there.msg_key.0 || kept.raw_content_even_if_recalled() != content {
                return Err(format!("{kept:?} instead of {there:?}").into());
            }
            compared += 1;
        }
        if stored.next().is_some() {
            return Err("there are more messages than the service has".into());
        }
    }
    Ok(compared)
}

fn sync(origin: &str, folder: &Path, archive: &Path) -> Result<Command> {
    let mut command = command(folder)?;
    command
        .env("BILI_IM_ENDPOINT", origin)
        .env("BILI_IM_COOKIE", COOKIE)
        .args(["sync", "--archive"])
        .arg(archive)
        .stdout(Stdio::null());
    Ok(command)
}

fn command(folder: &Path) -> Result<Command> {
    let mut command = Command::new(program()?);
    command
        .env_clear()
        .env("BILI_IM_STATE_DIR", folder)
        .env("BILI_IM_CONFIG_DIR", folder);
    Ok(command)
}

/// Runs a command, and returns the most memory that it used, in bytes.
fn peak(command: &mut Command) -> Result<u64> {
    let ended = command.spawn()?.wait4()?;
    if ended.status.success() {
        Ok(ended.rusage.maxrss)
    } else {
        Err(format!("{command:?}: {}", ended.status).into())
    }
}
