//! Watches an account, and holds it when that fails.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bili_im_archive::ArchiveError;
use bili_im_json::{ContentJson, ErrorJson, EventJson};
use bili_im_proto::{
    Content, Cursor, Error, Event, EventKind, Invalid, Missing, RefusalKind, Talker, Uid,
};
use futures_util::FutureExt;
use tokio::{
    select,
    time::{Instant, sleep},
};

use super::{
    handle::{Account, SAME_USER},
    state::{Held, State, Why},
};
use crate::{
    clock::now,
    config::LoginError,
    error::{archive_error, panicked},
};

/// How often the state of the login is stored.
const KEEP: Duration = Duration::from_secs(30);

/// An account that has worked for so long is tried again soon.
const STEADY: Duration = Duration::from_secs(60);

/// Why a watch has ended.
struct Ended {
    why: Why,
    error: ErrorJson,
    /// How long it has to be waited at least.
    wait: Duration,
}

/// Watches an account for as long as the task lives.
pub(crate) async fn run(account: Arc<Account>) {
    let limits = &account.shared.limits;
    let mut wait = limits.first_wait;
    loop {
        account.begin_attempt();
        let begun = Instant::now();
        // From before the attempt, so that none is missed.
        let user_left = account.shared.user_left.notified();
        let attempt = std::panic::AssertUnwindSafe(attempt(&account)).catch_unwind();
        let ended = select! {
            ended = attempt => ended.unwrap_or_else(|_| Ended::broken(panicked())),
            () = housekeeping(&account) => continue,
            () = account.restart.notified() => {
                wait = limits.first_wait;
                continue;
            }
        };
        if begun.elapsed() > STEADY {
            wait = limits.first_wait;
        }
        let pause = wait.max(ended.wait);
        wait = (wait * 2).min(limits.longest_wait);
        let is_over = ended.why == Why::LoggedOut;
        if is_over {
            account.let_user_go();
        }
        let waits_for_user = ended.error.kind == SAME_USER;
        let kind: &str = &ended.error.kind;
        tracing::warn!(account = account.name(), why = ?ended.why, kind, "account held");
        account.set_state(State::Held(Box::new(Held {
            why: ended.why,
            error: ended.error,
            since: now(),
            until: (!is_over).then(|| now() + pause.as_secs()),
        })));
        select! {
            () = sleep(pause), if !is_over => {}
            () = account.restart.notified() => wait = limits.first_wait,
            () = user_left, if waits_for_user => wait = limits.first_wait,
            () = housekeeping(&account) => {}
        }
    }
}

/// Drops what is too old, and stores the state of the login, now and then. Never returns.
async fn housekeeping(account: &Account) {
    let limits = &account.shared.limits;
    let mut kept = Instant::now();
    loop {
        sleep(limits.trim).await;
        let (most, now) = (limits.events, now());
        let before = now.saturating_sub(limits.age.as_secs());
        let forget = now.saturating_sub(limits.memory.as_secs());
        if let Err(error) = account
            .queue(move |queue| queue.trim(most, before, forget))
            .await
        {
            let (account, kind): (_, &str) = (account.name(), &error.kind);
            tracing::warn!(account, kind, "the queue cannot be trimmed");
        }
        if kept.elapsed() > KEEP {
            kept = Instant::now();
            account.keep().await;
        }
    }
}

/// Watches until something ends the watch.
async fn attempt(account: &Arc<Account>) -> Ended {
    match watch(account).await {
        Ok(()) => Ended::from(Error::Finished),
        Err(ended) => ended,
    }
}

async fn watch(account: &Arc<Account>) -> Result<(), Ended> {
    let client = account.open_login().await?;
    let profile = client.profile().await?;
    let own = profile.uid;
    // What the watch before this one was queueing has to be in the cursor.
    drop(account.queueing.lock().await);
    let stored = account.try_queue(|queue| queue.cursor()).await?;
    if let Some(owner) = stored.as_ref().map(Cursor::uid)
        && owner != own
    {
        let login = own;
        return Err(ArchiveError::Foreign { owner, login }.into());
    }
    account.claim(own)?;
    let cursor = match stored {
        Some(cursor) => cursor,
        None => {
            let cursor = client.cursor_now().await?;
            let begun = cursor.clone();
            (account.try_queue(move |queue| queue.begin(&begun))).await?;
            cursor
        }
    };
    let mut events = client.watch(cursor, account.setup.watch);
    account.set_client(client, profile);
    account.set_state(State::Working);
    account.finish_sends().await?;
    while let Some(event) = events.next().await {
        take(account, own, event?).await?;
    }
    Ok(())
}

/// Queues an event.
async fn take(account: &Account, own: Uid, event: Event) -> Result<(), Ended> {
    if matches!(event.kind, EventKind::PushLive | EventKind::PushLost { .. }) {
        return Ok(());
    }
    let json = EventJson::new(&event, bili_im_reqwest::now(), ErrorJson::from);
    let json = serde_json::to_string(&json).unwrap_or_default();
    let event = Arc::new((event, json));
    loop {
        let event = Arc::clone(&event);
        let shared = Arc::clone(&account.shared);
        let newest = Arc::clone(&account.newest);
        let queueing = Arc::clone(&account.queueing).lock_owned().await;
        let pushed = account.try_queue(move |queue| {
            let _until_queued = queueing;
            let (event, json) = &*event;
            queue.save_event(own, event)?;
            if let EventKind::Recalled {
                talker,
                msg_key: Some(key),
            } = &event.kind
            {
                let content = serde_json::to_string(&ContentJson::from(Content::Recalled));
                queue.recall(*talker, *key, &content.unwrap_or_default())?;
            }
            let open = shared.line.begin();
            let number = queue.push(open.id, talker(event), json, event.position.as_ref())?;
            // Before readers may pass this id.
            newest.store(number, Ordering::Release);
            drop(open);
            Ok(())
        });
        match pushed.await {
            Ok(()) => {
                account.shared.tell();
                return Ok(());
            }
            // Another process writes.
            Err(ArchiveError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn talker(event: &Event) -> Option<Talker> {
    match &event.kind {
        EventKind::Message { talker, .. }
        | EventKind::Recalled { talker, .. }
        | EventKind::Unreadable { talker }
        | EventKind::SessionFailed { talker, .. }
        | EventKind::SessionRecovered { talker } => Some(*talker),
        EventKind::SessionChanged { session } => Some(session.talker),
        _ => None,
    }
}

impl Ended {
    fn broken(error: ErrorJson) -> Self {
        Self {
            why: Why::Broken,
            error,
            wait: Duration::ZERO,
        }
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        let no_credential = Error::Invalid(Invalid::Missing(Missing::Credential));
        let why = match error.kind() {
            Some(RefusalKind::NotLoggedIn) => Why::LoggedOut,
            Some(RefusalKind::RiskControl | RefusalKind::AccountBanned) => Why::Stopped,
            _ if error == no_credential => Why::LoggedOut,
            _ => Why::Broken,
        };
        let wait = match &error {
            Error::Stopped(stopped) => stopped.remaining,
            Error::RateLimited(limited) => limited.retry_after,
            _ => Duration::ZERO,
        };
        Self {
            why,
            error: error.into(),
            wait,
        }
    }
}

impl From<LoginError> for Ended {
    fn from(failed: LoginError) -> Self {
        let why = match failed.is_logged_out {
            true => Why::LoggedOut,
            false => Why::Broken,
        };
        Self {
            why,
            error: *failed.error,
            wait: Duration::ZERO,
        }
    }
}

impl From<ArchiveError> for Ended {
    fn from(error: ArchiveError) -> Self {
        Self::broken(archive_error(error))
    }
}

impl From<ErrorJson> for Ended {
    fn from(error: ErrorJson) -> Self {
        Self::broken(error)
    }
}
