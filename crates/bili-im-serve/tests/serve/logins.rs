//! Logging in with a QR code that a client shows.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Login, Origin};
use bili_im_serve::{AccountSetup, Login as _, Profiles};
use bili_im_sim::{
    Service,
    faults::{Kind, Rule, When},
};
use serde_json::{Value, json};

use crate::stage::{Cookie, FRIEND, Life, STRANGER, Stage, limits, login_of};

/// Profiles of which each login is kept.
#[derive(Clone)]
struct Kept {
    stage: Arc<Stage>,
    cookie: Cookie,
    is_full: Arc<AtomicBool>,
}

impl Profiles for Kept {
    fn setup(&self, name: &str) -> Result<AccountSetup, ErrorJson> {
        Ok(self.stage.setup(name, self.cookie.clone()))
    }

    fn login_at(&self, name: &str) -> Result<Option<Origin>, ErrorJson> {
        match name {
            "friend" => Ok(Some(self.stage.live.origin.clone())),
            _ => Err(ErrorJson::new(Exit::WrongUse, "Usage", "no such name")),
        }
    }

    fn keep(&self, _: &str, login: Login) -> Result<(), ErrorJson> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(ErrorJson::new(Exit::Other, "Other", "the disk is full"));
        }
        self.cookie.set(login.credential);
        Ok(())
    }
}

impl Kept {
    fn new() -> Self {
        let stage = Stage::new();
        Self {
            cookie: stage.login(None),
            stage: Arc::new(stage),
            is_full: Arc::default(),
        }
    }

    /// A process without accounts that keeps logins here.
    fn start(&self) -> Life {
        let life = Life::empty(limits(), |_| {});
        life.core.set_profiles(self.clone());
        life
    }

    fn confirm(&self) {
        self.confirm_as(FRIEND);
    }

    fn confirm_as(&self, uid: u64) {
        let confirmed = |service: &mut Service, now| service.confirm_qr(None, uid, now);
        self.stage.live.with(confirmed).unwrap();
    }
}

fn call(life: &Life, method: &str) -> Value {
    life.done(method, json!({ "account": "friend" }))
}

fn until(life: &Life, state: &str) {
    life.until(|life| call(life, "login.state")["state"] == state);
}

#[test]
fn a_code_is_shown_scanned_confirmed_and_then_the_account_is_served() {
    let kept = Kept::new();
    let life = kept.start();
    let none = life.call("login.state", json!({ "account": "friend" }));
    assert_eq!(none["error"]["data"]["kind"], "NoLogin", "{none}");
    let begun = call(&life, "login");
    assert_eq!(begun["state"], "code", "{begun}");
    let link = begun["link"].as_str().unwrap();
    assert!(link.starts_with("http"), "{begun}");
    // A second client gets the same code.
    assert_eq!(call(&life, "login")["link"], link);
    assert_eq!(kept.stage.live.requests("qrcode/generate"), 1);
    let scanned = |service: &mut Service, now| service.scan_qr(None, FRIEND, now);
    kept.stage.live.with(scanned).unwrap();
    until(&life, "scanned");
    kept.confirm();
    until(&life, "done");
    let done = call(&life, "login.state");
    assert_eq!(
        (&done["link"], &done["uid"]),
        (&Value::Null, &json!(FRIEND.to_string()))
    );
    assert_eq!(life.state("friend"), "working");
    assert_eq!(call(&life, "whoami")["uid"], FRIEND.to_string());
    life.stop();
}

#[test]
fn a_login_of_an_account_that_is_held_starts_it_anew() {
    let kept = Kept::new();
    let life = kept.start();
    life.add(kept.stage.setup("friend", kept.cookie.clone()));
    life.until(|life| life.state("friend") == "held");
    call(&life, "login");
    kept.confirm();
    life.until(|life| life.state("friend") == "working");
    // Somebody else's phone changes nothing.
    call(&life, "login");
    kept.confirm_as(STRANGER);
    until(&life, "failed");
    let failed = call(&life, "login.state");
    assert_eq!(failed["uid"], STRANGER.to_string(), "{failed}");
    assert_eq!(failed["error"]["kind"], "OtherUser", "{failed}");
    let asked = kept.stage.live.requests("web-interface/nav");
    life.done("accounts.restart", json!({}));
    life.until(|_| kept.stage.live.requests("web-interface/nav") > asked);
    life.until(|life| life.state("friend") == "working");
    assert_eq!(call(&life, "whoami")["uid"], FRIEND.to_string());
    // At the end of its own user's login it works with that.
    call(&life, "login");
    let asked = kept.stage.live.requests("web-interface/nav");
    kept.confirm();
    until(&life, "done");
    assert!(kept.stage.live.requests("web-interface/nav") > asked);
    assert_eq!(life.state("friend"), "working");
    life.stop();
}

#[test]
fn a_user_whom_another_account_has_is_refused_and_nothing_is_kept() {
    let kept = Kept::new();
    let life = kept.start();
    life.add(
        kept.stage
            .setup("other", kept.stage.login(Some(login_of(FRIEND)))),
    );
    life.until(|life| life.state("other") == "working");
    call(&life, "login");
    kept.confirm();
    until(&life, "failed");
    let failed = call(&life, "login.state");
    assert_eq!(failed["error"]["kind"], "SameUser", "{failed}");
    assert!(kept.cookie.open().is_err(), "nothing is kept");
    life.stop();
}

#[test]
fn a_link_that_was_confirmed_is_no_longer_told() {
    let kept = Kept::new();
    let life = kept.start();
    call(&life, "login");
    let rule = Rule::new("web-interface/nav", When::Once, Kind::Stall);
    kept.stage.live.fault(rule);
    kept.confirm();
    until(&life, "confirmed");
    let confirmed = call(&life, "login.state");
    let told = (&confirmed["link"], &confirmed["uid"]);
    assert_eq!(told, (&Value::Null, &json!(FRIEND.to_string())));
    life.stop();
}

#[test]
fn what_fails_is_said() {
    let kept = Kept::new();
    let life = kept.start();
    let refused = life.call("login", json!({ "account": "other" }));
    assert_eq!(refused["error"]["data"]["message"], "no such name");
    let rule = Rule::new("qrcode/generate", When::Once, Kind::Html);
    kept.stage.live.fault(rule);
    let failed = call(&life, "login");
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(!failed["error"].is_null(), "{failed}");
    kept.is_full.store(true, Ordering::Relaxed);
    assert_eq!(call(&life, "login")["state"], "code");
    kept.confirm();
    until(&life, "failed");
    let failed = call(&life, "login.state");
    assert_eq!(failed["error"]["message"], "the disk is full", "{failed}");
    assert_eq!(life.state("friend"), "none");
    life.stop();
    // It ends with a login under way, too.
    let life = kept.start();
    call(&life, "login");
    life.stop();
}
