//! Every call that packets and timers lead to, on something small and on something large.

mod turns;

use std::fmt;

use lvs_proto::Family;
use lvs_sched::Persistence;
use lvs_sched::SchedulerKind::{
    self, Dh, Fo, Lblc, Lblcr, Lc, Mh, Nq, Ovf, Rr, Sed, Sh, Twos, Wlc, Wrr,
};

use self::turns::{
    announce, begin, check, conn, count, decide, decide_burst, director_time, find, find_burst,
    lease, neighbors_time, open, pick, pick_burst, pool_time, receive, resolve,
};
use crate::frames::rewritten;
use crate::measure::Candidate;
use crate::vrrp::{adverts, decoder, encoder, timeouts};

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    dests: u32,
    conns: u32,
    routers: u32,
    /// In an advert.
    addresses: u8,
}

impl Size {
    /// Something small.
    pub const SMALL: Self = Self { dests: 32, conns: 1000, routers: 10, addresses: 1 };
    /// 64 times as much, but 20 addresses.
    pub const LARGE: Self = Self { dests: 2048, conns: 64_000, routers: 640, addresses: 20 };
}

/// A call, or a few that belong together.
pub struct Call {
    /// What is called.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    make: Box<dyn Fn(Size) -> Candidate<'static>>,
}

impl Call {
    fn new(
        name: &'static str,
        takes: Takes,
        make: impl Fn(Size) -> Candidate<'static> + 'static,
    ) -> Self {
        Self { name, takes, make: Box::new(make) }
    }

    /// Gets ready to make it so many times.
    #[must_use]
    pub fn make(&self, size: Size) -> Candidate<'static> {
        (self.make)(size)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a call takes.
#[derive(Clone, Copy, Debug)]
pub struct Takes {
    /// In the words of the documentation.
    pub words: &'static str,
    /// How many times as many instructions it may take of something [large](Size::LARGE) as of
    /// something [small](Size::SMALL).
    pub growth: f64,
}

/// The same however much there is, but for chance.
const fn constant(words: &'static str) -> Takes {
    Takes { words, growth: 1.1 }
}

/// The logarithm of 2048 is 2.2 times that of 32; of 640 it is 2.8 times that of 10.
const fn logarithm(words: &'static str) -> Takes {
    Takes { words, growth: 2.2 }
}

/// All but those of schedulers, in the order of the documentation.
#[must_use]
pub fn calls() -> Vec<Call> {
    let few = |size| Size { dests: 16, ..size };
    vec![
        Call::new("`Pool::pick`, `wlc` of 16", constant("below"), move |size| pick(Wlc, few(size))),
        Call::new("`Pool::pick`, `wlc`", constant("below"), |size| pick(Wlc, size)),
        Call::new("`Pool::pick_burst` of 32, `wlc`", constant("32 picks"), pick_burst),
        Call::new(
            "`Pool::conn_opened`, `conn_closed`, `wlc` of 16",
            constant("below, for each"),
            move |size| count(Wlc, few(size)),
        ),
        Call::new(
            "`Pool::conn_opened`, `conn_closed`, `wlc`",
            logarithm("below, for each"),
            |size| count(Wlc, size),
        ),
        Call::new(
            "`Pool::open`, `activate`, `deactivate`, `close`",
            logarithm("below, for each"),
            open,
        ),
        Call::new(
            "`LeasePool::lease`, and its end",
            logarithm("a pick and two counts, and one for each lease that has ended"),
            lease,
        ),
        Call::new(
            "`Pool::next_deadline`, `handle_timeout`, nothing due",
            constant("1; when due, the places of its cache and *m*"),
            pool_time,
        ),
        Call::new(
            "`Director::decide`, of a connection",
            constant(
                "1 expected; at most 256 groups of 14 places are looked at for a key, and 4 that \
                 are due end first",
            ),
            decide,
        ),
        Call::new(
            "`Director::decide_burst` of 32, of connections",
            constant("32 of them"),
            decide_burst,
        ),
        Call::new(
            "`Director::decide`, a new connection, and its end",
            logarithm("the same, a pick and a count; the end is one of a budget"),
            |size| begin(None, size),
        ),
        Call::new(
            "the same by a template",
            logarithm("the same, and what the template takes"),
            |size| begin(Some(Persistence::new(Family::V4, 300)), size),
        ),
        Call::new("`Director::find_conn`", constant("1 expected, 256 groups at most"), find),
        Call::new("`Director::find_conns` of 32", constant("32 of them"), find_burst),
        Call::new("`Director::conn`", constant("1"), conn),
        Call::new(
            "`Director::next_deadline`, `handle_timeout`, nothing due",
            constant("9 levels of timers; when due, the budget"),
            director_time,
        ),
        Call::new(
            "`Director::decide` of what is announced, `poll_sync_message`",
            constant("as `Director::decide`, and 1 for each that controls it"),
            announce,
        ),
        Call::new(
            "`sync::Message::parse`, `Director::receive_sync_record`",
            constant(
                "for each of 255 records at most: 1 expected; *n* where the connection has no \
                 destination yet",
            ),
            receive,
        ),
        Call::new(
            "`Checker`: a check begins and passes",
            logarithm("log of the checks; where quorum changes, *n*"),
            check,
        ),
        Call::new("`Neighbors::resolve`, a known address", constant("1 expected"), resolve),
        Call::new(
            "`Neighbors::next_deadline`, `handle_timeout`, nothing due",
            constant("1; then log of the addresses for each that is due"),
            neighbors_time,
        ),
        Call::new("`Engine::handle_advert`", logarithm("1 expected, and log *r*"), |size| {
            adverts(size.routers)
        }),
        Call::new(
            "`Engine::handle_timeout`, `poll_action`, `encode`",
            logarithm("log *r*, and one for each of the budget"),
            |size| timeouts(size.routers),
        ),
        Call::new(
            "`parse_with_layout`, `forward` by NAT",
            constant("the octets of the headers"),
            |_| rewritten(),
        ),
        Call::new("`vrrp::decode`", Takes { words: "the octets", growth: 20.0 }, |size| {
            decoder(size.addresses)
        }),
        Call::new(
            "`vrrp::encode`",
            Takes {
                words: "each address is compared with each, once for as long as a sender keeps \
                        what it encoded",
                growth: 400.0,
            },
            |size| encoder(size.addresses),
        ),
    ]
}

/// A pick, and two counts: a connection is opened and closed.
#[must_use]
pub fn scheduler_calls(kind: SchedulerKind) -> [Call; 2] {
    let [picks, counts] = scheduler_takes(kind);
    [
        Call::new(kind.name(), picks, move |size| pick(kind, size)),
        Call::new(kind.name(), counts, move |size| count(kind, size)),
    ]
}

fn scheduler_takes(kind: SchedulerKind) -> [Takes; 2] {
    match kind {
        Rr | Wrr => [logarithm("log *n*"), constant("1; log *n* where the overload flag turns")],
        Lc | Wlc | Sed | Nq => [
            constant("1; *n* of at most 16; *n* while a load is beyond 2³¹"),
            logarithm("log *n*; 1 of at most 16"),
        ],
        Fo => {
            [constant("1; *n* of at most 4"), constant("1; log *n* where the overload flag turns")]
        }
        Ovf => [
            constant("1; *n* of at most 12"),
            logarithm("1; log *n* where one is full, or is not again"),
        ],
        Lblc => {
            [constant("1 expected; of an address that is new, as `wlc`"), logarithm("as `wlc`")]
        }
        Lblcr => [
            constant("the destinations that the address has, twice; else as `lblc`"),
            logarithm("as `wlc`"),
        ],
        Dh => [constant("1"), constant("1")],
        Sh => [constant("1; `sh-fallback`: 256 slots"), constant("1")],
        Mh => [
            constant("1; `mh-fallback`: the slots of the table, while somebody is available"),
            constant("1"),
        ],
        Twos => [
            logarithm("log *n*; *n* while the weights are beyond 2³¹ together"),
            constant("1; log *n* where the overload flag turns"),
        ],
    }
}
