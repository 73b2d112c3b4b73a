use super::*;

const HOOK: &str = "[[webhook]]\nname = 'crm'\nurl = 'https://example.com/secret-path'\n";
const SECRET: &str = "secret = '0123456789abcdef'\n";
const PHONE: &str = "[[notify]]\nname = 'phone'\nto = 'bark'\nkey = 'secret-key'\n";

fn parse(text: &str) -> Result<Outlets, Fault> {
    Outlets::parse(text, Path::new("."))
}

#[test]
fn a_file_names_profiles_and_outlets_and_shows_no_secret() {
    let text = format!("profiles = ['main']\n{HOOK}{SECRET}{PHONE}");
    let outlets = parse(&text).unwrap();
    assert_eq!(outlets.profiles().unwrap(), ["main"]);
    assert!(outlets.has_secrets());
    let consumers = outlets.entries.iter().map(|entry| entry.kind.consumer());
    assert_eq!(consumers.collect::<Vec<_>>(), ["hook/crm", "notify/phone"]);
    let shown = format!("{outlets:?}");
    for secret in ["secret-", "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!parse("").unwrap().has_secrets());
}

#[test]
fn a_fault_is_in_its_line_and_says_what_is_allowed() {
    let hook = |more: &str| format!("{HOOK}{SECRET}{more}");
    let phone = |more: &str| format!("{PHONE}{more}");
    let rule = |more: &str| format!("[[rule]]\nname = 'r'\n{more}");
    for (text, line, words) in [
        ("profiles = []".to_owned(), 1, "one profile at least"),
        ("[[webhok]]".to_owned(), 1, "`webhook`"),
        (HOOK.to_owned(), 1, "secret is missing"),
        (format!("{HOOK}secret = 'short'"), 4, "16 characters"),
        (
            hook("events = ['messages']"),
            5,
            "there is no event \"messages\"",
        ),
        (hook("talkers = ['user:x']"), 5, "user:NUMBER"),
        (hook("own = 'no'"), 5, "true or false"),
        (
            hook("key = 'x'"),
            5,
            "there is no field key; there are: name, ",
        ),
        (hook("\n[[webhook]]\nname = 'a b'"), 7, "letters, digits"),
        (hook(&hook("")), 6, "the same name"),
        (hook("").replace("https", "http"), 3, "allow_http"),
        (hook("").replace("https", "ftp"), 3, "https://"),
        (hook("secret_file = 'no such file'"), 5, "not both"),
        (
            format!("{HOOK}secret_file = 'no such file'"),
            4,
            "cannot be read",
        ),
        (phone("to_ = 1"), 5, "there is no field to_"),
        (phone("title = '{name}'"), 5, "{sender}"),
        (phone("quiet = 'night'"), 5, "23:00-07:30"),
        (phone("digest_minutes = 0"), 5, "1 to 1440"),
        (phone("chat_id = '1'"), 5, "there is no field chat_id"),
        (phone("").replace("bark", "pager"), 3, "bark, feishu"),
        (rule(""), 2, "a rule does something"),
        (rule("answer = '{name}'"), 3, "{sender}"),
        (rule("answer = ''"), 3, "empty"),
        (rule("answer = 'x'\nregex = '('"), 4, "unclosed group"),
        (
            rule("answer = 'x'\nkeywords = ['']"),
            4,
            "every text has it",
        ),
        (
            rule("answer = 'x'\ntypes = ['txt']"),
            4,
            "there are: text, image",
        ),
        (rule("answer = 'x'\nhours = 'noon'"), 4, "23:00-07:30"),
        (rule("answer = 'x'\nwhen = 1"), 4, "there are: name, "),
        (
            rule("notify = 'phone'"),
            3,
            "there is no [[notify]] \"phone\"",
        ),
        (rule("run = []"), 3, "a program and its arguments"),
        (rule("tag = 'a'\nnotify_text = 'x'"), 4, "whom to tell"),
        (
            rule("tag = 'a'\n[[rule]]\nname = 'r'\ntag = 'b'"),
            5,
            "the same name",
        ),
    ] {
        let fault = parse(&text).unwrap_err();
        assert_eq!(fault.line, line, "{text}: {fault}");
        assert!(fault.problem.contains(words), "{text}: {fault}");
        assert!(!fault.problem.contains("0123456789abcdef"), "{fault}");
    }
}

#[test]
fn http_is_for_this_machine_or_by_permission() {
    let hook = format!("{HOOK}{SECRET}");
    for address in [
        "http://127.0.0.1:80/",
        "http://localhost/",
        "http://[::1]:8080/",
    ] {
        let text = hook.replace("https://example.com/", address);
        assert!(parse(&text).is_ok(), "{address}");
    }
    let text = hook.replace("https", "http");
    assert!(parse(&format!("{text}allow_http = true")).is_ok());
}

#[cfg(unix)]
#[test]
fn a_secret_can_be_in_a_file_that_only_its_owner_reads() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "fedcba9876543210\n").unwrap();
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let text = "[[webhook]]\nname = 'crm'\nurl_file = 'secret'\nsecret_file = 'secret'\n";
    mode(0o644);
    let fault = Outlets::parse(text, folder.path()).unwrap_err();
    assert!(fault.problem.contains("chmod 600"), "{fault}");
    mode(0o600);
    let text = text.replace("url_file = 'secret'", "url = 'https://example.com'");
    let read = || Outlets::parse(&text, folder.path()).unwrap();
    let (one, two) = (read(), read());
    assert!(one.entries[0].is_same(&two.entries[0]));
    fs::write(&path, "another secret of 16").unwrap();
    assert!(!one.entries[0].is_same(&read().entries[0]));
}
