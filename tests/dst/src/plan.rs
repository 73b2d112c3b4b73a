//! What is going to happen, drawn from a seed.

use std::time::Duration;

use bili_im_proto::WatchOptions;
use bili_im_sim::{
    Account, Act, Group, GroupId, Message, StaleSignature, Talker, Uid, Whim, World,
    faults::{Kind, PageBody, Rule, VoucherPlace, When},
};
use fastrand::Rng;

/// The account that watches.
pub(super) const OWN: u64 = 1;

/// One of the service's own accounts.
pub(super) const SYSTEM: u64 = 900;

const RECALL: u32 = 5;

/// In how many runs of 256 more sessions change at once than a list holds.
const CROWDED: u8 = 40;

/// How many sessions a list holds.
const LISTED: usize = 100;

const SECOND: u64 = 1_000_000;

/// How far off the service's clock may be for a while, in seconds: less than half of how long a session is
/// quiet before it may be forgotten.
const FAR_OFF: i64 = 1700;

/// What is going to happen.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) world: World,
    pub(super) options: WatchOptions,
    /// How many sessions the cursor remembers, when not as many as usual.
    pub(super) capacity: Option<usize>,
    /// How long things go on.
    pub(super) length: Duration,
    /// Lists, or messages, are later than a watcher expects.
    pub(super) is_tardy: bool,
    /// What is told of changes from one start of the program to the next.
    pub(super) is_fickle: bool,
    /// Events take the program long to handle now and then.
    pub(super) is_slow: bool,
    /// In the end the program is left running, and not started anew.
    pub(super) goes_on: bool,
    /// What people, the network and the machine do, each with its time in microseconds.
    pub(super) deeds: Vec<(u64, Deed)>,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// Somebody writes, so many times.
    Write(Box<Message>, u32),
    /// Somebody recalls one of the newest messages, the n-th of those.
    Recall(usize),
    /// Somebody does something else.
    Act(Act),
    /// The account's phone reads the session of the newest message.
    Ack,
    /// The program sends.
    Send(Sending),
    /// The account's owner writes on the phone what the program sent, or is sending: the n-th last of that.
    WriteTwin(usize),
    /// The program recalls what it sent last.
    RecallSent,
    /// The program asks what became of a ticket: the n-th last.
    Confirm(usize),
    /// The program sends a ticket: the n-th last, whether it was sent before or not.
    SendTicket(usize),
    /// The program gives up one of its sends.
    Cancel(usize),
    Fault(Rule),
    ClearFaults,
    /// One session cannot be read for so long.
    Sick(bili_im_proto::Talker, Duration),
    /// Nothing gets through for so long.
    Unreachable(Duration),
    RotateKeys,
    /// The service's clock is off by so many seconds.
    ServiceClock(i64),
    /// The machine's clock is off by so many seconds.
    MachineClock(i64),
    /// The program dies, and is started again after so long.
    Crash(Duration),
    /// It dies at an event, so many after the next one, after handling and before storing it.
    CrashAtEvent(u32),
}

/// How the program sends.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) talker: bili_im_proto::Talker,
    pub(super) text: String,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Plain,
    /// Twice at once.
    Twins,
    Image,
    /// With a ticket.
    Ticket,
}

/// Who there is, and what is going on with them.
struct Cast {
    people: Vec<u64>,
    groups: Vec<u64>,
    /// Messages lag. An older page must not lag where a newer one did not: what it hides then could not be
    /// known of. So what is new fits on a page.
    lags: bool,
    texts: u32,
    /// Whose sessions are pinned: they keep quiet in a crowd.
    pinned: Vec<u64>,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let is_crowded = rng.u8(..) < CROWDED;
        let count = if is_crowded {
            rng.u64(115..140)
        } else {
            rng.u64(2..7)
        };
        let mut cast = Cast {
            people: (2..2 + count).collect(),
            groups: (70..70 + rng.u64(0..3)).collect(),
            lags: false,
            texts: 0,
            pinned: Vec::new(),
        };
        let world = cast.world(rng);
        let lasts_long = rng.u8(..) < 64;
        let length = if lasts_long {
            Duration::from_secs(rng.u64(3600..20_000))
        } else {
            Duration::from_secs(rng.u64(120..2400))
        };
        // What is later than a watcher expects is caught up with when it compares all sessions.
        let is_tardy = world.options.late_lists > 60 || world.options.lagging_messages > 60;
        let options = WatchOptions::default()
            .with_own(rng.u8(..) < 220)
            .with_groups(rng.u8(..) < 220)
            .with_system(rng.bool())
            .with_automatic(rng.bool())
            .with_intercepted(rng.u8(..) < 60)
            .with_changes(rng.u8(..) < 60);
        let seconds = *rng.choice(&[0, 0, 0, 0, 6, 60, 280]).unwrap_or(&0);
        let options = match seconds {
            0 => options,
            _ => options.with_interval(Duration::from_secs(seconds)),
        };
        let mut deeds = Vec::new();
        if is_crowded {
            cast.pin_some(rng, &world, &mut deeds);
            // Often so late that nothing but polls can find them all.
            let length = length.as_micros() as u64;
            let at = if rng.bool() {
                length.saturating_sub(700 * SECOND)
            } else {
                rng.u64(0..length)
            };
            cast.gather(rng, at, &mut deeds);
        }
        for _ in 0..rng.usize(10..70) {
            let at = rng.u64(0..length.as_micros() as u64);
            cast.draw_deeds(rng, at, &mut deeds);
        }
        deeds.retain(|(at, _)| *at < length.as_micros() as u64);
        let capacity = (rng.u8(..) < 100).then(|| rng.usize(1..4));
        Self {
            world,
            options,
            capacity,
            length,
            is_tardy,
            is_fickle: rng.u8(..) < 40,
            is_slow: rng.u8(..) < 40,
            goes_on: rng.u8(..) < if is_tardy { 128 } else { 32 },
            deeds,
        }
    }
}

impl Cast {
    fn world(&mut self, rng: &mut Rng) -> World {
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

    /// No text is written twice, but by twins.
    fn text(&mut self, who: &str) -> String {
        self.texts += 1;
        format!("{who} {}", self.texts)
    }

    /// A message to the account, or one that it writes on its phone.
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

    /// Whether more sessions can change at once than a list holds.
    fn is_crowd(&self) -> bool {
        self.people.len() > LISTED
    }

    /// Some of the sessions that there are already are pinned.
    fn pin_some(&mut self, rng: &mut Rng, world: &World, deeds: &mut Vec<(u64, Deed)>) {
        for message in world.messages.iter().take(3) {
            let uid = Uid(OWN);
            let talker = Talker::User(message.from);
            self.pinned.push(message.from.0);
            deeds.push((rng.u64(0..SECOND), Deed::Act(Act::Pin { uid, talker })));
        }
    }

    /// More people write than a list holds: within seconds, or while the program is off for longer. It may die
    /// while it catches up.
    fn gather(&mut self, rng: &mut Rng, at: u64, deeds: &mut Vec<(u64, Deed)>) {
        let takes = *rng.choice(&[5, 600, 600, 2400]).unwrap_or(&5) * SECOND;
        if takes > 5 * SECOND || rng.bool() {
            deeds.push((at, Deed::Crash(Duration::from_micros(takes + SECOND))));
        }
        let mut writers = self.people.clone();
        writers.retain(|person| !self.pinned.contains(person));
        let absent = rng.usize(0..writers.len() - LISTED);
        for person in writers.into_iter().skip(absent) {
            let text = self.text("peer");
            let message = Message::text(person, Talker::user(OWN), &text);
            deeds.push((at + rng.u64(0..takes), Deed::Write(Box::new(message), 1)));
        }
        let nth = *rng.choice(&[0, 1, 1, 1, 4]).unwrap_or(&0);
        deeds.push((at + takes, Deed::CrashAtEvent(nth)));
        for _ in 0..rng.usize(0..3) {
            let later = takes + rng.u64(0..60 * SECOND);
            deeds.push((at + later, Deed::CrashAtEvent(rng.u32(0..30))));
        }
        if rng.u8(0..3) == 0 {
            // The lists that hold the rest are refused, until after it has died.
            let refused = Rule::new("get_sessions", When::Always, Kind::Html);
            deeds.push((at, Deed::Fault(refused)));
            let later = at + takes + rng.u64(60..400) * SECOND;
            deeds.push((later, Deed::Crash(Duration::from_secs(5))));
            deeds.push((later, Deed::ClearFaults));
        }
    }

    fn draw_deeds(&mut self, rng: &mut Rng, at: u64, deeds: &mut Vec<(u64, Deed)>) {
        let deed = match rng.u8(..) {
            0..70 => Deed::Write(Box::new(self.message(rng)), 1),
            70..79 => Deed::Write(Box::new(self.message(rng)), rng.u32(2..30)),
            79..81 if !self.lags => Deed::Write(Box::new(self.message(rng)), rng.u32(190..900)),
            81..87 if self.is_crowd() => return self.gather(rng, at, deeds),
            79..97 => Deed::Recall(rng.usize(0..6)),
            97..113 => Deed::Act(self.act(rng)),
            113..117 => Deed::Confirm(rng.usize(0..4)),
            117..121 => Deed::SendTicket(rng.usize(0..4)),
            121..124 => Deed::Ack,
            124..127 => Deed::WriteTwin(rng.usize(0..3)),
            127..160 => {
                if rng.u8(..) < 16 {
                    deeds.push((at + rng.u64(0..5 * SECOND), Deed::WriteTwin(0)));
                }
                if rng.u8(..) < 40 {
                    let away = Duration::from_millis(rng.u64(50..20_000));
                    deeds.push((at + rng.u64(0..2 * SECOND), Deed::Crash(away)));
                }
                Deed::Send(self.sending(rng))
            }
            160..165 => Deed::RecallSent,
            165..174 => Deed::Cancel(rng.usize(0..8)),
            174..182 => return self.fall_sick(rng, at, deeds),
            182..208 => Deed::Fault(fault(rng)),
            208..220 => Deed::ClearFaults,
            220..226 => Deed::Unreachable(Duration::from_secs(rng.u64(1..90))),
            226..230 => Deed::RotateKeys,
            230..232 => Deed::ServiceClock(rng.i64(-2..3)),
            232 => {
                let sign = if rng.bool() { 1 } else { -1 };
                let later = rng.u64(1..1500) * SECOND;
                deeds.push((at + later, Deed::ServiceClock(0)));
                Deed::ServiceClock(sign * rng.i64(5..FAR_OFF))
            }
            233..237 => Deed::MachineClock(*rng.choice(&[0, 3600, -3600, 90, -90]).unwrap_or(&0)),
            237..245 => Deed::Crash(Duration::from_millis(rng.u64(500..40_000))),
            245..248 => Deed::Crash(Duration::from_secs(rng.u64(60..9000))),
            _ => Deed::CrashAtEvent(rng.u32(0..4)),
        };
        deeds.push((at, deed));
    }

    /// A session cannot be read for a while, often just when somebody has written much. The program may die
    /// while it catches up.
    fn fall_sick(&mut self, rng: &mut Rng, at: u64, deeds: &mut Vec<(u64, Deed)>) {
        let message = self.message(rng);
        let talker = match message.talker {
            Talker::User(Uid(OWN)) => Talker::User(message.from),
            talker => talker,
        };
        let seconds = *rng.choice(&[20, 300, 9000, 9000]).unwrap_or(&20);
        let takes = rng.u64(seconds / 2..seconds);
        deeds.push((at, Deed::Sick(as_ours(talker), Duration::from_secs(takes))));
        if rng.bool() {
            let later = if rng.bool() {
                0
            } else {
                rng.u64(0..takes) * SECOND
            };
            deeds.push((at + later, Deed::Write(Box::new(message), rng.u32(1..20))));
            deeds.push((at + takes * SECOND, Deed::CrashAtEvent(rng.u32(0..8))));
        }
    }

    fn sending(&mut self, rng: &mut Rng) -> Sending {
        let how = match rng.u8(0..10) {
            0..4 => How::Plain,
            4..6 => How::Twins,
            6 => How::Image,
            _ => How::Ticket,
        };
        let talker = as_ours(self.talker(rng));
        let text = match how {
            How::Image => format!(
                "https://i0.hdslb.com/bfs/{}.jpg",
                self.text("sent").replace(' ', "/")
            ),
            _ if rng.u8(..) < 40 => self.text("sent[doge]"),
            _ => self.text("sent"),
        };
        Sending { talker, text, how }
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

/// A session as the protocol crate names it.
pub(super) fn as_ours(talker: Talker) -> bili_im_proto::Talker {
    match talker {
        Talker::User(uid) => bili_im_proto::Talker::user(uid.0),
        Talker::Group(group) => bili_im_proto::Talker::group(group.0),
    }
}

/// Ends that leave open whether a request took effect.
fn open_end(rng: &mut Rng) -> Kind {
    match rng.u8(0..9) {
        0..2 => Kind::BreakOff,
        2 => Kind::Stall,
        3 => Kind::Html,
        4 => Kind::Empty,
        5 => http(*rng.choice(&[500, 502, 504]).unwrap_or(&500)),
        _ => code(*rng.choice(&[-500, -503, -504, -8888]).unwrap_or(&-500)),
    }
}

fn fault(rng: &mut Rng) -> Rule {
    const NAMES: [&str; 8] = [
        "send_msg",
        "send_msg",
        "fetch_session_msgs",
        "fetch_session_msgs",
        "new_sessions",
        "get_sessions",
        "nav",
        "any",
    ];
    let what = *rng.choice(&NAMES).unwrap_or(&"any");
    let when = match rng.u8(0..8) {
        0..4 => When::Once,
        4 => When::Nth(rng.u64(2..6)),
        5 => When::First(rng.u64(1..5)),
        _ => When::Chance(f64::from(rng.u8(1..60)) / 100.0),
    };
    match rng.u8(0..20) {
        0..10 => {
            let rule = Rule::new(what, when, open_end(rng));
            if rng.bool() {
                rule.after_effect()
            } else {
                rule
            }
        }
        10..12 => {
            let bytes = rng.usize(0..200);
            Rule::new(what, when, Kind::CutShort { bytes }).after_effect()
        }
        12..14 => {
            let kind = Kind::Http {
                status: 429,
                body: PageBody::Json,
                retry_after: rng.bool().then(|| rng.u64(1..90)),
            };
            Rule::new(what, When::Once, kind)
        }
        14 => Rule::new(
            what,
            When::Once,
            code(*rng.choice(&[-799, -509]).unwrap_or(&-799)),
        ),
        15..18 => {
            let codes = [-400, -403, -404, 21047, 25003, -102];
            let codes = if what == "send_msg" {
                &codes[..]
            } else {
                &codes[..3]
            };
            Rule::new(what, when, code(*rng.choice(codes).unwrap_or(&-400)))
        }
        18 => Rule::new(
            what,
            When::Once,
            code(*rng.choice(&[-101, -352, -412]).unwrap_or(&-101)),
        ),
        _ => {
            let places = [VoucherPlace::Body, VoucherPlace::Code, VoucherPlace::Header];
            let place = *rng.choice(&places).unwrap_or(&VoucherPlace::Body);
            Rule::new(what, When::Once, Kind::Voucher(place))
        }
    }
}

fn http(status: u16) -> Kind {
    Kind::Http {
        status,
        body: PageBody::Html,
        retry_after: None,
    }
}

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}
