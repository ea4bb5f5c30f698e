//! A lab of simulated time: virtual routers on one link that loses nothing and takes no time.
#![allow(dead_code, reason = "each test file uses its part")]

use core::net::IpAddr;
use std::collections::VecDeque;

use lvs_proto::vrrp::{
    AddressList, Advert, AdvertInterval, AdvertMeta, ChecksumForm, GROUP_V4, GROUP_V6, HOP_LIMIT,
    Priority, Version, Vrid, decode, encode,
};
use lvs_proto::{AddressPair, Family, Instant};
use lvs_vrrp::{Action, Announcements, Config, Event, LosingAdvert, Reason, Router, State};

pub(crate) type TestRouter = Router<Vec<IpAddr>>;

pub(crate) const SECOND: u64 = 1_000_000;

pub(crate) fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn vrid() -> Vrid {
    Vrid::new(51).unwrap()
}

pub(crate) fn centiseconds(number: u16) -> AdvertInterval {
    AdvertInterval::from_centiseconds(number).unwrap()
}

/// One announcement on becoming Active and no more, so that adverts are all that is timed.
pub(crate) fn announcing_once(config: Config) -> Config {
    let announcements = Announcements { rounds: 1, rounds_on_losing: 0, ..Announcements::RFC4861 };
    Config { announcements, ..config }
}

pub(crate) fn v3(priority: u8) -> Config {
    announcing_once(Config { priority: Priority::new(priority), ..Config::rfc9568(vrid()) })
}

pub(crate) fn v2(priority: u8) -> Config {
    announcing_once(Config { priority: Priority::new(priority), ..Config::rfc3768(vrid()) })
}

/// Of RFC 9568 with all its announcements.
pub(crate) fn full(priority: u8) -> Config {
    Config { priority: Priority::new(priority), ..Config::rfc9568(vrid()) }
}

/// RFC 3768 with the immediate reply of RFC 9568, as keepalived's version 2 has it.
pub(crate) fn v2_replying(priority: u8) -> Config {
    Config { losing_advert: LosingAdvert::Reply, ..v2(priority) }
}

/// The virtual addresses of every router of the lab.
pub(crate) fn addresses(family: Family) -> Vec<IpAddr> {
    match family {
        Family::V4 => vec![ip("192.0.2.100"), ip("192.0.2.101")],
        Family::V6 => vec![ip("fe80::100"), ip("2001:db8::200"), ip("2001:db8::100")],
    }
}

pub(crate) fn router(config: Config, source: &str) -> TestRouter {
    let source = ip(source);
    Router::new(config, source, addresses(Family::of(source))).unwrap()
}

/// All pending actions.
pub(crate) fn drain(router: &mut TestRouter) -> Vec<Action> {
    core::iter::from_fn(|| router.poll_action()).collect()
}

/// How many adverts `actions` send.
pub(crate) fn adverts(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::SendAdvert { .. })).count()
}

/// How many announcements are among `actions`.
pub(crate) fn announcements(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Announce(_))).count()
}

/// Why the state has changed, if it has.
pub(crate) fn reason(actions: &[Action]) -> Option<Reason> {
    actions.iter().find_map(|action| match action {
        Action::Notify(event) => Some(event.reason),
        _ => None,
    })
}

pub(crate) fn send(priority: u8) -> Action {
    Action::SendAdvert { priority: Priority::new(priority) }
}

/// Started at 0, and with its first actions drained: Backup, or Active for an owner.
pub(crate) fn started(config: Config, source: &str) -> TestRouter {
    let mut router = router(config, source);
    router.startup(Instant::EPOCH);
    drain(&mut router);
    router
}

/// Active by silence since 0, with its actions drained. Returns when it became so, in microseconds.
pub(crate) fn active(config: Config, source: &str) -> (TestRouter, u64) {
    let mut router = started(config, source);
    let deadline = router.next_deadline().unwrap();
    if router.state() == State::Backup {
        router.handle_timeout(deadline);
        drain(&mut router);
        return (router, deadline.as_micros());
    }
    (router, 0)
}

/// What a router does at its deadlines until `end`, in microseconds: when, adverts, announcements.
pub(crate) fn wakings(router: &mut TestRouter, end: u64) -> Vec<(u64, usize, usize)> {
    let mut wakings = Vec::new();
    while let Some(deadline) = router.next_deadline().filter(|deadline| *deadline <= at(end)) {
        router.handle_timeout(deadline);
        let actions = drain(router);
        wakings.push((deadline.as_micros(), adverts(&actions), announcements(&actions)));
    }
    wakings
}

/// What an advert to a router says, unless a test changes it.
#[derive(Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub(crate) from: &'a str,
    pub(crate) priority: u8,
    pub(crate) interval: AdvertInterval,
    pub(crate) form: ChecksumForm,
}

impl<'a> Heard<'a> {
    pub(crate) fn new(from: &'a str, priority: u8) -> Self {
        let (interval, form) = (AdvertInterval::DEFAULT, ChecksumForm::MessageOnly);
        Self { from, priority, interval, form }
    }

    pub(crate) fn meta(&self) -> AdvertMeta {
        let source = ip(self.from);
        let group: IpAddr = match Family::of(source) {
            Family::V4 => GROUP_V4.into(),
            Family::V6 => GROUP_V6.into(),
        };
        let addresses = AddressPair::new(source, group).unwrap();
        AdvertMeta::new(addresses, HOP_LIMIT)
    }

    /// The message with the lab's address list.
    pub(crate) fn message(&self, version: Version) -> Vec<u8> {
        let meta = self.meta();
        let list = addresses(meta.addresses.family());
        let advert = Advert {
            version,
            vrid: vrid(),
            priority: Priority::new(self.priority),
            interval: self.interval,
            checksum: self.form,
            addresses: AddressList::from(&list[..]),
            sequence: None,
        };
        let mut octets = vec![0; 512];
        let length = encode(&advert, meta.addresses, &mut octets).unwrap();
        octets.truncate(length);
        octets
    }

    /// Hands the message to `router`, octets and all, and returns what it wants done.
    pub(crate) fn by(&self, router: &mut TestRouter, micros: u64) -> Vec<Action> {
        let message = self.message(router.config().version);
        receive(router, at(micros), &message, &self.meta());
        drain(router)
    }
}

/// The receiving half of an embedder.
pub(crate) fn receive(router: &mut TestRouter, now: Instant, message: &[u8], meta: &AdvertMeta) {
    match decode(message, meta, &router.policy()) {
        Ok(advert) => router.handle_advert(now, &advert, meta),
        Err(error) => router.handle_rejected(&error),
    }
}

/// All that adverts may change in a router, counters aside.
pub(crate) fn machine(router: &TestRouter) -> impl PartialEq + core::fmt::Debug + use<> {
    (
        (router.state(), router.next_deadline(), router.priority()),
        (router.active_address(), router.active_priority(), router.active_interval()),
        router.advert(router.priority()).checksum,
    )
}

/// Several routers on one link.
pub(crate) struct Lab {
    pub(crate) now: u64,
    pub(crate) routers: Vec<TestRouter>,
    /// Crashed routers neither hear nor send nor wake up.
    pub(crate) crashed: Vec<bool>,
    /// Who did what when.
    pub(crate) log: Vec<(u64, usize, Action)>,
}

impl Lab {
    pub(crate) fn new(routers: impl IntoIterator<Item = TestRouter>) -> Self {
        let routers: Vec<_> = routers.into_iter().collect();
        Self { now: 0, crashed: vec![false; routers.len()], routers, log: Vec::new() }
    }

    /// Feeds one input to a router at the present moment, and the link with what follows from it.
    pub(crate) fn input(&mut self, index: usize, input: impl FnOnce(&mut TestRouter, Instant)) {
        input(&mut self.routers[index], at(self.now));
        let mut talkers = VecDeque::from([index]);
        while let Some(index) = talkers.pop_front() {
            let router = &mut self.routers[index];
            let Some(action) = router.poll_action() else { continue };
            talkers.push_front(index);
            self.log.push((self.now, index, action));
            let Action::SendAdvert { priority } = action else { continue };
            let meta = AdvertMeta::new(router.advert_paths().next().unwrap(), HOP_LIMIT);
            let mut octets = [0; 512];
            let length = encode(&router.advert(priority), meta.addresses, &mut octets).unwrap();
            for (other, hearer) in self.routers.iter_mut().enumerate() {
                if other != index && !self.crashed[other] {
                    receive(hearer, at(self.now), &octets[..length], &meta);
                    talkers.push_back(other);
                }
            }
        }
    }

    /// Lets time pass up to and including `until`, waking each router at its deadlines.
    pub(crate) fn run(&mut self, until: u64) {
        while let Some((deadline, index)) = self.next_deadline().filter(|next| next.0 <= until) {
            self.now = self.now.max(deadline);
            let now = at(self.now);
            self.input(index, |router, _| router.handle_timeout(now));
        }
        self.now = until;
    }

    fn next_deadline(&self) -> Option<(u64, usize)> {
        let deadline = |index: usize| self.routers[index].next_deadline();
        (0..self.routers.len())
            .filter(|&index| !self.crashed[index])
            .filter_map(|index| deadline(index).map(|deadline| (deadline.as_micros(), index)))
            .min()
    }

    /// The routers that are Active, crashed ones aside.
    pub(crate) fn actives(&self) -> Vec<usize> {
        let active = |index: &usize| self.routers[*index].state() == State::Active;
        (0..self.routers.len()).filter(|index| !self.crashed[*index]).filter(active).collect()
    }

    /// When the routers sent adverts: moment, router, priority.
    pub(crate) fn sent(&self) -> Vec<(u64, usize, u8)> {
        let sent = |&(at, index, action): &_| match action {
            Action::SendAdvert { priority } => Some((at, index, priority.get())),
            _ => None,
        };
        self.log.iter().filter_map(sent).collect()
    }

    /// The changes of state of a router.
    pub(crate) fn events(&self, of: usize) -> Vec<Event> {
        let event = |&(_, index, action): &_| match action {
            Action::Notify(event) if index == of => Some(event),
            _ => None,
        };
        self.log.iter().filter_map(event).collect()
    }
}
