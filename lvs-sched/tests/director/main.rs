//! What becomes of packets: counters, states, persistence, deletion, capacity.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod conns;
mod dests;
mod persistence;
mod services;

use lvs_proto::{DropReason, Flow, Reject, Verdict};
use lvs_sched::{Director, Profile, ServiceKey};

use common::{director, ip, tcp};

pub(crate) const VIP: &str = "10.0.0.1";
pub(crate) const RS: &str = "10.2.0.1";

pub(crate) fn web() -> ServiceKey {
    ServiceKey::tcp(ip(VIP), 80)
}

pub(crate) fn one_server(profile: Profile, dest: &str) -> Director {
    director(profile, &["-A -t 10.0.0.1:80 -s rr", dest])
}

pub(crate) fn client(port: u16, flags: lvs_proto::TcpFlags) -> Flow {
    tcp("192.0.2.7", port, VIP, 80, flags)
}

pub(crate) const UNREACHABLE: Verdict = Verdict::Reject(Reject::PortUnreachable);
pub(crate) const DELETED: Verdict = Verdict::Drop(DropReason::DestinationDeleted);
pub(crate) const FULL: Verdict = Verdict::Drop(DropReason::TableFull);
