//! One service: which destinations the director is to have, and what it has.

use alloc::vec::Vec;
use core::mem;
use core::net::IpAddr;

use super::{Action, CheckId, Event, RealServerError, VirtualServer};
use crate::{DestConfig, OutOfMemory, Rule, ServiceKey};

/// A virtual server. What is to be is worked out anew whenever something has changed, and the
/// difference to what the director has is handed out.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: VirtualServer,
    /// The sorry server, if there is one, and the real servers.
    dests: Vec<Dest>,
    pub(super) has_quorum: bool,
    told_quorum: bool,
    pub(super) leaving: bool,
    walk: Walk,
    /// Whether it is in the chain of those that are unsettled, and who follows there.
    unsettled: bool,
    next: Option<ServiceKey>,
}

/// A real server or a sorry server.
#[derive(Debug)]
pub(super) struct Dest {
    pub(super) config: DestConfig,
    checks: Vec<CheckId>,
    checks_down: usize,
    is_sorry: bool,
    /// Whether it stays, with weight 0, when it does not serve.
    inhibit: bool,
    /// What the director has.
    applied: Option<DestConfig>,
    told_up: bool,
    leaving: bool,
}

/// How far the destinations have been walked through. Who goes does so first, so that the sorry
/// server is never in together with those it stands in for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Walk {
    pass: Pass,
    place: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pass {
    #[default]
    Out,
    In,
    Notify,
    Done,
}

impl Service {
    pub(super) fn new(config: VirtualServer) -> Result<Self, OutOfMemory> {
        let mut dests = Vec::new();
        if let Some(sorry) = config.sorry_server {
            dests.try_reserve(1).map_err(|_| OutOfMemory)?;
            let inhibit = config.sorry_server_inhibit;
            dests.push(Dest { is_sorry: true, ..Dest::new(sorry, inhibit, Vec::new(), true) });
        }
        let up = !config.alpha;
        Ok(Self {
            config,
            dests,
            has_quorum: up,
            told_quorum: up,
            leaving: false,
            walk: Walk::default(),
            unsettled: false,
            next: None,
        })
    }

    pub(super) fn reserve_dest(&mut self) -> Result<(), OutOfMemory> {
        self.dests.try_reserve(1).map_err(|_| OutOfMemory)
    }

    pub(super) fn push(&mut self, dest: Dest) {
        self.dests.push(dest);
    }

    /// Whether there is a destination of that address and port, sorry or not.
    pub(super) fn has(&self, address: IpAddr, port: u16) -> bool {
        self.dests.iter().any(|dest| dest.is_at(address, port))
    }

    /// The real server of that address and port, unless it is being removed.
    pub(super) fn real_server(
        &mut self,
        address: IpAddr,
        port: u16,
    ) -> Result<&mut Dest, RealServerError> {
        let is_it = |dest: &&mut Dest| dest.is_at(address, port) && !dest.is_sorry && !dest.leaving;
        self.dests.iter_mut().find(is_it).ok_or(RealServerError::NoSuchDestination)
    }

    /// Begins to remove everything; returns each check there is.
    pub(super) fn leave(&mut self) -> impl Iterator<Item = CheckId> {
        self.leaving = true;
        self.dests.iter_mut().flat_map(Dest::leave)
    }

    /// Something has changed: all is to be looked at once more. Puts it in front of the chain of
    /// the unsettled, if it is not in.
    pub(super) fn unsettle(&mut self, first: &mut Option<ServiceKey>) {
        self.walk = Walk::default();
        if !mem::replace(&mut self.unsettled, true) {
            self.next = first.replace(self.config.key);
        }
    }

    /// Whether the weight that is up suffices; more is wanted to gain quorum than to keep it.
    fn reaches_quorum(&self) -> bool {
        let up = self.dests.iter().filter(|dest| dest.is_up() && !dest.is_sorry && !dest.leaving);
        let weight: u64 = up.map(|dest| u64::from(dest.config.weight)).sum();
        let quorum = u64::from(self.config.quorum.get());
        let hysteresis = u64::from(self.config.hysteresis);
        if self.has_quorum { weight + hysteresis >= quorum } else { weight >= quorum + hysteresis }
    }

    /// The next difference between what is to be and what is.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        let service = self.config.key;
        let (omega, stood_in) = (self.config.omega, self.config.sorry_server.is_some());
        if self.walk == Walk::default() {
            self.has_quorum = self.reaches_quorum();
        }
        while self.walk.pass != Pass::Done {
            let pass = self.walk.pass;
            while let Some(dest) = self.dests.get_mut(self.walk.place) {
                self.walk.place += 1;
                let serves = if dest.is_sorry {
                    !self.has_quorum
                } else {
                    dest.is_up() && (self.has_quorum || !stood_in)
                };
                let action = match pass {
                    Pass::Notify => dest.event(service, omega).map(Action::Notify),
                    _ => dest.rule(service, pass, serves).map(Action::Apply),
                };
                if action.is_some() {
                    return action;
                }
            }
            self.walk = Walk { pass: pass.next(), place: 0 };
        }
        let told = mem::replace(&mut self.told_quorum, self.has_quorum);
        let tell = told != self.has_quorum && (!self.leaving || omega);
        tell.then_some(Action::Notify(Event::Quorum { service, up: self.has_quorum }))
    }

    /// Forgets who has left. Returns who follows in the chain of the unsettled.
    pub(super) fn settle(&mut self) -> Option<ServiceKey> {
        self.dests.retain(|dest| !dest.leaving);
        self.unsettled = false;
        self.next.take()
    }
}

impl Pass {
    const fn next(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Notify,
            Self::Notify | Self::Done => Self::Done,
        }
    }
}

impl Dest {
    pub(super) fn new(config: DestConfig, inhibit: bool, checks: Vec<CheckId>, up: bool) -> Self {
        Self {
            config,
            checks_down: if up { 0 } else { checks.len() },
            checks,
            is_sorry: false,
            inhibit,
            applied: None,
            told_up: up,
            leaving: false,
        }
    }

    fn is_at(&self, address: IpAddr, port: u16) -> bool {
        (self.config.address, self.config.port) == (address, port)
    }

    const fn is_up(&self) -> bool {
        self.checks_down == 0
    }

    /// Begins to remove it; returns its checks.
    pub(super) fn leave(&mut self) -> impl Iterator<Item = CheckId> + use<> {
        self.leaving = true;
        mem::take(&mut self.checks).into_iter()
    }

    /// One of its checks has come up or gone down.
    pub(super) const fn count(&mut self, up: bool) {
        self.checks_down =
            if up { self.checks_down.saturating_sub(1) } else { self.checks_down + 1 };
    }

    /// What the director is to have.
    fn wanted(&self, serves: bool) -> Option<DestConfig> {
        match (self.leaving, serves, self.inhibit) {
            (true, _, _) | (_, false, false) => None,
            (false, true, _) => Some(self.config),
            (false, false, true) => Some(DestConfig { weight: 0, ..self.config }),
        }
    }

    /// The rule that makes the director have it, if it is of this pass.
    fn rule(&mut self, service: ServiceKey, pass: Pass, serves: bool) -> Option<Rule> {
        let wanted = self.wanted(serves);
        let goes = wanted.is_none_or(|dest| dest.weight == 0);
        if wanted == self.applied || goes != (pass == Pass::Out) {
            return None;
        }
        let DestConfig { address, port, .. } = self.config;
        match (mem::replace(&mut self.applied, wanted), wanted) {
            (None, Some(dest)) => Some(Rule::AddDest { service, dest }),
            (Some(_), Some(dest)) => Some(Rule::EditDest { service, dest }),
            (_, None) => Some(Rule::DeleteDest { service, address, port }),
        }
    }

    /// What there is to tell.
    fn event(&mut self, service: ServiceKey, omega: bool) -> Option<Event> {
        let up = if self.leaving { self.told_up && !omega } else { self.is_up() };
        if self.is_sorry || mem::replace(&mut self.told_up, up) == up {
            return None;
        }
        let DestConfig { address, port, .. } = self.config;
        Some(Event::RealServer { service, address, port, up })
    }
}
