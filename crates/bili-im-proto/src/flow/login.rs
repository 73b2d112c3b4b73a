//! Logging in with a QR code (docs/protocol.md §13).

use std::time::Duration;

use crate::{
    context::Context,
    credential::Credential,
    endpoint::Endpoint,
    endpoints::{CrossDomain, FingerSpi, Login, QrGenerate, QrPoll, QrState},
    error::Error,
    flow::{Flow, call, io::FlowLine},
    secret::Secret,
};

/// How often to ask.
const POLL: Duration = Duration::from_secs(2);

/// How long a code can be valid at most, whatever the service says.
const VALID: Duration = Duration::from_secs(200);

/// How many answers in a row may be lost before giving up.
const LOST: u32 = 5;

/// What happens during a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginStep {
    /// Show this as a QR code. Whoever scans it first logs in.
    Code(Secret),
    /// The code was scanned; the login is to be confirmed on the phone.
    Scanned,
}

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginOutcome {
    /// Logged in.
    Done(Box<Login>),
    /// Nobody confirmed in time: begin again.
    Expired,
    /// The login was confirmed, but the service gave no cookies. Use those of a browser instead:
    /// see [`Credential::parse`].
    WithoutCookies(Error),
}

/// Logs in with a QR code. Of the context only hosts and user agent matter.
pub fn qr_login(context: Context) -> Flow<LoginStep, LoginOutcome> {
    Flow::new(|io| async move { login(&io, &context).await })
}

async fn login(io: &FlowLine<LoginStep>, context: &Context) -> Result<LoginOutcome, Error> {
    let code = fetch(io, context, &QrGenerate).await?;
    let deadline = io.now().mono.after(VALID);
    io.emit(LoginStep::Code(code.url)).await;
    let poll = QrPoll::new(code.key);
    let mut scanned = false;
    let mut lost = 0;
    while io.now().mono < deadline {
        io.sleep(POLL).await;
        match fetch(io, context, &poll).await {
            Ok(QrState::Done(login)) => return done(io, context, login).await,
            Ok(QrState::Ticket {
                address,
                refresh_token,
            }) => {
                let credential = exchange(io, context, CrossDomain::new(address)).await;
                return match credential {
                    Ok(credential) => {
                        let login = Login {
                            credential,
                            refresh_token,
                        };
                        done(io, context, login).await
                    }
                    Err(error) => Ok(LoginOutcome::WithoutCookies(error)),
                };
            }
            Ok(QrState::Expired) => break,
            Ok(QrState::Scanned) if !scanned => {
                scanned = true;
                io.emit(LoginStep::Scanned).await;
            }
            Ok(_) => lost = 0,
            Err(Error::Transport(_)) if lost < LOST => lost += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(LoginOutcome::Expired)
}

/// Exchanges the ticket of a login for its cookies. An answer that is lost is asked for again: the
/// code was confirmed, and cannot be used again.
async fn exchange(
    io: &FlowLine<LoginStep>,
    context: &Context,
    ticket: CrossDomain,
) -> Result<Credential, Error> {
    let mut lost = 0;
    loop {
        match fetch(io, context, &ticket).await {
            Err(Error::Transport(_)) if lost < LOST => lost += 1,
            exchanged => return exchanged,
        }
        io.sleep(POLL).await;
    }
}

/// Adds the device cookies, which do not come with the login. It is good without them too.
async fn done(
    io: &FlowLine<LoginStep>,
    context: &Context,
    mut login: Login,
) -> Result<LoginOutcome, Error> {
    let context = context.clone().with_credential(login.credential.clone());
    if let Ok(device) = fetch(io, &context, &FingerSpi).await {
        login.credential = device.complete(&login.credential);
    }
    Ok(LoginOutcome::Done(Box::new(login)))
}

async fn fetch<E: Endpoint>(
    io: &FlowLine<LoginStep>,
    context: &Context,
    endpoint: &E,
) -> Result<E::Response, Error> {
    let mut context = context.clone();
    context.time = io.now().unix;
    let request = endpoint.request(&context)?;
    let answer = io.fetch(call::outgoing::<E>(request)).await;
    call::read::<E>(answer, context.credential.as_ref())
}
