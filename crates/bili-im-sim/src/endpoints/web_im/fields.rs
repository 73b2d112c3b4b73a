//! The fields of a send (docs/protocol.md §5).

use crate::{endpoints::prelude::*, request::Fields};

/// The fields of a send, with an unchecked content.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) talker: Talker,
    pub(super) msg_type: u32,
    pub(super) content: String,
}

impl Sending {
    pub(super) fn read(form: &Fields, owner: Uid) -> Result<Self, Refusal> {
        form.check_own("msg[sender_uid]", owner)?;
        let receiver = form.required_number("msg[receiver_id]")?;
        let talker = Talker::from_wire(receiver, form.required_number("msg[receiver_type]")?)
            .ok_or_else(|| BAD_REQUEST.because("msg[receiver_type] is neither 1 nor 2"))?;
        if form.number("msg[msg_status]")?.unwrap_or(0) != 0 {
            return Err(BAD_REQUEST.because("msg[msg_status] is not 0"));
        }
        Ok(Self {
            talker,
            msg_type: form.required_number("msg[msg_type]")?,
            content: form.required("msg[content]")?.to_owned(),
        })
    }
}

/// Refuses when the signed query does not repeat three values of the body. Only the strict mode
/// needs the device (docs/protocol.md §5).
pub(super) fn check_query(query: &Fields, form: &Fields, is_strict: bool) -> Result<(), Refusal> {
    for (in_query, in_body, is_needed) in [
        ("w_sender_uid", "msg[sender_uid]", true),
        ("w_receiver_id", "msg[receiver_id]", true),
        ("w_dev_id", "msg[dev_id]", is_strict),
    ] {
        if !is_needed && query.get(in_query).is_none() {
            continue;
        }
        if query.required(in_query)? != form.required(in_body)? {
            return Err(BAD_REQUEST.because(format!("{in_query} differs from {in_body}")));
        }
    }
    Ok(())
}

/// Checks the fields that only today's service requires. The strict mode wants a device in upper
/// case.
pub(super) fn check_device(form: &Fields, is_strict: bool) -> Result<(), Refusal> {
    form.required_number::<u64>("msg[timestamp]")?;
    let device = form.required("msg[dev_id]")?;
    let is_right = is_device_id(&device.to_ascii_uppercase());
    if is_right && (!is_strict || is_device_id(device)) {
        Ok(())
    } else {
        Err(BAD_REQUEST.because("msg[dev_id] is not a UUID v4, in strict mode in upper case"))
    }
}

/// Whether a text has the form `XXXXXXXX-XXXX-4XXX-[89AB]XXX-XXXXXXXXXXXX`.
fn is_device_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'4',
            19 => b"89AB".contains(&byte),
            _ => byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_is_a_uuid_v4_in_upper_case() {
        assert!(is_device_id("372778FD-E359-461D-86A3-EA2BCC6FF52A"));
        for wrong in [
            "",
            "372778fd-e359-461d-86a3-ea2bcc6ff52a",
            "372778FD-E359-161D-86A3-EA2BCC6FF52A",
            "372778FD-E359-461D-C6A3-EA2BCC6FF52A",
            "372778FDE359461D86A3EA2BCC6FF52A",
            "372778FD-E359-461D-86A3-EA2BCC6FF52G",
            "{72778FD-E359-461D-86A3-EA2BCC6FF52A",
        ] {
            assert!(!is_device_id(wrong), "{wrong}");
        }
    }
}
