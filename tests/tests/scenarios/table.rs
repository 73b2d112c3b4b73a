//! The conversations, and what must come of them.

use bili_im_proto::RefusalKind;
use bili_im_sim::faults::{Kind, PageBody, Rule, VoucherPlace, When};
use bili_im_tests::{
    DEMO_FRIEND as FRIEND, DEMO_UID as OWN,
    codes::{CODES, OTHER_CODES},
    faults::{code, http},
};

use Outcome::{Done, Invalid, Network, Refused, Unconfirmed, Unreadable};

const STRANGER: u64 = 10003;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Profile,
    Unread,
    Text(u64, &'static str),
    Image(u64),
    /// Sends a text, then recalls it.
    Recall(u64),
    /// Recalls what is not there.
    RecallNothing,
}

/// What came of it, as far as every transport can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Invalid,
    Refused(RefusalKind),
    Unreadable,
    Network,
    Unconfirmed,
}

pub(crate) struct Scenario {
    pub(crate) name: String,
    /// What goes wrong. The scenario is played once with each of these lists.
    pub(crate) faults: Vec<Vec<Rule>>,
    pub(crate) actions: Vec<Action>,
    /// Of the last action; those before it are done.
    pub(crate) outcome: Outcome,
    /// How many messages there are in the end that were not there before, recalls apart.
    pub(crate) messages: usize,
}

impl Outcome {
    /// As the page says it.
    pub(crate) fn told(self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Invalid => "not tried".to_owned(),
            Self::Refused(kind) => format!("refused ({})", kind.name()),
            Self::Unreadable => "unreadable".to_owned(),
            Self::Network => "network".to_owned(),
            Self::Unconfirmed => "unconfirmed".to_owned(),
        }
    }
}

fn once(what: &str, kind: Kind) -> Rule {
    Rule::new(what, When::Once, kind)
}

fn send(kind: Kind) -> Rule {
    once("send_msg", kind)
}

fn scenario(
    name: impl Into<String>,
    action: Action,
    outcome: Outcome,
    messages: usize,
) -> Scenario {
    Scenario {
        name: name.into(),
        faults: vec![vec![]],
        actions: vec![action],
        outcome,
        messages,
    }
}

impl Scenario {
    /// These go wrong together.
    fn with(mut self, faults: impl IntoIterator<Item = Rule>) -> Self {
        self.faults = vec![faults.into_iter().collect()];
        self
    }

    /// One of these goes wrong each time.
    fn with_each(mut self, faults: impl IntoIterator<Item = Rule>) -> Self {
        self.faults = faults.into_iter().map(|fault| vec![fault]).collect();
        self
    }

    /// The action is done once before.
    fn twice(mut self) -> Self {
        self.actions.extend_from_within(..);
        self
    }
}

const TEXT: Action = Action::Text(FRIEND, "hello");

/// All of them, in the order of the page.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let groups = [
        without_faults(),
        lost_answers(),
        several_faults(),
        vouchers_and_statuses(),
        reads(),
        codes(),
    ];
    groups.into_iter().flatten().collect()
}

fn without_faults() -> Vec<Scenario> {
    let odd = Action::Text(FRIEND, "up主你好,\n\"催更\"\\[doge] 👋");
    let nothing = Refused(RefusalKind::NoSuchMessage);
    let limit = Refused(RefusalKind::StrangerLimit);
    let stranger = Action::Text(STRANGER, "hello");
    vec![
        scenario("who am I", Action::Profile, Done, 0),
        scenario("unread", Action::Unread, Done, 0),
        scenario("a text", TEXT, Done, 1),
        scenario("a text with everything in it", odd, Done, 1),
        scenario("the same text twice", TEXT, Done, 2).twice(),
        scenario("an image", Action::Image(FRIEND), Done, 1),
        scenario("a recall", Action::Recall(FRIEND), Done, 1),
        scenario("a recall of nothing", Action::RecallNothing, nothing, 0),
        scenario("a first text to a stranger", stranger, Done, 1),
        scenario("a second text to a stranger", stranger, limit, 1).twice(),
        scenario("a text to oneself", Action::Text(OWN, "hello"), Invalid, 0),
        scenario("a text to nobody", Action::Text(0, "hello"), Invalid, 0),
        scenario("an empty text", Action::Text(FRIEND, ""), Invalid, 0),
    ]
}

fn lost_answers() -> Vec<Scenario> {
    let json = Kind::Http {
        status: 502,
        body: PageBody::Json,
        retry_after: None,
    };
    let sent = [
        Kind::BreakOff,
        Kind::CutShort { bytes: 20 },
        Kind::Html,
        Kind::Empty,
        http(502),
        code(-500),
        code(-503),
        code(-504),
        code(-8888),
    ];
    let sent = sent.map(|kind| send(kind).after_effect());
    let not_sent = [Kind::BreakOff, Kind::Html, Kind::Empty, json, code(-500)].map(send);
    let was =
        "a text was sent; the answer is lost, cut short, HTML, empty, 502, -500, -503, -504, -8888";
    let was_not =
        "a text was not sent; the connection breaks, or the answer is HTML, empty, 502, -500";
    vec![
        scenario(was, TEXT, Done, 1).with_each(sent),
        scenario(was_not, TEXT, Unconfirmed, 0).with_each(not_sent),
    ]
}

fn several_faults() -> Vec<Scenario> {
    let second = |kind| Rule::new("send_msg", When::Nth(2), kind);
    let lost = || second(Kind::BreakOff).after_effect();
    let reads_back = Rule::new("fetch_session_msgs", When::Nth(2), Kind::BreakOff);
    let recall = Action::Recall(FRIEND);
    let already = Refused(RefusalKind::AlreadyRecalled);
    let risk = Refused(RefusalKind::RiskControl);
    let doubt = "the keys change before a second text is old enough to doubt them";
    let both = "a text was sent; its answer and the first read-back are lost";
    let skew = |seconds| once("any", Kind::Skew { seconds });
    vec![
        scenario(
            "the second of two like texts loses its answer",
            TEXT,
            Done,
            2,
        )
        .twice()
        .with([lost()]),
        scenario(both, TEXT, Done, 1).with([send(Kind::BreakOff).after_effect(), reads_back]),
        scenario("a recall was made; the answer is lost", recall, Done, 1).with([lost()]),
        scenario(
            "a recall was not made; the connection breaks",
            recall,
            Done,
            1,
        )
        .with([second(Kind::BreakOff)]),
        scenario(
            "a recall is answered with 21042 at once",
            recall,
            already,
            1,
        )
        .with([second(code(21042))]),
        scenario(doubt, TEXT, risk, 1)
            .twice()
            .with([second(Kind::RotateKeys)]),
        scenario(
            "the service's clock is an hour ahead, or behind",
            TEXT,
            Done,
            1,
        )
        .with_each([skew(3600), skew(-3600)]),
    ]
}

fn vouchers_and_statuses() -> Vec<Scenario> {
    let risk = Refused(RefusalKind::RiskControl);
    let places = [VoucherPlace::Body, VoucherPlace::Code, VoucherPlace::Header];
    let vouchers = places.map(Kind::Voucher);
    let name = |call| format!("a voucher in the body, the code, the header for {call}");
    let mut all = vec![
        scenario(name("a text"), TEXT, risk, 0).with_each(vouchers.clone().map(send)),
        scenario(name("unread"), Action::Unread, risk, 0)
            .with_each(vouchers.map(|kind| once("single_unread", kind))),
    ];
    for (status, kind) in [
        (401, RefusalKind::NotLoggedIn),
        (412, RefusalKind::RiskControl),
        (429, RefusalKind::RateLimited),
    ] {
        let pages = [PageBody::Html, PageBody::Json].map(|body| {
            send(Kind::Http {
                status,
                body,
                retry_after: None,
            })
        });
        let name = format!("HTTP {status} for a text, with HTML, with JSON");
        all.push(scenario(name, TEXT, Refused(kind), 0).with_each(pages));
    }
    all
}

fn reads() -> Vec<Scenario> {
    let service = Refused(RefusalKind::Service);
    let ends = [
        ("HTML", Kind::Html, Unreadable),
        ("nothing", Kind::Empty, Unreadable),
        ("502", http(502), service),
        ("-500", code(-500), service),
        ("a broken connection", Kind::BreakOff, Network),
    ];
    let each = ends.map(|(name, kind, outcome)| {
        let name = format!("unread is answered with {name}");
        scenario(name, Action::Unread, outcome, 0).with([once("single_unread", kind)])
    });
    each.into()
}

fn codes() -> Vec<Scenario> {
    let other = [(RefusalKind::Other, &OTHER_CODES[..])];
    let each = CODES.into_iter().chain(other).map(|(kind, codes)| {
        let numbers: Vec<String> = codes.iter().map(i32::to_string).collect();
        let name = format!("code {} for a text", numbers.join(", "));
        let faults = codes.iter().map(|&number| send(code(number)));
        scenario(name, TEXT, Refused(kind), 0).with_each(faults)
    });
    each.collect()
}
