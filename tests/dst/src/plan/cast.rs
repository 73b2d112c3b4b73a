//! What people, the network and the machine may do.

use std::time::Duration;

use bili_im_sim::{
    Account, Act, Group, GroupId, Message, StaleSignature, Talker, Uid, Whim, World,
    faults::{Kind, Rule, When},
};
use fastrand::Rng;

use super::{
    Action, LARGEST_SKEW, LIST_SIZE, OWN, RECALL, SECOND, SYSTEM, SendKind, Sending, as_ours,
    faults::draw_fault,
};

/// The people and groups of a run.
pub(super) struct Cast {
    people: Vec<u64>,
    groups: Vec<u64>,
    /// Whether messages lag. All new messages must then fit on one page: an older page that lags
    /// behind a newer one would hide messages that no watcher can know of.
    lags: bool,
    /// How many texts were made, so that each is different.
    texts: u32,
    /// People whose sessions are pinned. They do not write when a crowd does.
    pinned: Vec<u64>,
}

impl Cast {
    pub(super) fn draw(rng: &mut Rng, is_crowded: bool) -> Self {
        let count = if is_crowded {
            rng.u64(115..140)
        } else {
            rng.u64(2..7)
        };
        Self {
            people: (2..2 + count).collect(),
            groups: (70..70 + rng.u64(0..3)).collect(),
            lags: false,
            texts: 0,
            pinned: Vec::new(),
        }
    }

    pub(super) fn world(&mut self, rng: &mut Rng) -> World {
        let mut world = World::default();
        let own = Uid(OWN);
        for uid in [OWN, SYSTEM].iter().chain(&self.people) {
            let mut account = Account::new(*uid);
            if *uid == SYSTEM {
                account.system_msg_type = 5;
            } else if rng.u8(..) < 180 {
                account.follows.insert(own);
            }
            world.accounts.push(account);
        }
        if let Some(account) = world.accounts.first_mut() {
            let followed = self.people.iter().filter(|_| rng.bool());
            account.follows = followed.map(|uid| Uid(*uid)).collect();
        }
        for id in &self.groups {
            let owner = Uid(*rng.choice(&self.people).unwrap_or(&2));
            let mut group = Group::new(*id, "group", owner, []);
            let all = [OWN].iter().chain(&self.people);
            let members = all.filter(|_| rng.u8(..) < 200);
            group.members.extend(members.map(|uid| Uid(*uid)));
            world.groups.push(group);
        }
        for _ in 0..rng.usize(0..12) {
            let mut message = self.message(rng);
            message.seconds_ago = match rng.u8(0..4) {
                0 => rng.u64(0..20),
                1 => rng.u64(0..1200),
                _ => rng.u64(0..1_000_000),
            };
            world.messages.push(message);
        }
        let options = &mut world.options;
        options.seed = rng.u64(..);
        options.stale_signature = StaleSignature::ByChance;
        options.late_lists = *rng.choice(&[0, 0, 10, 30, 50, 200]).unwrap_or(&0);
        options.lagging_messages = *rng.choice(&[0, 0, 0, 0, 0, 3, 3, 100]).unwrap_or(&0);
        if options.lagging_messages == 0 {
            options.short_pages = *rng
                .choice(&[Whim::Never, Whim::Never, Whim::ByChance, Whim::Always])
                .unwrap_or(&Whim::Never);
        }
        self.lags = options.lagging_messages > 0;
        world
    }

    fn person(&self, rng: &mut Rng) -> Uid {
        Uid(*rng.choice(&self.people).unwrap_or(&2))
    }

    fn group(&self, rng: &mut Rng) -> Option<GroupId> {
        rng.choice(&self.groups).map(|id| GroupId(*id))
    }

    fn talker(&self, rng: &mut Rng) -> Talker {
        match self.group(rng) {
            Some(group) if rng.u8(..) < 80 => Talker::Group(group),
            _ => Talker::User(self.person(rng)),
        }
    }

    /// A new text: only twins share one.
    fn text(&mut self, who: &str) -> String {
        self.texts += 1;
        format!("{who} {}", self.texts)
    }

    /// A message to the account, or one that its owner writes on the phone.
    fn message(&mut self, rng: &mut Rng) -> Message {
        let own = Talker::user(OWN);
        let talker = self.talker(rng);
        let (from, to) = match talker {
            _ if rng.u8(..) < 24 => (Uid(OWN), talker),
            Talker::User(person) => (person, own),
            Talker::Group(_) if rng.u8(..) < 24 => (Uid(0), talker),
            Talker::Group(_) => (self.person(rng), talker),
        };
        let text = self.text(if from == Uid(OWN) { "phone" } else { "peer" });
        let mut message = Message::text(from, to, &text);
        match rng.u8(..) {
            _ if from == Uid(0) => message.msg_type = 301,
            0..120 => {}
            120..160 => message.msg_source = rng.u32(0..5),
            160..180 => {
                message.msg_type = 2;
                message.content = r#"{"url":"https://i0.hdslb.com/bfs/album/x.jpg"}"#.to_owned();
            }
            180..200 => message.msg_source = rng.u32(8..12),
            200..210 => message.msg_source = rng.u32(12..20),
            210..220 => {
                message.msg_type = 10;
                message.msg_source = 6;
            }
            220..226 if from != Uid(OWN) => {
                message.msg_type = 18;
                message.only_for = Some(Uid(*rng.choice(&[OWN, from.0]).unwrap_or(&OWN)));
            }
            226..236 => message.msg_type = rng.u32(40..300),
            236..242 => message.msg_source = rng.u32(40..300),
            242..247 => message.msg_status = 2,
            247..250 => message.content = "not JSON".to_owned(),
            _ if to == own => message.from = Uid(SYSTEM),
            _ => {}
        }
        if message.msg_type == RECALL {
            message.msg_type = 1;
        }
        message
    }

    /// Whether more sessions can change at once than a list has room for.
    fn is_crowd(&self) -> bool {
        self.people.len() > LIST_SIZE
    }

    /// Pins up to three sessions of the world.
    pub(super) fn pin_some(
        &mut self,
        rng: &mut Rng,
        world: &World,
        actions: &mut Vec<(u64, Action)>,
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
    pub(super) fn draw_crowd(&mut self, rng: &mut Rng, at: u64, actions: &mut Vec<(u64, Action)>) {
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

    pub(super) fn draw_action(&mut self, rng: &mut Rng, at: u64, actions: &mut Vec<(u64, Action)>) {
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
            165..174 => Action::Cancel(rng.usize(0..8)),
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
    fn draw_unreadable_session(
        &mut self,
        rng: &mut Rng,
        at: u64,
        actions: &mut Vec<(u64, Action)>,
    ) {
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
