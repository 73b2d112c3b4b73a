//! In place of the system's keyring, when this program was built without it.

use zeroize::Zeroizing;

use crate::failure::Failure;

pub(crate) fn store(_: &str, _: &str) -> Result<(), Failure> {
    Err(left_out())
}

pub(crate) fn load(_: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    Err(left_out())
}

pub(crate) fn remove(_: &str) -> Result<(), Failure> {
    Err(left_out())
}

fn left_out() -> Failure {
    Failure::wrong_use(
        text!(
            "this bili-im was built without the system's keyring",
            "这个 bili-im 编译时没有加入系统密钥环"
        ),
        text!(
            "build it with --features keyring, or log in anew without --keyring",
            "编译时加 --features keyring，或不加 --keyring 重新登录"
        ),
    )
}
