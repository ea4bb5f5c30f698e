//! Does to a virtual router what was done to a daemon.
//!
//! The router's clock is the daemon's: it stands still while the daemon is busy. Whenever an advert
//! is where it ought to be, the clocks are compared anew, so that what is checked is each span by
//! itself and lateness does not add up.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flate2::read::GzDecoder;
use lvs_proto::vrrp::Priority;
use lvs_proto::{AddressPair, Instant};
use lvs_vrrp::{Action, Event, Reason, State};
use serde_json::Value;

use crate::daemon::Profile;
use crate::machine::Machine;
use crate::script::{Micros, Script, Sent, Stimulus, scripts, thawed};

/// The recordings that are not followed, each with its reason.
const EXCEPTIONS: &str = include_str!("../../../vectors/vrrp/exceptions.txt");

const MILLISECOND: Micros = 1_000;

#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// The first divergence.
    Failed(String),
    /// Why it is not played.
    Skipped(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Failed(divergence) => f.write_str(divergence),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

/// Plays one recording, exceptions aside.
pub(crate) fn play(file: &Path) -> Outcome {
    match exception(file) {
        Some(reason) => Outcome::Skipped(reason),
        None => {
            let followed = read(file).and_then(|recording| follow(&recording));
            followed.map_or_else(Outcome::Failed, |()| Outcome::Passed)
        }
    }
}

/// Plays one recording from its beginning, for each virtual router.
///
/// # Errors
/// The first divergence.
pub(crate) fn follow(recording: &Value) -> Result<(), String> {
    scripts(recording)?.iter().try_for_each(|script| {
        let player = Player::new(script);
        player.play().map_err(|divergence| format!("{}: {divergence}", script.who))
    })
}

/// A file of JSON, gzipped or not.
pub(crate) fn read(file: &Path) -> Result<Value, String> {
    let json = |file: &Path| -> Result<Value, Box<dyn std::error::Error>> {
        let reader = File::open(file)?;
        Ok(match file.extension().is_some_and(|extension| extension == "gz") {
            true => serde_json::from_reader(GzDecoder::new(reader))?,
            false => serde_json::from_reader(BufReader::new(reader))?,
        })
    };
    json(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Why a recording is not followed, if it is not.
pub(crate) fn exception(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_str()?.split('.').next()?;
    let lines = EXCEPTIONS.lines().filter(|line| !line.starts_with('#'));
    let mut exceptions = lines.filter_map(|line| line.split_once(": "));
    let is_excepted = |names: &str| match names.strip_suffix('*') {
        Some(front) => name.starts_with(front),
        None => name == names,
    };
    exceptions.find(|(names, _)| is_excepted(names)).map(|(_, reason)| reason)
}

/// How far a recorded moment may be from the computed one.
#[derive(Clone, Copy)]
struct Tolerance {
    early: Micros,
    late: Micros,
}

impl Tolerance {
    const fn milliseconds(early: Micros, late: Micros) -> Self {
        Self { early: early * MILLISECOND, late: late * MILLISECOND }
    }

    fn allows(self, computed: Micros, recorded: Micros) -> bool {
        (computed - self.early..=computed + self.late).contains(&recorded)
    }
}

/// After an input: keepalived looks at it when it comes to it.
const INPUT: Tolerance = Tolerance::milliseconds(12, 30);
/// The first advert after keepalived was done with becoming Active.
const FIRST: Tolerance = Tolerance::milliseconds(20, 20);
/// From advert to advert.
const NEXT: Tolerance = Tolerance::milliseconds(1, 20);
/// The advert after one that keepalived refused, from the latest moment at which it may have done so.
const REFUSED: Tolerance = Tolerance::milliseconds(3, 20);
/// A change of state of FRR.
const FRR_STATE: Tolerance = Tolerance::milliseconds(1, 4);
/// The first advert of FRR waits for its interface to come up, its timer does not \[X-69\].
const FRR_FIRST: Tolerance = Tolerance::milliseconds(1, 150);

struct Player<'a> {
    script: &'a Script,
    machine: Option<Machine>,
    /// The router's time.
    now: Micros,
    /// How far that is behind the recording's.
    lag: Micros,
    /// How exact the Adver_Timer that runs is.
    adver: Tolerance,
    sent: std::slice::Iter<'a, Sent>,
    states: std::slice::Iter<'a, (Micros, State)>,
}

impl<'a> Player<'a> {
    fn new(script: &'a Script) -> Self {
        let (sent, states) = (script.sent.iter(), script.states.iter());
        Self { script, machine: None, now: 0, lag: 0, adver: NEXT, sent, states }
    }

    fn play(mut self) -> Result<(), String> {
        let mut stimuli = self.script.stimuli.iter().peekable();
        loop {
            let wake = self.wake();
            if let Some((at, stimulus)) =
                stimuli.next_if(|(at, _)| wake.is_none_or(|(_, wake)| *at <= wake))
            {
                self.stimulate(*at, stimulus)?;
            } else if let Some((due, wake)) = wake.filter(|(due, _)| *due <= self.script.end) {
                self.time_out(due, wake)?;
            } else {
                break;
            }
        }
        let over = self.script.end - INPUT.late;
        match (self.sent.next(), self.states.next()) {
            (Some(sent), _) if sent.at < over => {
                Err(format!("{}: an advert was sent, but not here", seconds(sent.at)))
            }
            (_, Some((at, state))) if *at < over => {
                Err(format!("{}: {state}, but not here", seconds(*at)))
            }
            _ => Ok(()),
        }
    }

    /// When the next timer is due, and when it is let fire: where the daemon's did, if that is near
    /// enough, so that both see everything in the same order.
    fn wake(&self) -> Option<(Micros, Micros)> {
        let router = &self.machine.as_ref()?.router;
        let deadline = router.next_deadline()?.as_micros() as Micros;
        let due = deadline + self.lag - self.fraction();
        let due = thawed(&self.script.frozen, due);
        let mark = match (router.state(), self.script.profile) {
            (State::Backup, Profile::Frr) => self.states.as_slice().first().map(|(at, _)| *at),
            _ => self.sent.as_slice().first().map(|sent| sent.at),
        };
        let near = mark.filter(|mark| self.tolerance(router.state()).allows(due, *mark));
        Some((due, near.unwrap_or(due)))
    }

    /// FRR's Skew_Time is cut to whole centiseconds \[X-68\]; a router's is exact \[T-3\], and this much
    /// longer.
    fn fraction(&self) -> Micros {
        match (&self.machine, self.script.profile) {
            (Some(Machine { router, .. }), Profile::Frr) if router.state() == State::Backup => {
                router.skew().as_micros() as Micros % 10_000
            }
            _ => 0,
        }
    }

    /// How exact the timer is that runs in that state.
    fn tolerance(&self, state: State) -> Tolerance {
        match (state, self.script.profile) {
            (State::Active, _) => self.adver,
            (_, Profile::Frr) => FRR_STATE,
            _ => INPUT,
        }
    }

    fn time_out(&mut self, due: Micros, wake: Micros) -> Result<(), String> {
        let Some(machine) = &mut self.machine else { return Ok(()) };
        let Some(deadline) = machine.router.next_deadline() else { return Ok(()) };
        let before = machine.router.state();
        // After a standstill what waited came first.
        self.now = self.now.max(deadline.as_micros() as Micros);
        self.lag = wake - self.now;
        machine.router.handle_timeout(deadline);
        self.compare(due, self.tolerance(before), before)
    }

    fn stimulate(&mut self, at: Micros, stimulus: &Stimulus) -> Result<(), String> {
        if let Stimulus::Start = stimulus {
            self.machine = Some(Machine::new(self.script)?);
        }
        let Some(machine) = &mut self.machine else { return Ok(()) };
        let before = machine.router.state();
        self.now = self.now.max(at - self.lag);
        let now = Instant::from_micros(self.now.unsigned_abs());
        let router = &mut machine.router;
        match stimulus {
            Stimulus::Start => router.startup(now),
            Stimulus::Stop => router.shutdown(now),
            Stimulus::Kill => self.machine = None,
            Stimulus::Fault => router.interface_down(now),
            Stimulus::FaultOver => router.interface_up(now),
            Stimulus::Priority(priority) => router.set_priority(now, Priority::new(*priority)),
            Stimulus::Packet(line) => {
                let accepted = router.counters().adv_rcvd;
                let is_seen = machine.receive(now, line).map_err(|error| error.to_string())?;
                let keepalived = self.script.profile == Profile::Keepalived;
                if keepalived && is_seen && before == State::Active {
                    self.wind_up(at, accepted);
                }
            }
        }
        let tolerance = match (self.script.profile, stimulus) {
            (Profile::Frr, Stimulus::Packet(_)) => FRR_STATE,
            _ => INPUT,
        };
        self.compare(at, tolerance, before)?;
        if let Stimulus::Fault = stimulus {
            self.skip_second_resignation(at);
        }
        Ok(())
    }

    /// An advert came to an Active keepalived, which had taken so many before. Whatever becomes of it,
    /// that starts its timer anew. A refused one moves no timer of a router \[RX-2\], so that its
    /// clock is set back.
    fn wind_up(&mut self, at: Micros, accepted: u64) {
        let Some(router) = self.machine.as_ref().map(|machine| &machine.router) else { return };
        let refused = router.counters().adv_rcvd == accepted;
        match router.next_deadline() {
            Some(deadline) if refused => {
                let interval = router.config().interval.duration().as_micros() as Micros;
                self.lag = at + interval + REFUSED.early - deadline.as_micros() as Micros;
                self.adver = REFUSED;
            }
            _ => self.lag = at - self.now,
        }
    }

    /// Compares what the router does with what the daemon did.
    fn compare(&mut self, due: Micros, tolerance: Tolerance, before: State) -> Result<(), String> {
        while let Some(machine) = &mut self.machine {
            let is_first = before != State::Active && machine.router.state() == State::Active;
            match machine.router.poll_action() {
                None => break,
                Some(Action::SendAdvert { priority }) => {
                    let copies = machine.encode(priority);
                    self.advert(due, tolerance, is_first, &copies)?;
                }
                Some(Action::Notify(event)) => self.state(due, tolerance, &event)?,
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn advert(
        &mut self,
        due: Micros,
        tolerance: Tolerance,
        is_first: bool,
        copies: &[(AddressPair, Vec<u8>)],
    ) -> Result<(), String> {
        let unseen = self.script.unseen.iter().any(|(from, until)| (*from..*until).contains(&due));
        let frr_first = is_first && self.script.profile == Profile::Frr;
        // Over IPv6 FRR's first advert comes to nothing.
        if unseen || (frr_first && self.script.source.is_ipv6()) {
            return Ok(());
        }
        let tolerance = if frr_first { FRR_FIRST } else { tolerance };
        for (path, octets) in copies {
            let Some(sent) = self.sent.as_slice().first() else {
                return self.at_end(due, "an advert that was not sent");
            };
            if !tolerance.allows(due, sent.at) {
                return self.at_end(
                    due,
                    &format!("an advert; the next one was sent at {}", seconds(sent.at)),
                );
            }
            if (path.source(), path.destination()) != (sent.source, sent.destination)
                || *octets != sent.octets
            {
                let [ours, theirs] = [octets, &sent.octets].map(|octets| hex(octets));
                return Err(format!("{}: the advert {theirs} is {ours} here", seconds(sent.at)));
            }
            self.sent.next();
            if !frr_first {
                self.resume(sent.at, is_first);
            }
        }
        Ok(())
    }

    /// On a fault of its own keepalived 2.2 resigns twice; once is enough \[CORE-4 f\].
    fn skip_second_resignation(&mut self, fault: Micros) {
        let resigns = |sent: &Sent| sent.octets.get(2) == Some(&0) && INPUT.allows(fault, sent.at);
        while self.sent.as_slice().first().is_some_and(resigns) {
            self.sent.next();
        }
    }

    /// The daemon's clock goes on after an advert: keepalived's, when it became Active, only after its
    /// announcements [T-6].
    fn resume(&mut self, sent: Micros, is_first: bool) {
        let busy = Tolerance::milliseconds(20, 1_000);
        let settled = self.script.settled.iter().find(|at| busy.allows(sent, **at));
        match settled {
            Some(settled) if is_first => {
                // It runs from when it was set, some time before it was told.
                let early = FIRST.early + (settled - sent).max(0);
                (self.lag, self.adver) = (settled - self.now, Tolerance { early, ..FIRST });
            }
            _ => (self.lag, self.adver) = (sent - self.now, NEXT),
        }
    }

    fn state(&mut self, due: Micros, tolerance: Tolerance, event: &Event) -> Result<(), String> {
        let keepalived = self.script.profile == Profile::Keepalived;
        // keepalived does not log that it stops.
        if event.from == event.to || (keepalived && event.reason == Reason::Shutdown) {
            return Ok(());
        }
        let Some((at, state)) = self.states.next() else {
            return self.at_end(due, &format!("{}, which is not recorded", event.to));
        };
        if *state != event.to {
            return Err(format!("{}: {state}, but {event} here", seconds(*at)));
        }
        // The advert tells when keepalived became Active; its log is late.
        let advert_tells = keepalived && event.to == State::Active;
        if event.reason == Reason::Startup || advert_tells || tolerance.allows(due, *at) {
            return Ok(());
        }
        Err(format!("{}: {state}, but at {} here", seconds(*at), seconds(due)))
    }

    /// What is due when the recording ends may be missing in it.
    fn at_end(&self, due: Micros, what: &str) -> Result<(), String> {
        if due + INPUT.late >= self.script.end {
            return Ok(());
        }
        Err(format!("{}: {what}", seconds(due)))
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn seconds(at: Micros) -> String {
    format!("{}.{:06} s", at / 1_000_000, at % 1_000_000)
}
