//! Health checks: the checker decides, sockets ask, and the director follows.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::Result;
use lvs_proto::Instant;
use lvs_sched::health::{Action, AttemptId, Checker, Event, Outcome};
use lvs_sched::{Director, ServiceKey};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use serde_json::{Value, json};

use crate::probe::Probe;

/// Probes that are looked at in one call.
const READY: usize = 64;

/// A checker with its sockets.
#[derive(Debug)]
pub struct Health {
    checker: Checker,
    probes: HashMap<u64, (AttemptId, Probe)>,
    next_probe: u64,
    epoll: Epoll,
}

impl Health {
    /// Asks what `checker` wants asked.
    ///
    /// # Errors
    /// The kernel has no descriptor left.
    pub fn new(checker: Checker) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { checker, probes: HashMap::new(), next_probe: 0, epoll })
    }

    /// Does what is to be done: begins and ends attempts, changes `director`, and hands what is to
    /// be told to `tell`.
    pub fn poll(&mut self, now: Instant, director: &mut Director, tell: &mut impl FnMut(Value)) {
        while let Some(action) = self.checker.poll_action() {
            match action {
                Action::Start { attempt, target, .. } => self.start(now, attempt, target),
                Action::Abort(attempt) => self.probes.retain(|_, (id, _)| *id != attempt),
                Action::Apply(rule) => {
                    if let Err(error) = director.apply(now, &rule) {
                        log::error!("`{rule}` is refused: {error}");
                    }
                }
                Action::Notify(event) => tell(told(&event)),
            }
        }
    }

    /// Takes in what servers have answered, and lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.checker.handle_timeout(now);
        let mut ready = [EpollEvent::empty(); READY];
        let found = self.epoll.wait(&mut ready, EpollTimeout::ZERO).unwrap_or(0);
        for event in ready.iter().take(found) {
            let id = event.data();
            let Some((attempt, probe)) = self.probes.get_mut(&id) else { continue };
            if let Some(outcome) = probe.advance() {
                self.checker.handle_outcome(now, *attempt, outcome);
                self.probes.remove(&id);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.checker.next_deadline()
    }

    fn start(&mut self, now: Instant, attempt: AttemptId, target: SocketAddr) {
        let Some(check) = self.checker.check(attempt.check()) else { return };
        let probe = Probe::new(&check.config().kind, target).and_then(|probe| {
            // Each change is told once: a probe goes on until it would have to wait.
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            self.epoll.add(&probe, EpollEvent::new(flags, self.next_probe))?;
            Ok(probe)
        });
        match probe {
            Ok(probe) => {
                self.probes.insert(self.next_probe, (attempt, probe));
                self.next_probe += 1;
            }
            Err(error) => {
                log::debug!("{target} is not asked: {error}");
                self.checker.handle_outcome(now, attempt, Outcome::Refused);
            }
        }
    }
}

/// What can be read when a server has answered.
impl AsFd for Health {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}

/// `{"service":"TCP 192.0.2.100:80","real_server":"192.0.2.11:80","up":false}`, or `quorum` in the
/// place of the last two.
fn told(event: &Event) -> Value {
    match *event {
        Event::RealServer { service, address, port, up } => {
            let server = SocketAddr::new(address, port).to_string();
            json!({ "service": name(service), "real_server": server, "up": up })
        }
        Event::Quorum { service, up } => json!({ "service": name(service), "quorum": up }),
    }
}

fn name(service: ServiceKey) -> String {
    match service {
        ServiceKey::Address { protocol, address, port } => {
            format!("{protocol} {}", SocketAddr::new(address, port))
        }
        ServiceKey::Mark { mark, .. } => format!("FWM {mark}"),
    }
}
