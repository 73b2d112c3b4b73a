//! One message of a large mailbox, without its content.

use super::people::Peer;
use crate::{
    chance::Chance,
    ids::{Talker, Uid},
    world::Message,
};

const TEXT: u32 = 1;
const NOTICE: u32 = 10;
const SYSTEM_TIP: u32 = 18;
const JOINED: u32 = 306;
/// A type that nobody knows.
const UNKNOWN: u32 = 4242;

const IMAGE_GONE: u32 = 50;
const GROUP_TIP: u32 = 13;
/// The sources of people: iOS, Android, H5, desktop, web.
const SOURCES: [u32; 5] = [1, 2, 3, 4, 7];
/// Older messages lack some fields.
const OLD: u64 = 3 * 365 * 24 * 60 * 60;

/// Draws a message between the owner and a peer.
pub(super) fn draw(owner: Uid, peer: &Peer, seconds_ago: u64, chance: &mut Chance) -> Message {
    let is_group = matches!(peer.talker, Talker::Group(_));
    let mut from = one_of(&peer.writers, chance).unwrap_or(owner);
    if !peer.is_system && chance.below(5) < 2 {
        from = owner;
    }
    let msg_type = msg_type(peer.is_system, is_group, chance);
    if msg_type == JOINED {
        from = Uid(0);
    }
    let talker = if is_group || from == owner {
        peer.talker
    } else {
        owner.into()
    };
    let mut message = Message::new(from, talker, msg_type, "");
    message.old = seconds_ago > OLD;
    message.msg_source = match msg_type {
        _ if message.old => 0,
        JOINED => GROUP_TIP,
        TEXT if chance.below(60) == 0 => 8 + u32::try_from(chance.below(4)).unwrap_or(0),
        NOTICE | SYSTEM_TIP => 6,
        _ => one_of(&SOURCES, chance).unwrap_or(0),
    };
    if matches!(msg_type, 2 | 6) && chance.below(40) == 0 {
        message.msg_status = IMAGE_GONE;
    }
    if msg_type == SYSTEM_TIP {
        let other = one_of(&peer.writers, chance);
        message.only_for = if chance.below(2) == 0 { other } else { None }.or(Some(owner));
    }
    if is_group && chance.below(30) == 0 {
        message.at_uids.push(owner);
    }
    message.keyless = msg_type == NOTICE && chance.below(20) == 0;
    message
}

fn one_of<T: Copy>(list: &[T], chance: &mut Chance) -> Option<T> {
    let place = usize::try_from(chance.below(list.len() as u64)).ok()?;
    list.get(place).copied()
}

fn msg_type(is_system: bool, is_group: bool, chance: &mut Chance) -> u32 {
    let per_mille = chance.below(1000);
    if is_system {
        return match per_mille {
            0..=699 => NOTICE,
            700..=849 => 13,
            850..=949 => 11,
            _ => TEXT,
        };
    }
    match per_mille {
        0..=79 => 2,
        80..=119 => 6,
        120..=149 => 7,
        150..=164 => 11,
        165..=169 => 13,
        170..=174 => NOTICE,
        175..=178 => SYSTEM_TIP,
        179..=181 => UNKNOWN,
        182..=191 if is_group => JOINED,
        _ => TEXT,
    }
}
