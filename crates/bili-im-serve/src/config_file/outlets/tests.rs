use super::*;
use crate::words::has_chinese;

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

fn hook(more: &str) -> String {
    format!("{HOOK}{SECRET}{more}")
}

fn phone(more: &str) -> String {
    format!("{PHONE}{more}")
}

fn notify(more: &str) -> String {
    format!("[[notify]]\nname = 'n'\n{more}")
}

fn mail(more: &str) -> String {
    let mail = "to = 'mail'\nhost = 'smtp.example.com'\nuser = 'me'\npassword = 'secret-word'";
    notify(&format!("{mail}\n{more}"))
}

fn rule(more: &str) -> String {
    format!("[[rule]]\nname = 'r'\n{more}")
}

/// Checks that each text has a fault in that line, whose words have these.
fn check_faults<const N: usize>(faults: [(String, usize, &str); N]) {
    for (text, line, words) in faults {
        let fault = parse(&text).unwrap_err();
        assert_eq!(fault.line, line, "{text}: {fault}");
        assert!(fault.to_string().contains(words), "{text}: {fault}");
        let chinese = fault.chinese();
        assert!(chinese.starts_with(&format!("第 {line} 行：")), "{chinese}");
        assert!(has_chinese(fault.problem.chinese()), "{text}: {chinese}");
        for secret in ["0123456789abcdef", "secret-"] {
            assert!(!format!("{fault}{chinese}").contains(secret), "{fault}");
        }
    }
}

#[test]
fn a_fault_of_the_file_or_a_webhook_is_in_its_line_and_says_what_is_allowed() {
    check_faults([
        ("profiles = []".to_owned(), 1, "one profile at least"),
        ("\nprofiles = = 1".to_owned(), 2, "="),
        ("[[webhok]]".to_owned(), 1, "`webhook`"),
        (HOOK.to_owned(), 1, "secret is missing"),
        (format!("{HOOK}secret = 'short'"), 4, "16 characters"),
        (
            hook("events = ['messages']"),
            5,
            "there is no event \"messages\"",
        ),
        (hook("talkers = ['user:x']"), 5, "user:NUMBER"),
        (hook("own = 'no'"), 5, "own is true or false"),
        (hook("events = 'all'"), 5, "a list of: message, "),
        (hook("talkers = 7"), 5, "user:NUMBER"),
        (hook("accounts = 7"), 5, "names of accounts"),
        (hook("accounts = ['a/b']"), 5, "Latin letters, digits"),
        ("[[webhook]]".to_owned(), 1, "name is missing"),
        (format!("{HOOK}secret = ''"), 4, "secret is empty"),
        (hook("allow_http = 1"), 5, "true or false"),
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
    ]);
}

#[test]
fn a_fault_of_a_notifier_is_in_its_line_and_says_what_is_allowed() {
    check_faults([
        (phone("to_ = 1"), 5, "there is no field to_"),
        (phone("title = '{name}'"), 5, "{sender}"),
        (phone("quiet = 'night'"), 5, "23:00-07:30"),
        (phone("digest_minutes = 0"), 5, "1 to 1440"),
        (phone("chat_id = '1'"), 5, "there is no field chat_id"),
        (phone("").replace("bark", "pager"), 3, "bark, feishu"),
        (phone("by_a_person = 1"), 5, "true or false"),
        (phone("keywords = 1"), 5, "a list of texts"),
        (phone("text = 1"), 5, "{sender}"),
        (phone("text = '{'"), 5, "a { without }"),
        (phone("text = '}'"), 5, "a } without {"),
        (phone("server = 'x'"), 5, "server is an address"),
        (notify(""), 1, "to is missing: it is one of: "),
        (notify("to = 'feishu'"), 1, "url is missing"),
        (notify("to = 'gotify'"), 1, "token is missing"),
        (notify("to = 'ntfy'"), 1, "topic is missing"),
        (notify("to = 'telegram'"), 1, "token is missing"),
        (
            notify("to = 'serverchan'\nkey = '/'"),
            4,
            "letters and digits",
        ),
        (notify("to = 'apprise'\nurl = 'x'"), 4, "SERVICE://"),
        (notify("to = 'mail'\nhost = 'h'"), 4, "user and password"),
        (mail("from = 'me'"), 7, "\"me\" is no address of mail"),
        (
            mail("from = 'me@example.com'\nrecipients = []"),
            8,
            "a list",
        ),
        (phone("keywords = []"), 5, "keywords is empty"),
    ]);
}

#[test]
fn a_fault_of_a_rules_conditions_is_in_its_line_and_says_what_is_allowed() {
    check_faults([
        (rule("answer = 'x'\nkeywords = []"), 4, "keywords is empty"),
        (rule("answer = 'x'\npeople = []"), 4, "people is empty"),
        (rule("answer = 'x'\ntypes = []"), 4, "types is empty"),
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
        (rule("people = ['x']"), 3, "numbers of users"),
        (rule("keywords = 1"), 3, "a list of words"),
        (rule("unread_minutes = 'x'"), 3, "a number of minutes"),
        (rule("every_minutes = 1441"), 3, "1440 at most"),
        (rule("per_day = 'x'"), 3, "a number"),
        (rule("regex = 1"), 3, "a regular expression"),
        (rule("answer = 'x'\nwhen = 1"), 4, "there are: name, "),
    ]);
}

#[test]
fn a_fault_of_a_rules_actions_is_in_its_line_and_says_what_is_allowed() {
    check_faults([
        (rule(""), 2, "a rule does something"),
        (rule("answr = 'x'"), 3, "there is no field answr"),
        (rule("answer = '{name}'"), 3, "{sender}"),
        (rule("answer = ''"), 3, "empty"),
        (rule("tag = 1"), 3, "a text"),
        (rule("notify = 1"), 3, "[[notify]]"),
        (
            rule(&format!("answer = '{}'", "x".repeat(2000))),
            3,
            "too long",
        ),
        (
            rule("answer = '{1}'"),
            3,
            "answer has {1}, but there is no regex",
        ),
        (
            rule("answer = '{1}'\nregex = 'x'"),
            3,
            "but regex has no groups",
        ),
        (
            rule("regex = '(x)'\nanswer = '{1} {2}'"),
            4,
            "answer has {2}, but regex has 1 group",
        ),
        (
            phone(&rule(
                "notify = 'phone'\nnotify_text = '{9}'\nregex = '(x)(?:y)(z)'",
            )),
            8,
            "notify_text has {9}, but regex has 2 groups",
        ),
        (
            phone(&rule("notify = 'fone'")),
            7,
            "\"fone\"; there are: phone",
        ),
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
    ]);
}

#[test]
fn a_rule_has_words_in_both_languages() {
    let rule = "[[rule]]\nname = 'r'\nregex = '(a)(b)'\nanswer = '{2}{1}'\nnotify = 'phone'\n\
                tag = 'sales'\nunread_minutes = 30\n";
    let outlets = parse(&format!("{PHONE}{rule}")).unwrap();
    let words = outlets.rules().next().unwrap();
    assert_eq!(
        (words.to_string().as_str(), words.chinese()),
        (
            "r: answers, notifies phone, tags sales after 30 min unread, \
             a person at most every 60 min and 24 times a day",
            "r：未读满 30 分钟后回复、通知 phone、加标签 sales；\
             对每个人 60 分钟内最多一次，一天最多 24 次"
        )
    );
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
    for words in [fault.to_string(), fault.chinese()] {
        assert!(words.contains("chmod 600"), "{words}");
    }
    mode(0o600);
    let text = text.replace("url_file = 'secret'", "url = 'https://example.com'");
    let read = || Outlets::parse(&text, folder.path()).unwrap();
    let (one, two) = (read(), read());
    assert!(one.entries[0].is_same(&two.entries[0]));
    fs::write(&path, "another secret of 16").unwrap();
    assert!(!one.entries[0].is_same(&read().entries[0]));
}
