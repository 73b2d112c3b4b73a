use crate::{call::Call, cookie, ids::Uid, time::UnixMicros};

/// The cookies of a new login (docs/protocol.md §13).
pub(super) struct LoginCookies {
    pairs: [(&'static str, String); 4],
    sid: String,
    expires: UnixMicros,
}

impl LoginCookies {
    pub(super) fn begin(call: &mut Call<'_>, uid: Uid) -> Self {
        let state = &mut *call.state;
        let (sessdata, bili_jct, expires) = state.logins.begin(uid, call.now, &mut state.chance);
        Self {
            pairs: [
                ("SESSDATA", cookie::encode(&sessdata)),
                ("bili_jct", bili_jct),
                ("DedeUserID", uid.to_string()),
                ("DedeUserID__ckMd5", state.chance.hex(16)),
            ],
            sid: state.chance.hex(8),
            expires,
        }
    }

    /// All cookies but `sid`, for an address.
    pub(super) fn query(&self) -> String {
        let pairs = (self.pairs.iter()).map(|(name, value)| format!("{name}={value}&"));
        pairs.collect::<String>() + &format!("Expires={}", self.expires.as_secs())
    }

    /// The `Set-Cookie` headers.
    pub(super) fn headers(&self) -> Vec<String> {
        let date = self.expires.http_date();
        let sid = ("sid", self.sid.clone());
        (self.pairs.iter().chain([&sid]))
            .map(|(name, value)| {
                let flags = if *name == "SESSDATA" {
                    "; HttpOnly; Secure"
                } else {
                    ""
                };
                format!("{name}={value}; Path=/; Domain=bilibili.com; Expires={date}{flags}")
            })
            .collect()
    }
}
