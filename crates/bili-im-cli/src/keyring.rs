//! The system's keyring: Secret Service, Keychain or the Credential Manager of Windows.

use keyring::v1::{Entry, Error};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The name of this program's entries.
const SERVICE: &str = "bili-im";

/// Stores a secret in place of the one that the entry had.
pub(crate) fn store(entry: &str, secret: &str) -> Result<(), Failure> {
    open(entry)
        .and_then(|entry| entry.set_password(secret))
        .map_err(|error| unusable(&error))
}

/// The secret of an entry; `None` when there is none.
pub(crate) fn load(entry: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    match open(entry).and_then(|entry| entry.get_password()) {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(unusable(&error)),
    }
}

/// Removes an entry, if there is one.
pub(crate) fn remove(entry: &str) -> Result<(), Failure> {
    match open(entry).and_then(|entry| entry.delete_credential()) {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(unusable(&error)),
    }
}

fn open(entry: &str) -> Result<Entry, Error> {
    Entry::new(SERVICE, entry)
}

fn unusable(error: &Error) -> Failure {
    // Other errors can quote the secret.
    let why = match (error, Entry::store_status()) {
        (Error::NoDefaultStore, Err(Error::PlatformFailure(why) | Error::NoStorageAccess(why)))
        | (Error::PlatformFailure(why) | Error::NoStorageAccess(why), _) => why.to_string(),
        (Error::TooLong(..), _) => {
            text!("the login is too long for it", "登录太长，存不下").to_owned()
        }
        (Error::NoDefaultStore, _) => text!("none was found", "没有找到").to_owned(),
        _ => text!("it holds something else", "里面存的是别的内容").to_owned(),
    };
    Failure::unusable_login(
        format_text!(
            "the system's keyring cannot be used: {why}",
            "无法使用系统密钥环：{why}"
        ),
        text!(
            "unlock it; or log in without --keyring, so that the login is kept in a private file",
            "请先解锁；或者登录时不加 --keyring，登录会存进只有你能读的文件"
        ),
    )
}
