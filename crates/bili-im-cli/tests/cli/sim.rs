//! `sim`.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{bare, finish};

/// A running `sim`. Dropping it ends the program.
struct Serving {
    child: Child,
    addr: SocketAddr,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut command = bare(&[&["sim", "--listen", "127.0.0.1:0"], args].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addr = line.trim_end().strip_prefix("listening on http://");
        Self {
            addr: addr.unwrap().parse().unwrap(),
            child,
        }
    }

    /// Makes a request as curl does. Returns the answer's JSON.
    fn curl(&self, target: &str, cookie: &str, form: Option<&str>) -> Value {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        let method = if form.is_some() { "POST" } else { "GET" };
        let form = form.unwrap_or_default();
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nHost: api.vc.bilibili.com\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn print_env_makes_the_program_use_it() {
    let serving = Serving::start(&[]);
    let state = TempDir::new().unwrap();
    let script = format!(
        r#"eval "$("$BILI_IM" sim --listen {} --print-env 10001)" && "$BILI_IM" whoami && "$BILI_IM" send 10002 hello"#,
        serving.addr
    );
    let ran = finish(
        Command::new("sh")
            .args(["-c", &script])
            .env_clear()
            .env("BILI_IM", env!("CARGO_BIN_EXE_bili-im"))
            .env("BILI_IM_STATE_DIR", state.path()),
    );
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("uid 10001\n"), "{ran:?}");
    assert!(ran.out.contains("msg_key "), "{ran:?}");
}

#[test]
fn print_env_knows_the_accounts_of_the_world_only() {
    let output = bare(&["sim", "--print-env", "293793435", "--world", "seed"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "export BILI_IM_ENDPOINT='http://127.0.0.1:8970'\n\
         export BILI_IM_COOKIE='SESSDATA=xxx; bili_jct=xxx; DedeUserID=293793435'\n"
    );
    let ran = finish(&mut bare(&["sim", "--print-env", "5"]));
    ran.failed(2, "there is no account 5 in this world");
    assert!(ran.err.contains("10001, 10002, 10003"));
    finish(&mut bare(&[
        "sim",
        "--listen",
        "127.0.0.1:0",
        "--print-env",
        "10001",
    ]))
    .failed(2, "not known beforehand");
}

#[test]
fn it_is_for_this_machine_only() {
    for addr in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        finish(&mut bare(&["sim", "--listen", addr])).failed(2, "for this machine alone");
    }
    finish(&mut bare(&["sim", "--listen", "localhost"])).failed(2, "--listen");
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    finish(&mut bare(&["sim", "--listen", &addr])).failed(1, &addr);
}

#[test]
fn a_world_is_read_from_a_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("world.json");
    let path_text = path.to_str().unwrap();
    fs::write(&path, r#"{"accounts":[{"uid":7,"name":"seven"}]}"#).unwrap();
    let serving = Serving::start(&["--world", path_text]);
    let nav = serving.curl("/x/web-interface/nav", "SESSDATA=sim-7", None);
    assert_eq!(nav["data"]["uname"], "seven");

    fs::write(&path, r#"{"accounts":[{"uid":7,"nmae":"seven"}]}"#).unwrap();
    finish(&mut bare(&["sim", "--world", path_text])).failed(2, "unknown field `nmae`");
    finish(&mut bare(&["sim", "--world", "nowhere.json"])).failed(2, "nowhere.json");
}

#[test]
fn the_classic_seed_world_answers_as_the_source_document_shows() {
    let serving = Serving::start(&["--world", "seed", "--classic"]);
    let unread = "/session_svr/v1/session_svr/single_unread";
    assert_eq!(
        serving.curl(unread, "SESSDATA=xxx", None),
        json!({
            "code": 0, "msg": "ok", "message": "ok",
            "data": {"unfollow_unread": 1, "follow_unread": 6, "_gt_": 0},
        })
    );
    assert_eq!(serving.curl(unread, "", None)["code"], -6);

    let send = |msg_type: &str, content: &str| {
        let form = format!(
            "msg%5Bsender_uid%5D=293793435&msg%5Breceiver_id%5D=1&msg%5Breceiver_type%5D=1\
             &msg%5Bmsg_type%5D={msg_type}&msg%5Bcontent%5D={content}&csrf_token=xxx"
        );
        serving.curl("/web_im/v1/web_im/send_msg", "SESSDATA=xxx", Some(&form))
    };
    let accepted = |msg_key: u64| {
        json!({
            "code": 0, "msg": "ok", "message": "ok",
            "data": {"msg_key": msg_key, "_gt_": 0},
        })
    };
    let text = "%7B%22content%22%3A%22up%E4%B8%BB%E4%BD%A0%E5%A5%BD%2C%5Cn%E5%82%AC%E6%9B%B4%5Bdoge%5D%22%7D";
    assert_eq!(send("1", text), accepted(6852559688104417870));
    let image = "%7B%22url%22%3A%22https%3A%2F%2Fi1.hdslb.com%2Fbfs%2Fface%2Faebb2639a0d47f2ce1fec0631f412eaf53d4a0be.jpg%22%7D";
    assert_eq!(send("2", image), accepted(6852570013146024354));
    assert_eq!(send("5", "6852559688104417870")["code"], 0);
}

#[test]
fn of_the_source_documents_two_slips_the_harmless_one_is_taken() {
    let serving = Serving::start(&["--world", "seed", "--classic"]);
    // The encodings of curl: a space in a name, an address without quotes.
    let send = |msg_type: &str, content: &str| {
        let form = format!(
            "msg[sender_uid]=293793435&msg[receiver_id]=1&msg[receiver_type] =1\
             &msg[msg_type]={msg_type}&msg[content]={content}&csrf_token=xxx"
        );
        serving.curl("/web_im/v1/web_im/send_msg", "SESSDATA=xxx", Some(&form))
    };
    let text = "%7B%22content%22%3A%22up%E4%B8%BB%E4%BD%A0%E5%A5%BD%2C%5Cn%E5%82%AC%E6%9B%B4%5Bdoge%5D%22%7D";
    assert_eq!(send("1", text)["data"]["msg_key"], 6852559688104417870_u64);
    let image = "%7B%22url%22%3Ahttps%3A%2F%2Fi1.hdslb.com%2Fbfs%2Fface%2Faebb2639a0d47f2ce1fec0631f412eaf53d4a0be.jpg%7D";
    assert_eq!(send("2", image)["code"], -400);
}

#[test]
fn the_program_reads_what_the_source_document_shows() {
    let serving = Serving::start(&["--world", "seed", "--classic"]);
    let state = TempDir::new().unwrap();
    let run = |args: &[&str]| {
        finish(
            bare(args)
                .env("BILI_IM_STATE_DIR", state.path())
                .env("BILI_IM_ENDPOINT", format!("http://{}", serving.addr))
                .env("BILI_IM_COOKIE", "SESSDATA=xxx; bili_jct=xxx"),
        )
    };
    let unread = run(&["unread", "--json"]).json();
    assert_eq!(unread["unfollow_unread"], 1);
    assert_eq!(unread["follow_unread"], 6);
    let sent = run(&["send", "1", "up主你好,\n催更[doge]", "--json"]).json();
    assert_eq!(sent["msg_key"], "6852559688104417870");
    assert_eq!(run(&["recall", "1", "6852559688104417870"]).code, 0);
}

#[test]
fn json_says_where_it_listens() {
    let mut command = bare(&["sim", "--listen", "127.0.0.1:0", "--json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let listening: Value = serde_json::from_str(&line).unwrap();
    assert!(
        listening["listening_on"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
}
