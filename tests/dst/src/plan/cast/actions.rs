//! Actions of people, the network and the machine, drawn by chance.

use std::time::Duration;

use bili_im_sim::{
    Act, Message, Talker, Uid, World,
    faults::{Kind, Rule, When},
};
use fastrand::Rng;

use super::{Cast, LIST_SIZE, OWN};
use crate::{
    plan::{Action, Actions, LARGEST_SKEW, SendKind, Sending, as_ours, faults::draw_fault},
    time::SECOND,
};

impl Cast {
    /// Pins up to three sessions of the world.
    pub(in crate::plan) fn pin_some(
        &mut self,
        rng: &mut Rng,
        world: &World,
        actions: &mut Actions,
    ) {
        for message in world.messages.iter().take(3) {
            let uid = Uid(OWN);
            let talker = Talker::User(message.from);
            self.pinned.push(message.from.0);
            actions.push((rng.u64(0..SECOND), Action::Act(Act::Pin { uid, talker })));
        }
    }

    /// Draws a crowd: more people write than a list has room for, within seconds or while the
    /// program is off. The program may crash while it catches up.
    pub(in crate::plan) fn draw_crowd(&mut self, rng: &mut Rng, at: u64, actions: &mut Actions) {
        let takes = *rng.choice(&[5, 600, 600, 2400]).unwrap_or(&5) * SECOND;
        if takes > 5 * SECOND || rng.bool() {
            actions.push((at, Action::Crash(Duration::from_micros(takes + SECOND))));
        }
        let mut writers = self.people.clone();
        writers.retain(|person| !self.pinned.contains(person));
        let absent = rng.usize(0..writers.len() - LIST_SIZE);
        for person in writers.into_iter().skip(absent) {
            let text = self.text("peer");
            let message = Message::text(person, Talker::user(OWN), &text);
            actions.push((at + rng.u64(0..takes), Action::Write(Box::new(message), 1)));
        }
        let nth = *rng.choice(&[0, 1, 1, 1, 4]).unwrap_or(&0);
        actions.push((at + takes, Action::CrashAtEvent(nth)));
        for _ in 0..rng.usize(0..3) {
            let later = takes + rng.u64(0..60 * SECOND);
            actions.push((at + later, Action::CrashAtEvent(rng.u32(0..30))));
        }
        if rng.u8(0..3) == 0 {
            // The lists with the remaining sessions fail until the program has crashed.
            let refused = Rule::new("get_sessions", When::Always, Kind::Html);
            actions.push((at, Action::Fault(refused)));
            let later = at + takes + rng.u64(60..400) * SECOND;
            actions.push((later, Action::Crash(Duration::from_secs(5))));
            actions.push((later, Action::ClearFaults));
        }
    }

    pub(in crate::plan) fn draw_action(&mut self, rng: &mut Rng, at: u64, actions: &mut Actions) {
        let action = match rng.u8(..) {
            0..70 => Action::Write(Box::new(self.message(rng)), 1),
            70..79 => Action::Write(Box::new(self.message(rng)), rng.u32(2..30)),
            79..81 if !self.lags => Action::Write(Box::new(self.message(rng)), rng.u32(190..900)),
            81..87 if self.is_crowd() => return self.draw_crowd(rng, at, actions),
            79..97 => Action::Recall(rng.usize(0..6)),
            97..113 => Action::Act(self.act(rng)),
            113..117 => Action::Confirm(rng.usize(0..4)),
            117..121 => Action::SendTicket(rng.usize(0..4)),
            121..124 => Action::Ack,
            124..127 => Action::WriteTwin(rng.usize(0..3)),
            127..160 => {
                if rng.u8(..) < 16 {
                    actions.push((at + rng.u64(0..5 * SECOND), Action::WriteTwin(0)));
                }
                if rng.u8(..) < 40 {
                    let away = Duration::from_millis(rng.u64(50..20_000));
                    actions.push((at + rng.u64(0..2 * SECOND), Action::Crash(away)));
                }
                Action::Send(self.sending(rng))
            }
            160..165 => Action::RecallSent,
            165..171 => Action::Cancel(rng.usize(0..8)),
            171..174 => Action::Sync,
            174..182 => return self.draw_unreadable_session(rng, at, actions),
            182..208 => Action::Fault(draw_fault(rng)),
            208..220 => Action::ClearFaults,
            220..226 => Action::Unreachable(Duration::from_secs(rng.u64(1..90))),
            226..230 => Action::RotateKeys,
            230..232 => Action::ServiceClock(rng.i64(-2..3)),
            232 => {
                let sign = if rng.bool() { 1 } else { -1 };
                let later = rng.u64(1..1500) * SECOND;
                actions.push((at + later, Action::ServiceClock(0)));
                Action::ServiceClock(sign * rng.i64(5..LARGEST_SKEW))
            }
            233..237 => Action::MachineClock(*rng.choice(&[0, 3600, -3600, 90, -90]).unwrap_or(&0)),
            237..245 => Action::Crash(Duration::from_millis(rng.u64(500..40_000))),
            245..248 => Action::Crash(Duration::from_secs(rng.u64(60..9000))),
            _ => Action::CrashAtEvent(rng.u32(0..4)),
        };
        actions.push((at, action));
    }

    /// Draws a time during which one session cannot be fetched. Somebody may write in it meanwhile,
    /// and the program may crash while it catches up.
    fn draw_unreadable_session(&mut self, rng: &mut Rng, at: u64, actions: &mut Actions) {
        let message = self.message(rng);
        let talker = match message.talker {
            Talker::User(Uid(OWN)) => Talker::User(message.from),
            talker => talker,
        };
        let seconds = *rng.choice(&[20, 300, 9000, 9000]).unwrap_or(&20);
        let takes = rng.u64(seconds / 2..seconds);
        actions.push((
            at,
            Action::Unreadable(as_ours(talker), Duration::from_secs(takes)),
        ));
        if rng.bool() {
            let later = if rng.bool() {
                0
            } else {
                rng.u64(0..takes) * SECOND
            };
            actions.push((at + later, Action::Write(Box::new(message), rng.u32(1..20))));
            actions.push((at + takes * SECOND, Action::CrashAtEvent(rng.u32(0..8))));
        }
    }

    fn sending(&mut self, rng: &mut Rng) -> Sending {
        let kind = match rng.u8(0..10) {
            0..4 => SendKind::Plain,
            4..6 => SendKind::Twins,
            6 => SendKind::Image,
            _ => SendKind::Ticket,
        };
        let talker = as_ours(self.talker(rng));
        let text = match kind {
            SendKind::Image => format!(
                "https://i0.hdslb.com/bfs/{}.jpg",
                self.text("sent").replace(' ', "/")
            ),
            _ if rng.u8(..) < 40 => self.text("sent[doge]"),
            _ => self.text("sent"),
        };
        Sending { talker, text, kind }
    }

    fn act(&self, rng: &mut Rng) -> Act {
        let own = Uid(OWN);
        let other = self.person(rng);
        let talker = self.talker(rng);
        match (rng.u8(0..14), self.group(rng)) {
            (0, _) => Act::Follow { uid: own, other },
            (1, _) => Act::Unfollow { uid: own, other },
            (2, _) => Act::Follow {
                uid: other,
                other: own,
            },
            (3, _) => Act::Block {
                uid: other,
                other: own,
            },
            (4, _) => Act::Unblock {
                uid: other,
                other: own,
            },
            (5, Some(group)) => Act::Join { uid: own, group },
            (6, Some(group)) => Act::Leave { uid: own, group },
            (7, Some(group)) => Act::Join { uid: other, group },
            (8, _) => Act::Pin { uid: own, talker },
            (9, _) => Act::Unpin { uid: own, talker },
            (10, _) => Act::Mute { uid: own, talker },
            (11, _) => Act::Intercept { uid: own, other },
            (12, _) => Act::Unintercept { uid: own, other },
            _ => Act::Remove { uid: own, talker },
        }
    }
}
