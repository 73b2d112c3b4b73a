//! One list of all endpoints.

use std::{any::type_name, fmt::Debug};

use bili_im_proto::{http::Response, *};

/// Reads an answer; what it says as text, so that everything in it was looked at.
pub type Decode = fn(&Response<Vec<u8>>) -> Result<String, Error>;

/// As an endpoint of that type.
pub fn decode<E>(response: &Response<Vec<u8>>) -> Result<String, Error>
where
    E: Endpoint,
    E::Response: Debug,
{
    E::response(response).map(|answer| format!("{answer:?}"))
}

/// An endpoint of the list.
#[derive(Debug)]
pub struct Entry {
    /// The type's name.
    pub name: &'static str,
    /// What is the same in every call.
    pub spec: Spec,
    /// Where the type is: the path of modules that leads to it.
    pub place: fn() -> &'static str,
    /// Whether it only says that the call succeeded.
    pub only_success: bool,
    /// Reads an answer.
    pub decode: Decode,
}

macro_rules! entries {
    ($($endpoint:ident,)*) => {
        /// All of them. That none is missing is checked in `tests/wire/hostile.rs`.
        pub const ENDPOINTS: &[Entry] = &[$(Entry {
            name: stringify!($endpoint),
            spec: $endpoint::SPEC,
            place: type_name::<$endpoint>,
            only_success: size_of::<<$endpoint as Endpoint>::Response>() == 0,
            decode: decode::<$endpoint>,
        }),*];
    };
}

for_each_endpoint!(entries);

/// Names of fields that some endpoint reads, with a space between.
const NAMES: &str = "\
    code message msg ttl data v_voucher msg_key msg_content e_infos key_hit_infos toast \
    high_text text uri url size gif_url messages has_more min_seqno max_seqno sender_uid \
    receiver_type receiver_id msg_type content msg_seqno timestamp at_uids msg_status \
    msg_source session_list talker_id session_type last_msg account_info system_msg_type \
    system_msg unread_count follow_unread isLogin mid uname level_info current_level wbi_img \
    img_url sub_url name face b_3 b_4 qrcode_key refresh_token image_url image_width \
    uid_settings group_settings status redirectUrl words texts official is_fake_account";

/// Names of fields that some endpoint reads.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.split(' ')
}
