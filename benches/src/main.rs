//! `cargo xtask bench`: measures, prints the tables and writes docs/benchmarks.md.

use std::{
    env, fs,
    process::{Command, ExitCode},
    time::Duration,
};

use bili_im_bench::{
    Result, archive, crates, decode,
    heap::Heap,
    keeping, loopback,
    measure::{block, compare},
    pages, peers, processes, push,
    report::{self, Report, Unit, time as shown, times},
    serving, sign, throughput, unread, watching,
};
use http::Response;

const MIB: f64 = (1 << 20) as f64;

fn main() -> ExitCode {
    let (mut quick, mut cold) = (false, false);
    let mut only: Option<fn() -> Result<()>> = None;
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--quick" => quick = true,
            "--cold" => cold = true,
            "--archive" => only = Some(run_archive),
            "--serve" => only = Some(run_serving),
            other => {
                eprintln!("unknown option {other}: expected --quick, --cold, --archive or --serve");
                return ExitCode::from(2);
            }
        }
    }
    let done = match only {
        Some(run) => run(),
        None => run(quick, cold),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures archives only, and prints the tables.
fn run_archive() -> Result<()> {
    let mut report = Report::start();
    archive::measure(&mut report, Duration::from_secs(2))?;
    println!("{}", report.page(""));
    Ok(())
}

/// Measures `bili-im serve` only, and writes its section.
fn run_serving() -> Result<()> {
    let section = measure_serving(20)?;
    println!("{section}");
    let path = format!("{}/docs/benchmarks.md", crates::WORKSPACE);
    let page = report::with_serving(&fs::read_to_string(&path)?, &section);
    Ok(fs::write(
        path,
        page.ok_or("docs/benchmarks.md has no such section")?,
    )?)
}

fn measure_serving(seconds: u64) -> Result<String> {
    let mut report = Report::start();
    serving::measure(&mut report, seconds)?;
    Ok(report.serving_section())
}

fn run(quick: bool, cold: bool) -> Result<()> {
    let mut report = Report::start();
    let seconds = |full: u64| Duration::from_millis(if quick { full * 100 } else { full * 1_000 });
    // This comes first: a started process never counts less memory than this one has used.
    say("whole processes");
    let processes = processes::unread(seconds(10))?;
    say("keeping messages");
    let messages = if quick { 20_000 } else { 1_000_000 };
    keeping::measure(&mut report, messages)?;
    say("building and signing");
    measure_sign(&mut report, seconds(5))?;
    say("decoding");
    measure_decode(&mut report, seconds(3))?;
    say("adapter calls");
    measure_calls(&mut report, seconds(15))?;
    report_processes(&mut report, &processes);
    say("allocations");
    let heap = count_heap()?;
    report_heap(&mut report, &heap);
    push::report_heap(&mut report, &heap);
    say("watching");
    measure_watching(&mut report, seconds(5))?;
    count_crates(&mut report)?;
    say("push");
    push::measure(&mut report, if quick { 10 } else { 50 })?;
    say("keeping messages, killed again and again");
    let compared = keeping::kill(messages)?;
    report.other(
        "messages kept by a sync that was killed 20 times, compared one by one",
        compared.to_string(),
    );
    say("a process that serves");
    let serving = measure_serving(if quick { 2 } else { 20 })?;
    say("messages end to end");
    measure_throughput(&mut report, seconds(3))?;
    if !quick {
        say("an archive");
        archive::measure(&mut report, seconds(2))?;
    }
    if cold {
        say("a build from nothing");
        let took = crates::cold_build()?;
        report.other(
            "building the program from nothing, sources at hand",
            shown(took.as_secs_f64()),
        );
    }
    let page = report.page(&serving);
    println!("{page}");
    if quick {
        eprintln!("a quick run does not write docs/benchmarks.md");
    } else {
        fs::write(format!("{}/docs/benchmarks.md", crates::WORKSPACE), page)?;
    }
    Ok(())
}

fn count_crates(report: &mut Report) -> Result<()> {
    for (what, features, bound) in [
        ("crates linked under `bili-im-proto`", "", 25.0),
        ("the same with the feature `push`", "push", 30.0),
    ] {
        let linked = crates::linked(features)? as f64;
        report.single(what, Unit::Count, bound, linked, "");
    }
    Ok(())
}

fn say(what: &str) {
    eprintln!("measuring {what}");
}

fn measure_sign(report: &mut Report, time: Duration) -> Result<()> {
    sign::check()?;
    let context = sign::context()?;
    let account = sign::Account::new()?;
    let comparison = compare(
        time,
        block(|| sign::ours(&context)),
        block(|| account.by_hand()),
    )?;
    report.ratio(
        "build and sign a text message, to the same by hand",
        1.0,
        comparison,
    );
    Ok(())
}

fn measure_decode(report: &mut Report, time: Duration) -> Result<()> {
    let to_peers = peers::decode(time)?;
    for (size, to_peer) in pages::SIZES.into_iter().zip(to_peers) {
        let page = Response::new(pages::page_json(size));
        decode::check(page.body())?;
        let strict = block(|| decode::strict(page.body()));
        let to_strict = compare(time, block(|| decode::ours(&page)), strict)?;
        let scan = block(|| decode::scan(page.body()));
        let to_scan = compare(time, block(|| decode::ours(&page)), scan)?;
        for (other, most, comparison) in [
            ("`bpi-rs` 0.3.1", 0.75, to_peer),
            ("a strict derive of the same fields", 0.9, to_strict),
            ("a bare scan of it", 2.2, to_scan),
        ] {
            let what = format!("decode a page of {size} messages, to {other}");
            report.ratio(what, most, comparison);
        }
    }
    let spaced = Response::new(format!(" {}", pages::page_json(100)));
    let strict = block(|| decode::strict(spaced.body()));
    let comparison = compare(time, block(|| decode::ours(&spaced)), strict)?;
    report.other(
        "decode a page of 100 messages in another form than the service's",
        format!(
            "{}; {:.3}× a strict derive",
            times(comparison.ours),
            comparison.ratio.median
        ),
    );
    Ok(())
}

fn measure_calls(report: &mut Report, time: Duration) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(unread::check())?;
    let compare_reqwest = |origin: &str, time| {
        let reqwest = unread::Reqwest::new(origin)?;
        compare(
            time,
            block(|| runtime.block_on(reqwest.ours())),
            block(|| runtime.block_on(reqwest.by_hand())),
        )
    };
    let compare_ureq = |origin: &str, time| {
        let ureq = unread::Ureq::new(origin)?;
        compare(time, block(|| ureq.ours()), block(|| ureq.by_hand()))
    };
    let simulated = unread::simulated()?;
    let origin = format!("http://{}", simulated.addr());
    report.ratio(
        "a call over loopback, to the same by hand on the same `reqwest` client",
        1.06,
        compare_reqwest(&origin, time)?,
    );
    report.ratio(
        "the same on the same `ureq` agent",
        1.06,
        compare_ureq(&origin, time)?,
    );
    let prompt = loopback::Server::start(unread::ANSWER)?;
    for (client, comparison) in [
        ("reqwest", compare_reqwest(prompt.origin(), time / 3)?),
        ("ureq", compare_ureq(prompt.origin(), time / 3)?),
    ] {
        report.other(
            format!("a call through `bili-im-{client}`, when the answer is there at once"),
            format!(
                "{}; {:.3}× the same by hand",
                times(comparison.ours),
                comparison.ratio.median
            ),
        );
    }
    Ok(())
}

fn report_processes(report: &mut Report, processes: &processes::Processes) {
    report.ratio(
        "`bili-im unread`, a whole process, to `curl`",
        0.4,
        processes.wall,
    );
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / MIB);
    report.single(
        "memory of `bili-im unread` at its peak",
        Unit::Bytes,
        8.0 * MIB,
        processes.peak as f64,
        format!(
            "`curl`: {}, `true`: {}",
            mib(processes.curl_peak),
            mib(processes.floor)
        ),
    );
    report.other("size of the program", mib(processes.size));
}

fn count_heap() -> Result<Heap> {
    let counter = env::current_exe()?.with_file_name("bili-im-bench-heap");
    // It opens both ends of a thousand connections.
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"ulimit -Sn 4096; exec "$0""#])
        .arg(counter);
    let counts = crates::output(&mut command)?;
    Ok(serde_json::from_slice(&counts)?)
}

fn report_heap(report: &mut Report, heap: &Heap) {
    report.single(
        "allocations to build and sign a text message",
        Unit::Count,
        12.0,
        heap.sign as f64,
        format!("by hand: {}", heap.sign_by_hand),
    );
    report.single(
        "memory of a watcher over 10,000 sessions, when it catches up on all of them",
        Unit::Bytes,
        6.0 * MIB,
        heap.watcher_peak as f64,
        format!("between polls: {:.2} MiB", heap.watcher as f64 / MIB),
    );
    report.other(
        "allocations to decode a page of 100 messages",
        format!("{}; strict derive: {}", heap.decode, heap.decode_strictly),
    );
    let polls: Vec<String> = heap.polls.iter().map(u64::to_string).collect();
    report.other(
        "allocations of a poll with one message, over 10, 1,000 and 100,000 sessions",
        polls.join(", "),
    );
}

fn measure_watching(report: &mut Report, time: Duration) -> Result<()> {
    let [few, some, many] = watching::SIZES;
    let mut few = watching::Program::caught_up(few)?;
    let mut some = watching::Program::caught_up(some)?;
    let mut many = watching::Program::caught_up(many)?;
    for (program, sessions) in [(&mut some, "1,000"), (&mut many, "100,000")] {
        let comparison = compare(time, watching::polls(program), watching::polls(&mut few))?;
        report.ratio(
            format!("work of a poll over {sessions} sessions, to one over 10"),
            1.25,
            comparison,
        );
    }
    for (sessions, name) in [(1_000, "1,000"), (10_000, "10,000")] {
        report.other(
            format!("work of catching up on a message in each of {name} sessions"),
            shown(watching::catching_up(sessions)?.as_secs_f64()),
        );
    }
    Ok(())
}

fn measure_throughput(report: &mut Report, time: Duration) -> Result<()> {
    for in_flight in [1, 16, 256] {
        report.other(
            format!("messages per second through `bili-im-reqwest`, {in_flight} in flight"),
            format!("{:.0}", throughput::reqwest(in_flight, time)?),
        );
    }
    for threads in [1, 16] {
        report.other(
            format!("messages per second through `bili-im-ureq`, {threads} threads"),
            format!("{:.0}", throughput::ureq(threads, time)?),
        );
    }
    Ok(())
}
