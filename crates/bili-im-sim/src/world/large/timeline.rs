//! How long conversations are, and when their messages were sent.

use crate::chance::Chance;

const FIVE_YEARS: u64 = 5 * 365 * 24 * 60 * 60;

/// The lengths of the conversations, in any order: a few are very long, most are short.
pub(super) fn lengths(sessions: usize, messages: u64, chance: &mut Chance) -> Vec<u64> {
    let weight = |rank: u64| (1_u64 << 40) / ((rank + 10) * (rank + 10));
    let ranks = sessions as u64;
    let total: u64 = (0..ranks).map(weight).sum();
    let spare = messages.saturating_sub(ranks);
    let share = |rank| u128::from(spare) * u128::from(weight(rank)) / u128::from(total.max(1));
    let mut lengths: Vec<u64> = (0..ranks)
        .map(|rank| 1 + u64::try_from(share(rank)).unwrap_or(0))
        .collect();
    let rest = messages.saturating_sub(lengths.iter().sum());
    if let Some(longest) = lengths.first_mut() {
        *longest += rest;
    }
    for last in (1..lengths.len()).rev() {
        let other = chance.below(last as u64 + 1);
        lengths.swap(last, usize::try_from(other).unwrap_or(0));
    }
    lengths
}

/// When a message was sent, in seconds before the start, and the place of its conversation.
pub(crate) type Moment = (u32, u32);

/// The moments of all messages, the earliest first.
pub(super) fn moments(lengths: &[u64], chance: &mut Chance) -> Vec<Moment> {
    let mut moments = Vec::with_capacity(usize::try_from(lengths.iter().sum::<u64>()).unwrap_or(0));
    for (place, length) in (0_u32..).zip(lengths) {
        let first = chance.below(FIVE_YEARS);
        let last = chance.below(first + 1);
        let mut left = *length;
        while left > 0 {
            // People write several messages within minutes, and then none for a long time.
            let burst = (1 + chance.below(20)).min(left);
            left -= burst;
            let mut seconds_ago = last + chance.below(first - last + 1);
            for _ in 0..burst {
                moments.push((u32::try_from(seconds_ago).unwrap_or(u32::MAX), place));
                seconds_ago = seconds_ago.saturating_sub(1 + chance.below(200));
            }
        }
    }
    moments.sort_unstable_by_key(|(seconds_ago, place)| (std::cmp::Reverse(*seconds_ago), *place));
    moments
}
