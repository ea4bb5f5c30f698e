//! Packets, one or many at once, and lookups for those who only look.

use lvs_proto::ftp::{Edit, Segment};
use lvs_proto::{CallId, Decide, Flow, Instant, Verdict};

use super::{Director, Packet};
use crate::{ConnId, Lookup};

impl Decide for Director {
    fn decide(&mut self, now: Instant, flow: &Flow) -> Verdict {
        self.decide_call(now, flow, None)
    }

    fn help_ftp(&mut self, now: Instant, flow: &Flow, segment: &Segment) -> Edit {
        let now = self.advance(now);
        self.control_segment(now, flow, segment).unwrap_or_default()
    }

    /// The same verdicts in less time: what packets need of the table is asked for before the first
    /// of them is decided about, [`Lookup::MOST`] at a time.
    fn decide_burst(&mut self, now: Instant, flows: &[Flow], verdicts: &mut [Verdict]) -> usize {
        let bursts = flows.chunks(Lookup::MOST).zip(verdicts.chunks_mut(Lookup::MOST));
        for (flows, verdicts) in bursts {
            let mut lookup = Lookup::new(&self.conns, flows);
            lookup.probe();
            lookup.prefetch_new();
            let clues = lookup.clues;
            for ((flow, clue), verdict) in flows.iter().zip(clues).zip(verdicts) {
                *verdict = self.decide_about(now, Packet { flow, call: None, clue });
            }
        }
        flows.len().min(verdicts.len())
    }
}

impl Director {
    /// The verdict on a packet seen at `now` that is a message of a call, for services that tell
    /// calls apart; `None` is a packet without one.
    pub fn decide_call(&mut self, now: Instant, flow: &Flow, call: Option<CallId<'_>>) -> Verdict {
        let clue = self.conns.clue(flow);
        self.decide_about(now, Packet { flow, call, clue })
    }

    fn decide_about(&mut self, now: Instant, packet: Packet<'_>) -> Verdict {
        let now = self.advance(now);
        let verdict = self.verdict(now, packet);
        if packet.flow.fragment.is_some() {
            self.learn(now, packet.flow, packet.clue.hash, &verdict);
        }
        self.counters.count(&verdict);
        verdict
    }
}

/// Lookups that change nothing.
impl Director {
    /// The connection that a packet belongs to at `now` if it comes from a client \[CON-3\].
    #[must_use]
    pub fn find_conn(&self, now: Instant, flow: &Flow) -> Option<ConnId> {
        self.conns.find_of(self.now.max(now), flow, self.conns.clue(flow))
    }

    /// The same of many packets, in their order and in less time. Returns how many were looked up,
    /// which is as many as there are packets and places to put them.
    ///
    /// ```
    /// use lvs_proto::{AddressPair, Decide, Flow, Instant, TcpFlags};
    /// use lvs_sched::{Director, DirectorConfig, Rule};
    ///
    /// let now = Instant::EPOCH;
    /// let mut director = Director::new(DirectorConfig::default())?;
    /// for line in ["-A -t 192.0.2.100:80", "-a -t 192.0.2.100:80 -r 10.2.0.1"] {
    ///     if let Some(rule) = Rule::parse(line)? {
    ///         director.apply(now, &rule)?;
    ///     }
    /// }
    /// let flows: Vec<Flow> = (40_001..=40_100)
    ///     .map(|port| {
    ///         let (source, destination) = ([192, 0, 2, 7].into(), [192, 0, 2, 100].into());
    ///         Flow::tcp(AddressPair::V4 { source, destination }, port, 80, TcpFlags::SYN)
    ///     })
    ///     .collect();
    /// for flow in &flows[..60] {
    ///     let _forwarded = director.decide(now, flow);
    /// }
    /// let mut found = [None; 100];
    /// assert_eq!(director.find_conns(now, &flows, &mut found), 100);
    /// assert_eq!(found.iter().flatten().count(), 60);
    /// let conn = found[7].and_then(|id| director.conn(id)).ok_or("no connection")?;
    /// assert_eq!(conn.key().client_port, 40_008);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find_conns(&self, now: Instant, flows: &[Flow], found: &mut [Option<ConnId>]) -> usize {
        for (flows, found) in flows.chunks(Lookup::MOST).zip(found.chunks_mut(Lookup::MOST)) {
            let mut lookup = self.prepare(flows);
            lookup.probe();
            lookup.finish(now, found);
        }
        flows.len().min(found.len())
    }

    /// Begins to look up to [`Lookup::MOST`] packets up; those beyond are left out. Whoever looks up
    /// burst after burst prepares the next one before it [probes](Lookup::probe) and
    /// [finishes](Lookup::finish) the last, so that memory is never waited for.
    #[must_use]
    pub fn prepare<'a>(&'a self, flows: &'a [Flow]) -> Lookup<'a> {
        Lookup::new(&self.conns, flows)
    }
}
