//! A simulated world, whose servers answer, refuse or are dead.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use lvs_proto::Instant;
use lvs_sched::health::{
    Action, AttemptId, Check, CheckConfig, CheckKind, Checker, CheckerConfig, Event, Outcome,
    RealServer, VirtualServer,
};
use lvs_sched::{Dest, DestConfig, Director, Profile, ServiceKey};

use super::common::{director, ip, secs};

/// How long a server takes to answer.
pub(crate) const LATENCY: Duration = Duration::from_millis(1);

/// A director, its checker, and the servers; a server of which nothing is said is dead.
pub(crate) struct World {
    pub(crate) director: Director,
    pub(crate) checker: Checker,
    pub(crate) servers: BTreeMap<SocketAddr, Outcome>,
    pub(crate) answers: Vec<(Instant, AttemptId, Outcome)>,
    pub(crate) events: Vec<(Instant, Event)>,
    pub(crate) now: Instant,
}

impl World {
    pub(crate) fn new(rules: &[&str]) -> Self {
        Self {
            director: director(Profile::Classic, rules),
            checker: Checker::new(CheckerConfig::default()).unwrap(),
            servers: BTreeMap::new(),
            answers: Vec::new(),
            events: Vec::new(),
            now: Instant::EPOCH,
        }
    }

    pub(crate) fn serve(&mut self, server: &str, outcome: Outcome) {
        self.servers.insert(server.parse().unwrap(), outcome);
    }

    pub(crate) fn kill(&mut self, server: &str) {
        self.servers.remove(&server.parse().unwrap());
    }

    pub(crate) fn drain(&mut self) {
        while let Some(action) = self.checker.poll_action() {
            self.act(action);
        }
    }

    pub(crate) fn act(&mut self, action: Action) {
        match action {
            Action::Start { attempt, target, deadline } => {
                assert!(self.now < deadline);
                if let Some(outcome) = self.servers.get(&target) {
                    self.answers.push((self.now + LATENCY, attempt, *outcome));
                }
            }
            Action::Abort(attempt) => self.answers.retain(|(_, id, _)| *id != attempt),
            Action::Apply(rule) => self.director.apply(self.now, &rule).unwrap(),
            Action::Notify(event) => self.events.push((self.now, event)),
        }
    }

    pub(crate) fn run_until(&mut self, end: Instant) {
        self.drain();
        loop {
            let answer = self.answers.iter().map(|(at, ..)| *at).min();
            let next = self.checker.next_deadline().into_iter().chain(answer).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            assert!(self.now <= next);
            self.now = next;
            match self.answers.iter().position(|(at, ..)| *at == next) {
                Some(place) => {
                    let (_, attempt, outcome) = self.answers.remove(place);
                    self.checker.handle_outcome(next, attempt, outcome);
                }
                None => self.checker.handle_timeout(next),
            }
            self.drain();
        }
        self.now = end;
    }

    /// Address and weight of each destination, in the order of the list.
    pub(crate) fn dests(&self, service: &ServiceKey) -> Vec<(String, u32)> {
        let service = self.director.service(service).unwrap();
        let show = |dest: Dest<'_>| (dest.address().to_string(), dest.weight());
        service.dests().map(|(_, dest)| show(dest)).collect()
    }

    /// One input, and one action.
    pub(crate) fn step(&mut self) {
        if let Some((_, attempt, outcome)) = self.answers.pop() {
            self.checker.handle_outcome(self.now, attempt, outcome);
        } else if let Some(deadline) = self.checker.next_deadline() {
            self.now = self.now.max(deadline);
            self.checker.handle_timeout(self.now);
        }
        if let Some(action) = self.checker.poll_action() {
            self.act(action);
        }
    }

    pub(crate) fn assert_one_kind_serves(&self, service: &ServiceKey) {
        let dests = self.dests(service);
        let serves = |sorry| {
            let is_it = |(address, _): &&(String, u32)| (address == "127.0.0.1") == sorry;
            dests.iter().filter(is_it).any(|(_, weight)| *weight > 0)
        };
        assert!(!serves(true) || !serves(false), "{dests:?}");
    }

    pub(crate) fn quorums(&self) -> Vec<bool> {
        let of_quorum = |(_, event): &(Instant, Event)| match event {
            Event::Quorum { up, .. } => Some(*up),
            Event::RealServer { .. } => None,
        };
        self.events.iter().filter_map(of_quorum).collect()
    }

    /// When a server went down or came up, and which of both.
    pub(crate) fn changes(&self, address: &str) -> Vec<(Instant, bool)> {
        let wanted = ip(address);
        let mut changes = Vec::new();
        for (at, event) in &self.events {
            if let Event::RealServer { address, up, .. } = event {
                if *address == wanted {
                    changes.push((*at, *up));
                }
            }
        }
        changes
    }
}

pub(crate) fn tcp_check() -> CheckConfig {
    CheckConfig { warmup: Some(Duration::ZERO), ..CheckConfig::new(CheckKind::TcpCheck) }
}

pub(crate) fn real(dest: DestConfig, check: &CheckConfig) -> RealServer {
    RealServer { dest, inhibit_on_failure: false, checks: vec![check.clone()] }
}

pub(crate) fn weighted(address: &str, weight: u32) -> DestConfig {
    DestConfig { weight, ..DestConfig::new(ip(address), 80) }
}

pub(crate) fn at(secs: u64, millis: u64) -> Instant {
    Instant::from_millis(secs * 1000 + millis)
}

pub(crate) fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

pub(crate) fn named(dests: &[(&str, u32)]) -> Vec<(String, u32)> {
    dests.iter().map(|(address, weight)| ((*address).to_owned(), *weight)).collect()
}

pub(crate) const WEB: ServiceKey = ServiceKey::tcp(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

/// The next attempt of a checker with a single check.
pub(crate) fn next_attempt(checker: &mut Checker) -> AttemptId {
    for _ in 0..16 {
        if let Some(action) = checker.poll_action() {
            if let Action::Start { attempt, .. } = action {
                return attempt;
            }
        } else {
            checker.handle_timeout(checker.next_deadline().unwrap());
        }
    }
    panic!("no attempt");
}

/// Whether a server is up after each outcome.
pub(crate) fn ups(check: &CheckConfig, outcomes: &[Outcome]) -> Vec<bool> {
    let mut checker = Checker::new(CheckerConfig { checks: 1, seed: [0; 2] }).unwrap();
    checker.add_service(secs(0), VirtualServer::new(WEB)).unwrap();
    checker.add_dest(secs(0), &WEB, real(weighted("10.2.0.1", 1), check)).unwrap();
    let mut ups = Vec::new();
    for outcome in outcomes {
        let attempt = next_attempt(&mut checker);
        checker.handle_outcome(secs(0), attempt, *outcome);
        ups.extend(checker.check(attempt.check()).map(Check::is_up));
    }
    ups
}
