//! `serve`: what it gives to other programs is what the program prints.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use bili_im_sim::{Whim, World};
use serde_json::{Value, json};

use crate::{
    logins::phone,
    running::Running,
    support::{FRIEND, STRANGER, Stage, commands, finish, voucher},
};

/// A running `serve`, and where it listens.
pub(crate) struct Serving(pub(crate) Running, pub(crate) String);

impl Serving {
    pub(crate) fn start(stage: &Stage, args: &str) -> Self {
        let serving = Self::begin(stage, args);
        while serving.ask("GET /healthz", "", "").0 != 200 {
            std::thread::sleep(Duration::from_millis(20));
        }
        serving
    }

    /// Starts it, and does not wait for its accounts.
    pub(crate) fn begin(stage: &Stage, args: &str) -> Self {
        let args = format!("serve --no-push --listen 127.0.0.1:0 {args}");
        let mut running = Running::start(&mut stage.command(&args));
        let line = running.line();
        let address = line
            .strip_prefix("listening on http://")
            .unwrap()
            .to_owned();
        Self(running, address)
    }

    /// The status and the body of an answer.
    fn ask(&self, line: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.1).unwrap();
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n{body}",
            self.1
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (_, answer) = self.ask("POST /rpc", "", &call.to_string());
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }
}

fn printed(stage: &Stage, args: &str) -> Value {
    let ran = stage.run(&format!("{args} --json"));
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

/// Parameters about the friend.
fn with(mut params: Value) -> Value {
    params["talker"] = json!({ "user": FRIEND });
    params
}

/// Commands, and the methods that do the same.
fn commands_and_methods() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("whoami", "whoami", json!({})),
        ("unread", "unread", json!({})),
        ("sessions", "sessions", json!({})),
        ("sessions --all", "sessions", json!({ "all": true })),
        ("sessions --unread", "sessions", json!({ "unread": true })),
        ("history 10002", "history", with(json!({}))),
        (
            "history 10002 --limit 2",
            "history",
            with(json!({ "limit": 2 })),
        ),
        (
            "history 10002 --show-recalled",
            "history",
            with(json!({ "show_recalled": true })),
        ),
        (
            "who 10002 10003 5",
            "who",
            json!({ "uids": [10002, 10003, 5] }),
        ),
        ("settings", "settings.get", json!({})),
        ("stats", "stats", json!({})),
        ("search 更新", "search", json!({ "words": "更新" })),
        ("block-words", "block_words", json!({})),
        ("auto-reply", "auto_reply", json!({})),
        (
            "auto-reply set followed 谢谢",
            "auto_reply.set",
            json!({ "kind": "followed", "text": "谢谢" }),
        ),
        (
            "block-words add 广告",
            "block_words.add",
            json!({ "word": "广告" }),
        ),
        (
            "intercept 10003",
            "intercept",
            json!({ "talker": { "user": STRANGER } }),
        ),
        ("ack 10002", "ack", with(json!({}))),
        ("ack 10002 --upto 3", "ack", with(json!({ "upto": 3 }))),
        ("pin 10002", "pin", with(json!({}))),
        ("unpin 10002", "unpin", with(json!({}))),
        ("mute 10002", "mute", with(json!({}))),
        ("unmute 10002", "unmute", with(json!({}))),
        (
            "settings set msg_notify=on",
            "settings.set",
            json!({ "settings": { "msg_notify": "on" } }),
        ),
    ]
}

#[test]
fn every_method_gives_what_its_command_prints() {
    let mut world = World::demo();
    // The service answers some things in one way or another.
    world.options.more_at_floor = Whim::Never;
    let stage = Stage::of(world);
    let serving = Serving::start(&stage, "");
    for (command, method, params) in commands_and_methods() {
        assert_eq!(
            serving.call(method, params),
            printed(&stage, command),
            "{command}"
        );
    }
    // The keys of two messages differ.
    let url = "https://i0.hdslb.com/bfs/album/x.png";
    let image = format!("send-image 10002 {url}");
    for (command, method, params) in [
        ("send 10002 hi", "send", with(json!({ "text": "hi" }))),
        (image.as_str(), "send_image", with(json!({ "url": url }))),
    ] {
        let [mut ours, mut theirs] = [serving.call(method, params), printed(&stage, command)];
        let [own, other] = [ours["msg_key"].take(), theirs["msg_key"].take()];
        assert_eq!(ours, theirs, "{command}");
        assert_ne!(own, other);
        assert_eq!(
            serving.call("recall", with(json!({ "msg_key": own }))),
            json!({ "msg_key": own, "recalled": true })
        );
        let recall = format!("recall 10002 {}", other.as_str().unwrap());
        assert_eq!(printed(&stage, &recall)["recalled"], true);
    }
    let removed = serving.call("remove", with(json!({})));
    stage.write(10002, "back again");
    assert_eq!(removed, printed(&stage, "remove 10002"));
}

#[test]
fn every_command_is_a_method_or_in_the_list_of_those_that_are_none() {
    let stage = Stage::demo();
    let serving = Serving::start(&stage, "");
    let described = serving.call("rpc.discover", json!({}));
    let methods = described["methods"].as_array().unwrap().iter();
    let methods: Vec<&str> = methods.map(|one| one["name"].as_str().unwrap()).collect();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (page, head) in [
        ("serving.md", "| command |"),
        ("serving.zh-CN.md", "| 命令 |"),
    ] {
        let page = fs::read_to_string(docs.join(page)).unwrap();
        let (_, table) = page.split_once(head).unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        for command in commands() {
            let (name, group) = (command.replace('-', "_"), format!("{command}."));
            let is_method = |method: &&str| *method == name || method.starts_with(&group);
            let is_listed = table.contains(&format!("`{command}`"));
            assert_ne!(methods.iter().any(is_method), is_listed, "{command}");
        }
    }
}

#[test]
fn commands_that_are_no_methods_work_beside_it() {
    let stage = Stage::demo();
    let serving = Serving::start(&stage, "");
    let file = stage.state_dir().join("all.jsonl");
    stage.done("sync");
    stage.done(&format!("export --format jsonl --out {}", file.display()));
    stage.done(&format!("import {}", file.display()));
    stage.done("doctor");
    serving.call("sync", json!({}));
    while serving.call("sync.state", json!({}))["is_running"] == true {
        std::thread::sleep(Duration::from_millis(20));
    }
    let state = serving.call("sync.state", json!({}));
    assert_eq!(state["is_whole"], true, "{state}");
}

#[test]
fn a_login_by_a_client_is_kept_as_a_profile() {
    let stage = Stage::demo();
    let serving = Serving::start(&stage, "");
    let call = |method: &str| serving.call(method, json!({ "account": "friend" }));
    assert_eq!(call("login")["state"], "code");
    phone(&stage, &format!("{{\"confirm\":{FRIEND}}}"));
    let ended = || {
        let is_over =
            |state: &Value| ["done", "failed", "expired"].contains(&state.as_str().unwrap());
        loop {
            let login = call("login.state");
            if is_over(&login["state"]) {
                return login;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert_eq!(ended()["state"], "done");
    let profiles = printed(&stage, "profiles --profile friend");
    let all = profiles["profiles"].as_array().unwrap().iter();
    let kept: Vec<_> = all.filter(|one| one["profile"] == "friend").collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    while serving.ask("GET /healthz", "", "").0 != 200 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(call("whoami")["uid"], FRIEND.to_string());
    // The stage gives the cookie of `default` to the process.
    for (name, words) in [
        ("a.b", "letters, digits"),
        ("default", "by an option or BILI_IM_COOKIE"),
    ] {
        let wrong = json!({
            "jsonrpc": "2.0", "id": 1, "method": "login", "params": { "account": name },
        });
        let (_, answer) = serving.ask("POST /rpc", "", &wrong.to_string());
        assert!(answer.contains(words), "{answer}");
    }
    // A profile stays its user's.
    serving.call("accounts.remove", json!({ "account": "friend" }));
    assert_eq!(call("login")["state"], "code");
    phone(&stage, &format!("{{\"confirm\":{STRANGER}}}"));
    assert_eq!(ended()["error"]["kind"], "OtherUser");
    assert_eq!(printed(&stage, "profiles --profile friend"), profiles);
}

#[test]
fn a_stop_by_risk_control_from_before_the_start_is_lifted() {
    let stage = Stage::demo();
    stage.fault_once("single_unread", voucher());
    assert_eq!(stage.run("unread").code, 5);
    let serving = Serving::begin(&stage, "");
    let why = || {
        let list = serving.call("accounts.list", json!({}));
        list["accounts"][0]["why"].clone()
    };
    while why() != "stopped" {
        std::thread::sleep(Duration::from_millis(20));
    }
    let lifted = serving.call("resume", json!({}));
    assert_eq!(lifted["was_stopped"], true);
    while serving.ask("GET /healthz", "", "").0 != 200 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(serving.call("resume", json!({}))["was_stopped"], false);
}

#[test]
fn an_error_has_the_programs_error_object() {
    let stage = Stage::demo();
    let serving = Serving::start(&stage, "");
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "recall",
        "params": { "talker": { "user": STRANGER }, "msg_key": "1" },
    });
    let (_, answer) = serving.ask("POST /rpc", "", &call.to_string());
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let ran = stage.run(&format!("recall {STRANGER} 1 --json"));
    let printed: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(answer["error"]["data"], printed["error"], "{answer}");
}

#[test]
#[cfg(unix)]
fn it_ends_at_a_signal_and_what_it_has_printed_is_no_secret() {
    let stage = Stage::demo();
    let mut serving = Serving::start(&stage, "");
    serving.0.signal("TERM");
    // This also looks for secrets.
    let ran = serving.0.end();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("working"), "{ran:?}");
}

#[test]
#[cfg(unix)]
fn tokens_are_read_from_a_file_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    let path = stage.state_dir().join("tokens");
    let token = "0123456789abcdef";
    let args = format!("serve --listen 127.0.0.1:0 --token-file {}", path.display());
    stage.run(&args).failed(2, "there is no such file");
    let write = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write(&format!("bot {token} read"), 0o644);
    stage.run(&args).failed(2, "others can read it");
    write(&format!("bot {token}"), 0o600);
    let ran = stage.run(&args);
    ran.failed(2, "line 1");
    assert!(!ran.err.contains(token), "{ran:?}");
    write(&format!("bot {token} read"), 0o600);
    let serving = Serving::start(&stage, &format!("--token-file {}", path.display()));
    assert_eq!(serving.ask("GET /metrics", "", "").0, 401);
    let bearer = format!("authorization: Bearer {token}\r\n");
    assert_eq!(serving.ask("GET /metrics", &bearer, "").0, 200);
}

#[test]
#[cfg(unix)]
fn a_configuration_with_secrets_is_a_file_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    let path = stage.state_dir().join("serve.toml");
    let args = format!("serve --listen 127.0.0.1:0 --config {}", path.display());
    stage.run(&args).failed(2, "there is no such file");
    let write = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("profiles = ['default']\n[[webhok]]", 0o644);
    stage.run(&args).failed(2, "line 2");
    let phone = "[[notify]]\nname = 'phone'\nto = 'ntfy'\ntopic = 'hidden'\n";
    write(phone, 0o644);
    let ran = stage.run(&args);
    ran.failed(2, "others can read it");
    assert!(!ran.err.contains("hidden"), "{ran:?}");
    stage.json("login --profile work");
    write(&format!("profiles = ['work']\n{phone}"), 0o600);
    let both = stage.run(&format!("{args} other"));
    both.failed(2, "in the arguments and in the configuration");
    let serving = Serving::start(&stage, &format!("--config {}", path.display()));
    let wait_for = |consumer: &str| {
        let lag = format!("{{account=\"work\",consumer=\"notify/{consumer}\"}} 0");
        let begun = Instant::now();
        while !serving.ask("GET /metrics", "", "").1.contains(&lag) {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait_for("phone");
    write(&phone.replace("phone", "other"), 0o600);
    serving.0.signal("HUP");
    wait_for("other");
}

#[test]
fn what_cannot_be_served_is_refused() {
    let stage = Stage::demo();
    for (args, words) in [
        ("--listen 0.0.0.0:0", "other machines could reach"),
        ("--listen 192.0.2.1:80", "other machines could reach"),
        ("--expose", "--token-file"),
        ("--listen localhost", "--listen"),
        ("default default --listen 127.0.0.1:0", "named twice"),
    ] {
        stage.run(&format!("serve {args}")).failed(2, words);
    }
}

#[test]
#[cfg(unix)]
fn a_rules_program_does_not_get_the_login() {
    let stage = Stage::demo();
    let (path, told) = (
        stage.state_dir().join("r.toml"),
        stage.state_dir().join("told"),
    );
    let command = format!(
        "printenv > '{0}.part' && mv '{0}.part' '{0}'",
        told.display()
    );
    let rule = format!("[[rule]]\nname = 'r'\nrun = ['sh', '-c', \"\"\"{command}\"\"\"]\n");
    fs::write(&path, rule).unwrap();
    let serving = Serving::start(&stage, &format!("--config {}", path.display()));
    while !serving.ask("GET /metrics", "", "").1.contains("\"rules\"") {
        std::thread::sleep(Duration::from_millis(20));
    }
    stage.write(10002, "hi");
    while !told.exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let environment = fs::read_to_string(&told).unwrap();
    assert!(environment.contains("BILI_IM_ENDPOINT="), "{environment}");
    for secret in crate::support::SECRETS {
        assert!(!environment.contains(secret));
    }
}

#[test]
fn rules_are_checked_and_tried_on_the_past() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("rules.toml");
    let file = path.display();
    let rule = "[[rule]]\nname = 'updates'\nkeywords = ['更新']\nanswer = '每周三更新'\n";
    fs::write(&path, rule).unwrap();
    let rules = stage.done(&format!("rules check {file}"));
    assert!(rules.starts_with("updates: answers, "), "{rules}");
    stage.done("sync");
    let tried = stage.done(&format!("rules test {file} --with 10002"));
    assert!(
        tried.contains("什么时候更新呀?\n  updates answers: 每周三更新\n"),
        "{tried}"
    );
    let tried = printed(&stage, &format!("rules test {file} --with 10002"));
    assert_eq!(tried["hits"][0]["runs"][0]["answer"], "每周三更新");
    assert!(tried["hits"][0]["runs"][0]["notify"].is_null());
    let tried = printed(&stage, &format!("rules test {file} --group 20001"));
    assert_eq!(tried["hits"], json!([]));
    assert!(tried["messages"].as_u64().unwrap() > 0);
    fs::write(&path, format!("{rule}every_hours = 1\n")).unwrap();
    let ran = stage.run(&format!("rules check {file}"));
    ran.failed(
        2,
        "line 5: there is no field every_hours; there are: name, ",
    );
}

#[test]
fn what_rules_would_send_is_shown_filled_and_on_one_line() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("rules.toml");
    let rules = "[[notify]]\nname = 'phone'\nto = 'mail'\nhost = 'localhost'\n\
                 from = 'a@example.com'\nrecipients = ['b@example.com']\n\
                 [[rule]]\nname = 'ask'\nregex = '问(..)'\nnotify = 'phone'\n\
                 answer = '{sender}：{1}，{text}LONG'\n\
                 [[rule]]\nname = 'late'\nregex = '问'\nunread_minutes = 5\n\
                 notify = 'phone'\nnotify_text = '没人理'\n\
                 [[rule]]\nname = 'mark'\nregex = '问'\ntag = 'asked'\n";
    fs::write(&path, rules.replace("LONG", &"长".repeat(200))).unwrap();
    stage.write(10002, "问价格\n\u{202e}");
    stage.done("sync");
    let args = format!("rules test {} --with 10002", path.display());
    let english = stage.done(&args);
    for line in [
        "  ask answers: 铁粉小明：价格，问价格⏎\\u{202e}长",
        "长…\n",
        "  ask notifies phone: 问价格⏎\\u{202e}\n",
        "  mark runs\n",
        "  late notifies phone if it stays unread: 没人理\n",
    ] {
        assert!(english.contains(line), "{line}: {english}");
    }
    let chinese = finish(stage.command(&args).env("BILI_IM_LANG", "zh")).out;
    for line in [
        "  ask 会回复：铁粉小明：价格，",
        "  ask 会通知 phone：问价格⏎",
        "  mark 会执行\n",
        "  late 在一直未读时会通知 phone：没人理\n",
    ] {
        assert!(chinese.contains(line), "{line}: {chinese}");
    }
    let run = &printed(&stage, &args)["hits"][0]["runs"][0];
    assert_eq!(run["notify"], "phone");
    assert_eq!(run["notify_text"], "问价格\n\u{202e}");
}

#[test]
#[cfg(unix)]
fn faults_of_its_files_are_chinese_and_only_permissions_are_about_modes() {
    use std::os::unix::fs::PermissionsExt;

    let stage = Stage::demo();
    let path = stage.state_dir().join("file");
    let run = |args: &str, text: &str, mode, language: &str| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = stage.command(&format!("{args} {}", path.display()));
        let ran = finish(command.env("BILI_IM_LANG", language));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        ran.err
    };
    let (config, tokens) = ("serve --config", "serve --token-file");
    let phone = "[[notify]]\nname = 'phone'\nto = 'ntfy'\ntopic = 'hidden'\n";
    for (args, text, mode, words) in [
        (config, "[[rule]]\nname = '你好'\n", 0o644, "第 2 行：name "),
        (config, "\n[[webhok]]", 0o644, "第 2 行：TOML 有误（unknown"),
        (
            "rules check",
            "[[rule]]\nname = 'r'",
            0o644,
            "第 2 行：规则",
        ),
        (tokens, "\nbot short read", 0o600, "第 2 行：令牌"),
        (tokens, "bot 0123456789abcdef read", 0o644, "其他用户能"),
        (config, phone, 0o644, "其他用户能读取它"),
    ] {
        let chinese = run(args, text, mode, "zh");
        assert!(chinese.contains(words), "{chinese}");
        let english = run(args, text, mode, "en");
        let is_about_modes = english.contains("others can read it");
        for (shown, page) in [(chinese, "serving.zh-CN.md"), (english, "serving.md")] {
            assert_eq!(shown.contains("600"), is_about_modes, "{shown}");
            assert_eq!(shown.contains(page), !is_about_modes, "{shown}");
        }
    }
}

#[test]
fn rules_are_shown_in_the_language_of_the_user() {
    let stage = Stage::demo();
    let path = stage.state_dir().join("rules.toml");
    fs::write(&path, "[[rule]]\nname = 'r'\nanswer = '好'\n").unwrap();
    let args = format!("rules check {}", path.display());
    let chinese = finish(stage.command(&args).env("BILI_IM_LANG", "zh"));
    assert!(chinese.out.starts_with("r：回复；"), "{chinese:?}");
    let json = finish(
        stage
            .command(&format!("{args} --json"))
            .env("BILI_IM_LANG", "zh"),
    );
    assert!(json.out.contains("r: answers, "), "{json:?}");
}

#[test]
fn a_profile_without_a_login_is_told_at_the_start() {
    let stage = Stage::demo();
    let ran = stage.run_kept("serve nobody --stdio");
    assert_eq!(ran.code, 0, "{ran:?}");
    let words = "nobody is logged in with profile nobody";
    assert!(ran.err.contains(words), "{ran:?}");
}
