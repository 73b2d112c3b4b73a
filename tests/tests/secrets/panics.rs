//! What panics show.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Mutex, PoisonError},
};

use bili_im_proto::SingleUnread;
use bili_im_tests::{
    Adapter,
    marks::{Marks, QR_KEY},
    peer::{Peer, response},
};

use crate::{credential, origin_of};

/// What the panic hook is told while something panics, and the panic's own message.
fn panic_of(act: impl FnOnce()) -> String {
    static TOLD: Mutex<String> = Mutex::new(String::new());
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        *TOLD.lock().unwrap() += &format!("{info}\n")
    }));
    let caught = panic::catch_unwind(AssertUnwindSafe(act));
    panic::set_hook(before);
    assert!(caught.is_err());
    std::mem::take(&mut *TOLD.lock().unwrap())
}

#[test]
fn no_panic_in_the_middle_of_a_flow_shows_a_secret() {
    let marks = Marks::default();
    let code = format!(
        r#"{{"code":0,"data":{{"url":"https://x/?qrcode_key={QR_KEY}","qrcode_key":"{QR_KEY}"}}}}"#
    );
    let peer = Peer::plain(move |_| response("200 OK", "", &code));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let told = panic_of(|| {
        let shown = bili_im_ureq::qr_login(Some(origin_of(&peer)), |step| panic!("shown {step:?}"));
        drop(shown);
    });
    assert!(told.contains("shown Code(Secret)"), "{told}");
    marks.check("a panic in a callback", told);
    let told = panic_of(|| {
        let login =
            bili_im_reqwest::qr_login(Some(origin_of(&peer)), |step| panic!("shown {step:?}"));
        drop(runtime.block_on(login));
    });
    assert!(told.contains("shown Code(Secret)"), "{told}");
    marks.check("a panic in a callback", told);

    let quoting = Peer::plain(|request| response("400 Bad Request", "", request));
    for adapter in Adapter::both(&credential(), &origin_of(&quoting)).unwrap() {
        let told = panic_of(|| _ = adapter.call(SingleUnread::new()).unwrap());
        assert!(told.contains("Unreadable"), "{told}");
        marks.check("a panic over an error", told);
        let told = panic_of(|| panic!("{adapter:?}"));
        marks.check("a panic that shows the client", told);
    }
}
