//! The memory for reading an answer is bounded, whatever the answer is made of.

use bili_im_proto::http::Response;
use bili_im_tests::endpoints::{Decode, ENDPOINTS, Entry, names};

use crate::peak;

/// The longest list that is read, of the largest items.
const LISTS: usize = 12 << 20;

/// How much more than its own length reading an answer takes beside that.
const TIMES: usize = 8;

/// The most that was allocated at once while an answer was read.
fn heap_of(decode: Decode, body: String) -> usize {
    let response = Response::new(body.into_bytes());
    let (_any, heap) = peak(|| decode(&response));
    heap
}

fn check(name: &str, decode: Decode, body: String) {
    let length = body.len();
    let beginning: String = body.chars().take(60).collect();
    let heap = heap_of(decode, body);
    assert!(
        heap <= LISTS + TIMES * length,
        "{name} takes {heap} bytes to read {length}: {beginning}"
    );
}

/// `[item,item,…]`
fn list(item: &str, length: usize) -> String {
    let items = vec![item; length / (item.len() + 1)];
    format!("[{}]", items.join(","))
}

#[test]
fn a_list_of_empty_items_takes_no_more_than_its_bound() {
    let list = list("{}", 1 << 16);
    for &Entry { name, decode, .. } in ENDPOINTS {
        check(name, decode, list.clone());
        check(name, decode, format!(r#"{{"code":0,"data":{list}}}"#));
        for field in names() {
            let body = format!(r#"{{"code":0,"data":{{"{field}":{list}}}}}"#);
            check(name, decode, body);
        }
    }
}

#[test]
fn a_long_answer_takes_no_more_than_its_bound() {
    const LONG: usize = 1 << 20;
    let bare = ["{}", "[]", "0", r#"{"":0}"#, r#"{"v_voucher":{"":{}}}"#];
    let within = format!(r#"{{"at_uids":{},"sub_cards":[{{}}]}}"#, list("1", 600));
    let message = r#"{"sender_uid":1,"msg_type":1,"msg_seqno":1,"msg_key":1}"#;
    let session = format!(r#"{{"talker_id":1,"session_type":1,"last_msg":{message}}}"#);
    let lists = (bare.iter().copied())
        .chain([&*within, message, &session])
        .map(|item| list(item, LONG));
    for list in lists {
        for (endpoint, before, after) in [
            ("UserCards", r#""data":"#, ""),
            ("UserInfos", r#""data":"#, ""),
            ("GetBlockWords", r#""data":{"words":"#, "}"),
            ("GetReplyText", r#""data":{"texts":"#, "}"),
            ("FetchSessionMsgs", r#""data":{"messages":"#, "}"),
            ("FetchSessionMsgs", r#""data":{"e_infos":"#, "}"),
            ("GetSessions", r#""data":{"session_list":"#, "}"),
            ("SessionDetail", r#""data":{"account_info":"#, "}"),
            (
                "SendMsg",
                r#""data":{"v_voucher":"v","key_hit_infos":"#,
                "}",
            ),
            ("SendMsg", r#""data":{"v_voucher":"#, "}"),
            ("GetMsgDnd", r#""data":{"uid_settings":"#, "}"),
        ] {
            let Some(entry) = ENDPOINTS.iter().find(|entry| entry.name == endpoint) else {
                panic!("no endpoint {endpoint}");
            };
            check(
                endpoint,
                entry.decode,
                format!(r#"{{"code":0,{before}{list}{after}}}"#),
            );
        }
    }
}
