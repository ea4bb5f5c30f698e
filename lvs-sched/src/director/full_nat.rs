//! Full address translation: real servers see a local address instead of their client (section 5.8).

use core::net::IpAddr;

use lvs_proto::{Endpoint, Flow, Hop, TcpFlags, Transport};

use super::Director;
use crate::dests::is_unicast;
use crate::{ConnId, ConnKey, LocalError};

/// Local addresses and ports that are tried for a new connection: with nine of ten in use, one of
/// a thousand connections finds none.
const PROBES: usize = 64;

/// Local addresses.
impl Director {
    /// Adds an address that packets of [`FullNat`](lvs_proto::Method::FullNat) may come from in the
    /// eyes of real servers, from its [own ports](crate::DirectorConfig::local_ports):
    /// `ipvsadm --add-laddr` of DPVS, for all services. Answers to it must reach this director;
    /// nobody else may use those ports.
    ///
    /// ```
    /// use lvs_proto::{AddressPair, Decide, Flow, Instant, TcpFlags, Verdict};
    /// use lvs_sched::{Director, DirectorConfig, Rule};
    ///
    /// let now = Instant::EPOCH;
    /// let mut director = Director::new(DirectorConfig::default())?;
    /// for line in ["-A -t 192.0.2.100:80", "-a -t 192.0.2.100:80 -r 10.2.0.1 --fullnat"] {
    ///     if let Some(rule) = Rule::parse(line)? {
    ///         director.apply(now, &rule)?;
    ///     }
    /// }
    /// director.add_local([10, 2, 0, 254].into())?;
    ///
    /// let (client, vip) = ([192, 0, 2, 7].into(), [192, 0, 2, 100].into());
    /// let addresses = AddressPair::V4 { source: client, destination: vip };
    /// let syn = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN);
    /// let Verdict::Forward(hop) = director.decide(now, &syn) else { panic!("not forwarded") };
    /// let local = hop.local.ok_or("no local address")?;
    ///
    /// let (server, laddr) = ([10, 2, 0, 1].into(), [10, 2, 0, 254].into());
    /// let addresses = AddressPair::V4 { source: server, destination: laddr };
    /// let answer = Flow::tcp(addresses, 80, local.port, TcpFlags::SYN.with(TcpFlags::ACK));
    /// let Verdict::Reply(origin) = director.decide(now, &answer) else { panic!("no reply") };
    /// assert_eq!(origin.client.map(|client| client.port), Some(40_000));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// See [`LocalError`]; nothing has changed.
    pub fn add_local(&mut self, address: IpAddr) -> Result<(), LocalError> {
        if !is_unicast(address) {
            return Err(LocalError::NotUnicast { address });
        }
        self.locals.add(address)
    }

    /// Gives a local address to no more new connections; those that have it keep it.
    ///
    /// # Errors
    ///
    /// See [`LocalError`]; nothing has changed.
    pub fn delete_local(&mut self, address: IpAddr) -> Result<(), LocalError> {
        self.locals.delete(address)
    }

    /// The local addresses: those of IPv4 before those of IPv6, each in the order they were added.
    pub fn locals(&self) -> impl Iterator<Item = IpAddr> {
        self.locals.iter()
    }

    /// A local address and port that no connection to this real server has \[FN-1\]. They are free
    /// again as soon as the connection is gone, and then handed out last.
    pub(super) fn take_local(&mut self, key: &ConnKey, hop: &Hop) -> Option<Endpoint> {
        if !cfg!(feature = "full-nat") {
            return None;
        }
        let family = key.addresses.family();
        (0..PROBES).find_map(|_| {
            let local = self.locals.next(family)?;
            let answer = key.of_answer(Endpoint { address: hop.address, port: hop.port }, local)?;
            (!self.conns.is_reply(&answer)).then_some(local)
        })
    }

    /// A real server's packet on a connection. That it has sent more than its SYN says that it has
    /// read the client's address: the segment that opened the connection brought it \[FN-4\].
    pub(super) fn note_answer(&mut self, id: ConnId, flow: &Flow) {
        if is_segment_without(flow, TcpFlags::SYN) {
            self.conns.told(id);
        }
    }
}

/// The hop of a packet: only a whole segment with neither SYN nor RST tells who the client is
/// \[FN-4\].
pub(super) fn of_packet(hop: Hop, flow: &Flow) -> Hop {
    if !cfg!(feature = "full-nat") {
        return hop;
    }
    let may_tell = is_segment_without(flow, TcpFlags::SYN.with(TcpFlags::RST));
    Hop { toa: hop.toa && may_tell && flow.fragment.is_none(), ..hop }
}

/// Whether it is a TCP segment with none of these control bits.
const fn is_segment_without(flow: &Flow, bits: TcpFlags) -> bool {
    matches!(flow.transport, Transport::Tcp { flags, .. } if flags.0 & bits.0 == 0)
}
