//! The conversations, and what must come of them.

use bili_im_proto::RefusalKind;
use bili_im_sim::faults::{Kind, PageBody, Rule, VoucherPlace, When};

use Outcome::{Done, Invalid, Network, Refused, Unconfirmed, Unreadable};

pub(crate) const OWN: u64 = 10001;

pub(crate) const FRIEND: u64 = 10002;

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
    pub(crate) faults: Vec<Rule>,
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
            Self::Refused(kind) => format!("refused: {}", kind.name()),
            Self::Unreadable => "unreadable".to_owned(),
            Self::Network => "network".to_owned(),
            Self::Unconfirmed => "unconfirmed".to_owned(),
        }
    }
}

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}

fn http(status: u16, body: PageBody) -> Kind {
    Kind::Http {
        status,
        body,
        retry_after: None,
    }
}

fn once(what: &str, kind: Kind) -> Rule {
    Rule::new(what, When::Once, kind)
}

fn send(kind: Kind) -> Rule {
    once("send_msg", kind)
}

fn scenario(name: &str, action: Action, outcome: Outcome, messages: usize) -> Scenario {
    Scenario {
        name: name.to_owned(),
        faults: vec![],
        actions: vec![action],
        outcome,
        messages,
    }
}

impl Scenario {
    /// These go wrong.
    fn with(mut self, faults: impl IntoIterator<Item = Rule>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// The action is done once before.
    fn twice(mut self) -> Self {
        self.actions.extend_from_within(..);
        self
    }
}

const TEXT: Action = Action::Text(FRIEND, "hello");

/// Codes with which a send is refused, and what each is reported as.
const CODES: [(i32, RefusalKind); 38] = [
    (-101, RefusalKind::NotLoggedIn),
    (-6, RefusalKind::NotLoggedIn),
    (-401, RefusalKind::NotLoggedIn),
    (-111, RefusalKind::Csrf),
    (-400, RefusalKind::BadRequest),
    (2, RefusalKind::BadRequest),
    (-403, RefusalKind::Forbidden),
    (-404, RefusalKind::NotFound),
    (-352, RefusalKind::RiskControl),
    (-412, RefusalKind::RiskControl),
    (-509, RefusalKind::RateLimited),
    (-799, RefusalKind::RateLimited),
    (21020, RefusalKind::RateLimited),
    (21046, RefusalKind::RateLimited),
    (-3, RefusalKind::Service),
    (-112, RefusalKind::Service),
    (-102, RefusalKind::AccountBanned),
    (-106, RefusalKind::Forbidden),
    (-108, RefusalKind::PhoneRequired),
    (-110, RefusalKind::PhoneRequired),
    (-114, RefusalKind::PhoneRequired),
    (21015, RefusalKind::PhoneRequired),
    (-113, RefusalKind::RealNameRequired),
    (-115, RefusalKind::RealNameRequired),
    (10005, RefusalKind::NoSuchMessage),
    (21007, RefusalKind::TooLong),
    (21026, RefusalKind::ToSelf),
    (21028, RefusalKind::Unavailable),
    (21035, RefusalKind::Unavailable),
    (21037, RefusalKind::BadImage),
    (21041, RefusalKind::RecallExpired),
    (21042, RefusalKind::AlreadyRecalled),
    (21047, RefusalKind::StrangerLimit),
    (25003, RefusalKind::RefusedByReceiver),
    (25005, RefusalKind::Blocked),
    (700013, RefusalKind::GroupGone),
    (700014, RefusalKind::GroupGone),
    (31415, RefusalKind::Other),
];

/// The kinds of refusals that occur here.
pub(crate) fn kinds() -> impl Iterator<Item = RefusalKind> {
    CODES.into_iter().map(|(_, kind)| kind)
}

/// All of them, in the order of the page.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let groups = [
        without_faults(),
        lost_answers(),
        several_faults(),
        vouchers(),
        statuses(),
        reads(),
    ];
    let coded = CODES.map(|(number, kind)| {
        let name = format!("code {number} for a text");
        scenario(&name, TEXT, Refused(kind), 0).with([send(code(number))])
    });
    groups.into_iter().flatten().chain(coded).collect()
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
    let sent = [
        ("the answer is lost", Kind::BreakOff),
        ("the answer is cut short", Kind::CutShort { bytes: 20 }),
        ("the answer is HTML", Kind::Html),
        ("the answer is empty", Kind::Empty),
        ("the answer is 502", http(502, PageBody::Html)),
        ("the answer is -500", code(-500)),
        ("the answer is -503", code(-503)),
        ("the answer is -504", code(-504)),
        ("the answer is -8888", code(-8888)),
    ];
    let sent = sent.map(|(name, kind)| {
        let name = format!("a text was sent, {name}");
        scenario(&name, TEXT, Done, 1).with([send(kind).after_effect()])
    });
    let not_sent = [
        ("the connection breaks", Kind::BreakOff),
        ("the answer is HTML", Kind::Html),
        ("the answer is empty", Kind::Empty),
        ("the answer is 502", http(502, PageBody::Json)),
        ("the answer is -500", code(-500)),
    ];
    let not_sent = not_sent.map(|(name, kind)| {
        let name = format!("a text was not sent, {name}");
        scenario(&name, TEXT, Unconfirmed, 0).with([send(kind)])
    });
    sent.into_iter().chain(not_sent).collect()
}

fn several_faults() -> Vec<Scenario> {
    let second = |kind| Rule::new("send_msg", When::Nth(2), kind);
    let reads_back = Rule::new("fetch_session_msgs", When::Nth(2), Kind::BreakOff);
    let recall = Action::Recall(FRIEND);
    let risk = Refused(RefusalKind::RiskControl);
    let doubt = "the keys change before a second text is old enough to doubt them";
    let both = "a text was sent, its answer and the first read-back are lost";
    vec![
        scenario(
            "the second of two like texts loses its answer",
            TEXT,
            Done,
            2,
        )
        .twice()
        .with([second(Kind::BreakOff).after_effect()]),
        scenario(both, TEXT, Done, 1).with([send(Kind::BreakOff).after_effect(), reads_back]),
        scenario("a recall was made, the answer is lost", recall, Done, 1)
            .with([second(Kind::BreakOff).after_effect()]),
        scenario(
            "a recall was not made, the connection breaks",
            recall,
            Done,
            1,
        )
        .with([second(Kind::BreakOff)]),
        scenario(doubt, TEXT, risk, 1)
            .twice()
            .with([second(Kind::RotateKeys)]),
        scenario("the service's clock is an hour ahead", TEXT, Done, 1)
            .with([once("any", Kind::Skew { seconds: 3600 })]),
        scenario("the service's clock is an hour behind", TEXT, Done, 1)
            .with([once("any", Kind::Skew { seconds: -3600 })]),
    ]
}

fn vouchers() -> Vec<Scenario> {
    let risk = Refused(RefusalKind::RiskControl);
    let places = [
        ("body", VoucherPlace::Body),
        ("code", VoucherPlace::Code),
        ("header", VoucherPlace::Header),
    ];
    let each = places.map(|(name, place)| {
        let name = |call| format!("a voucher in the {name} for {call}");
        let voucher = Kind::Voucher(place);
        [
            scenario(&name("a text"), TEXT, risk, 0).with([send(voucher.clone())]),
            scenario(&name("unread"), Action::Unread, risk, 0)
                .with([once("single_unread", voucher)]),
        ]
    });
    each.into_iter().flatten().collect()
}

fn statuses() -> Vec<Scenario> {
    let kinds = [
        (401, RefusalKind::NotLoggedIn),
        (412, RefusalKind::RiskControl),
        (429, RefusalKind::RateLimited),
    ];
    let each = kinds.map(|(status, kind)| {
        [PageBody::Html, PageBody::Json].map(|body| {
            let name = format!("HTTP {status} for a text, {body:?}").to_lowercase();
            scenario(&name, TEXT, Refused(kind), 0).with([send(http(status, body))])
        })
    });
    each.into_iter().flatten().collect()
}

fn reads() -> Vec<Scenario> {
    let service = Refused(RefusalKind::Service);
    let ends = [
        ("HTML", Kind::Html, Unreadable),
        ("nothing", Kind::Empty, Unreadable),
        ("502", http(502, PageBody::Html), service),
        ("a broken connection", Kind::BreakOff, Network),
    ];
    let each = ends.map(|(name, kind, outcome)| {
        let name = format!("unread is answered with {name}");
        scenario(&name, Action::Unread, outcome, 0).with([once("single_unread", kind)])
    });
    each.into()
}
