//! What an administrator may choose: policies, defences, timeouts; and the rarer packets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod choices;
#[path = "../common/mod.rs"]
mod common;
mod defences;
mod packets;

use lvs_proto::{AddressPair, Flow, Reject, SctpChunk, TcpFlags, Transport, Verdict};
use lvs_sched::{Director, Profile};

use common::{director, ip, tcp};

pub(crate) const VIP: &str = "10.0.0.1";
pub(crate) const RS: &str = "10.2.0.1";
pub(crate) const CLIENT: &str = "192.0.2.7";
pub(crate) const UNREACHABLE: Verdict = Verdict::Reject(Reject::PortUnreachable);

pub(crate) fn web(method: &str) -> Director {
    let dest = std::format!("-a -t 10.0.0.1:80 -r 10.2.0.1 {method}");
    director(Profile::Classic, &["-A -t 10.0.0.1:80 -s rr", &dest])
}

pub(crate) fn client(port: u16, flags: TcpFlags) -> Flow {
    tcp(CLIENT, port, VIP, 80, flags)
}

pub(crate) fn sctp(chunk: Option<SctpChunk>) -> Flow {
    let addresses = AddressPair::new(ip(CLIENT), ip(VIP)).unwrap();
    Flow::new(addresses, Transport::Sctp { source_port: 4000, destination_port: 7, chunk })
}
