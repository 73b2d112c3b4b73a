//! The people and groups of a run, and the messages that they write.

mod actions;

use bili_im_sim::{
    Account, Group, GroupId, Message, Mode, StaleSignature, Talker, Uid, Whim, World,
};
use fastrand::Rng;

/// The account that the program uses.
pub(crate) const OWN: u64 = 1;

/// A system account of the service.
pub(crate) const SYSTEM: u64 = 900;

const RECALL: u32 = 5;

/// How many sessions one list has at most.
const LIST_SIZE: usize = 100;

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
        let mut world = World::default().in_mode(Mode::Strict);
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
            226..232 => message.msg_type = rng.u32(40..300),
            232..236 => message.msg_type = 51,
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
}
