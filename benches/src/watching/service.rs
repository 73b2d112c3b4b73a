//! A service that generates its answers.

use std::{collections::BTreeMap, fmt::Write};

use bili_im_proto::Outgoing;
use http::Response;

use crate::{KEY_URLS, OWN_UID, Result};

/// The largest number of sessions in one list.
pub(super) const PAGE: usize = 100;

/// In microseconds.
pub(super) const SECOND: u64 = 1_000_000;

/// The service, with its sessions by number and by the time of their last change.
#[derive(Debug)]
pub(super) struct Service {
    /// Its clock, in microseconds.
    pub(super) now: u64,
    /// The number of messages and the last change of each session.
    pub(super) sessions: Vec<(u64, u64)>,
    pub(super) by_time: BTreeMap<u64, usize>,
}

impl Service {
    pub(super) fn receive(&mut self, index: usize) {
        let Some((newest, changed)) = self.sessions.get_mut(index) else {
            return;
        };
        self.by_time.remove(changed);
        self.now += 1;
        *newest += 1;
        *changed = self.now;
        self.by_time.insert(self.now, index);
    }

    pub(super) fn answer(&self, outgoing: &Outgoing) -> Result<Response<Vec<u8>>> {
        let uri = outgoing.request.uri();
        let parameter = |name: &str| -> Option<u64> {
            let mut pairs = uri
                .query()?
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            pairs.find(|(other, _)| *other == name)?.1.parse().ok()
        };
        let data = match uri.path().rsplit('/').next() {
            Some("nav") => nav(),
            Some("new_sessions") => {
                let begin = parameter("begin_ts").unwrap_or_default();
                self.list(begin, u64::MAX)
            }
            Some("get_sessions") => match parameter("session_type") {
                Some(1) => self.list(0, parameter("end_ts").unwrap_or(u64::MAX)),
                _ => self.list(0, 0),
            },
            Some("fetch_session_msgs") => {
                let talker = parameter("talker_id").ok_or("no talker_id")?;
                self.messages(talker, parameter("begin_seqno").unwrap_or_default())?
            }
            other => return Err(format!("no answer to {other:?} is known here").into()),
        };
        let body = format!(r#"{{"code":0,"msg":"0","message":"0","ttl":1,"data":{data}}}"#);
        Ok(Response::new(body.into_bytes()))
    }

    /// The newest sessions that changed from `from` until before `until`.
    fn list(&self, from: u64, until: u64) -> String {
        let mut sessions = String::new();
        let mut changes = self.by_time.range(from..until).rev();
        for (changed, &index) in changes.by_ref().take(PAGE) {
            if !sessions.is_empty() {
                sessions.push(',');
            }
            let (newest, _) = self.sessions.get(index).copied().unwrap_or_default();
            let talker = talker(index);
            let last = message(talker, newest, changed / SECOND);
            // Writing to a string cannot fail.
            let _ = write!(
                sessions,
                r#"{{"talker_id":{talker},"session_type":1,"at_seqno":0,"top_ts":0,"group_name":"","group_cover":"","is_follow":1,"is_dnd":0,"ack_seqno":0,"ack_ts":0,"session_ts":{changed},"unread_count":{newest},"last_msg":{last},"group_type":0,"can_fold":0,"status":0,"max_seqno":{newest},"new_push_msg":0,"setting":0,"is_guardian":0,"is_intercept":0,"is_trust":0,"system_msg_type":0,"live_status":0,"biz_msg_unread_count":0,"user_label":null}}"#,
            );
        }
        let has_more = u8::from(changes.next().is_some());
        format!(
            r#"{{"session_list":[{sessions}],"has_more":{has_more},"anti_disturb_cleaning":false,"show_level":false}}"#
        )
    }

    /// The messages of a session after `after`, newest first. They always fit on a page here.
    fn messages(&self, talker_id: u64, after: u64) -> Result<String> {
        let index = index(talker_id)?;
        let (newest, changed) = self.sessions.get(index).copied().unwrap_or_default();
        let messages: Vec<String> = (after + 1..=newest)
            .rev()
            .map(|seqno| message(talker_id, seqno, changed / SECOND))
            .collect();
        let messages = messages.join(",");
        Ok(format!(
            r#"{{"messages":[{messages}],"has_more":0,"min_seqno":{},"max_seqno":{newest},"e_infos":[]}}"#,
            after + 1
        ))
    }
}

fn talker(index: usize) -> u64 {
    10_000_000 + index as u64
}

fn index(talker: u64) -> Result<usize> {
    Ok(talker.saturating_sub(10_000_000).try_into()?)
}

fn nav() -> String {
    let [img, sub] = KEY_URLS;
    format!(
        r#"{{"isLogin":true,"mid":{OWN_UID},"uname":"n","face":"","level_info":{{"current_level":5}},"wbi_img":{{"img_url":"{img}","sub_url":"{sub}"}}}}"#
    )
}

fn message(from: u64, seqno: u64, timestamp: u64) -> String {
    let key = 6_852_559_688_000_000_000 + from * 1_000 + seqno;
    format!(
        r#"{{"sender_uid":{from},"receiver_type":1,"receiver_id":{OWN_UID},"msg_type":1,"content":"{{\"content\":\"第 {seqno} 条，什么时候更新？\"}}","msg_seqno":{seqno},"timestamp":{timestamp},"at_uids":[0],"msg_key":{key},"msg_status":0,"notify_code":"","new_face_version":1,"msg_source":7}}"#
    )
}
