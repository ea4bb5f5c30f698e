//! A connection as it lies in the table: one cache line for IPv4, two for IPv6.

use core::num::NonZeroU32;

use lvs_proto::{Endpoint, Hop, Method, Origin};

use super::conn::Conn;
use super::key::{Address, Tuple};
use super::of_dests::place_of;
use crate::State;
use crate::timers::Alarm;

/// The place of a connection or template in the table. It names the connection as long as that is
/// there, and then perhaps another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(NonZeroU32);

impl ConnId {
    /// Places are below `u32::MAX`.
    pub(crate) const fn new(place: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(place))
    }

    pub(crate) const fn place(self) -> u32 {
        self.0.get() - 1
    }
}

/// One place of the table.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Entry<A> {
    pub(crate) tuple: Tuple<A>,
    pub(crate) server_port: u16,
    pub(crate) server: A,
    pub(crate) course: Course,
}

impl<A: Address> Entry<A> {
    pub(crate) const BLANK: Self =
        Self { tuple: Tuple::BLANK, server_port: 0, server: A::UNSPECIFIED, course: Course::BLANK };

    /// What its real server's packets are found by, as if the server were a client \[CON-4\].
    /// `local` is what the server sees of the client, if that is something else \[FN-2\].
    #[inline]
    pub(crate) fn reply_tuple(&self, local: Option<Endpoint>) -> Tuple<A> {
        let Tuple { client, virtual_address, client_port, virtual_port, protocol, .. } = self.tuple;
        let (address, port) = match self.course.method() {
            Method::Nat | Method::FullNat => (self.server, self.server_port),
            Method::DirectRoute | Method::Tunnel => (virtual_address, virtual_port),
        };
        let local = local.and_then(|local| Some((A::of(local.address)?, local.port)));
        let (seen, seen_port) = local.unwrap_or((client, client_port));
        Tuple {
            client: address,
            virtual_address: seen,
            client_port: port,
            virtual_port: seen_port,
            protocol,
            template: false,
        }
    }

    /// Where its packets go, if nothing more is to be known for that: of a tunnel its kind, of what
    /// has a rare part its local address.
    #[inline]
    pub(crate) fn plain_hop(&self) -> Option<Hop> {
        let method = self.course.method();
        let is_plain = match method {
            Method::Nat => true,
            Method::DirectRoute => !self.is_bypass() && !self.course.flags.has(Flags::RARE),
            Method::Tunnel | Method::FullNat => false,
        };
        is_plain.then(|| Hop::new(method, self.server.ip(), self.server_port))
    }

    /// Whether it has no destination because it goes past them all; its hop has no address then
    /// \[SVC-12\].
    #[inline]
    pub(crate) fn is_bypass(&self) -> bool {
        self.course.method() == Method::DirectRoute && self.server == A::UNSPECIFIED
    }

    /// Whom its real server's packets come from in the client's eyes.
    pub(crate) fn origin(&self) -> Origin {
        let Tuple { virtual_address, virtual_port, client, client_port, .. } = self.tuple;
        let (method, address) = (self.course.method(), virtual_address.ip());
        let to_client = || Endpoint { address: client.ip(), port: client_port };
        let client = (method == Method::FullNat).then(to_client);
        Origin { method, address, port: virtual_port, client }
    }
}

/// The course that a connection or template takes, whatever its family.
///
/// It has no generations: a destination outlives its connections, for it counts them [DST-6], and
/// what controls others outlives them [TPL-10] but for what ends with them [TPL-14].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Course {
    /// The tick at which its time is over; the upper half first.
    due: [u32; 2],
    /// The place of its destination, or [`NO_DEST`](Self::NO_DEST).
    pub(crate) dest: u32,
    /// Packets from its client, or through a template those of connections of one packet \[IN-6\].
    pub(crate) in_packets: u32,
    pub(crate) timeout_secs: u32,
    /// Connections made through it and still there: `n_control` \[TPL-8\].
    pub(crate) controlled: u32,
    /// The template it was made through.
    pub(crate) controller: Option<ConnId>,
    /// The mark of the packet that it was made for, or where that stands [`Flags::RARE`].
    pub(crate) mark: u32,
    /// Its neighbors among the connections of its destination: the older one, the newer one.
    pub(crate) older: Option<ConnId>,
    pub(crate) newer: Option<ConnId>,
    pub(crate) state: State,
    pub(crate) flags: Flags,
    level: u8,
}

impl Course {
    /// Of what has no destination.
    pub(crate) const NO_DEST: u32 = u32::MAX;
    /// The level of what was never armed.
    const UNARMED: u8 = u8::MAX;

    pub(crate) const BLANK: Self = Self {
        due: [0; 2],
        dest: Self::NO_DEST,
        in_packets: 0,
        timeout_secs: 0,
        controlled: 0,
        controller: None,
        mark: 0,
        older: None,
        newer: None,
        state: State::Udp,
        flags: Flags(0),
        level: Self::UNARMED,
    };

    /// As it begins, not armed yet, nor told of what is rare.
    pub(crate) const fn of(conn: &Conn) -> Self {
        let mut course = Self {
            dest: place_of(conn.dest),
            in_packets: conn.in_packets,
            timeout_secs: conn.timeout_secs,
            controller: conn.controller,
            mark: conn.mark,
            state: conn.state,
            ..Self::BLANK
        };
        course.set_method(conn.hop.method);
        course.flags.set(Flags::ACTIVE, conn.active);
        course.flags.set(Flags::INPUT_ONLY, conn.input_only);
        course.flags.set(Flags::SYNCED, conn.synced);
        course
    }

    pub(crate) const fn is_template(&self) -> bool {
        matches!(self.state, State::Template { .. })
    }

    /// When it ends, if its timer was ever armed.
    #[inline]
    pub(crate) const fn alarm(&self) -> Option<Alarm> {
        if self.level == Self::UNARMED { None } else { Some(self.last_alarm()) }
    }

    /// The same of what was armed.
    #[inline]
    pub(crate) const fn last_alarm(&self) -> Alarm {
        let [high, low] = self.due;
        Alarm { due: (high as u64) << 32 | low as u64, level: self.level }
    }

    #[inline]
    pub(crate) const fn set_alarm(&mut self, alarm: Alarm) {
        self.due = [(alarm.due >> 32) as u32, alarm.due as u32];
        self.level = alarm.level;
    }

    #[inline]
    pub(crate) const fn method(&self) -> Method {
        match self.flags.0 & Flags::METHOD {
            1 => Method::DirectRoute,
            2 if cfg!(feature = "tunnels") => Method::Tunnel,
            3 if cfg!(feature = "full-nat") => Method::FullNat,
            _ => Method::Nat,
        }
    }

    pub(crate) const fn set_method(&mut self, method: Method) {
        self.flags.0 = self.flags.0 & !Flags::METHOD | method as u8;
    }

    /// Where its rare part is, if it has one.
    #[inline]
    pub(crate) const fn rare(&self) -> Option<u32> {
        if self.flags.has(Flags::RARE) { Some(self.mark) } else { None }
    }
}

/// What is so of a connection or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(pub(crate) u8);

impl Flags {
    /// The bits that hold the method.
    const METHOD: u8 = 3;
    /// It counts as active for its destination \[CNT-2\].
    pub(crate) const ACTIVE: Self = Self(1 << 2);
    /// No reply was ever seen, and none is expected: NOOUTPUT \[DIR-1\] \[DIR-2\].
    pub(crate) const INPUT_ONLY: Self = Self(1 << 3);
    /// Another director told of it \[BK-5\].
    pub(crate) const SYNCED: Self = Self(1 << 4);
    /// A template that is no longer good \[TPL-12\].
    pub(crate) const INVALID: Self = Self(1 << 5);
    /// It has an entry among the replies.
    pub(crate) const IN_REPLIES: Self = Self(1 << 6);
    /// It has a rare part.
    pub(crate) const RARE: Self = Self(1 << 7);

    #[inline]
    pub(crate) const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    /// Sets or clears `flag`, and says whether it was set.
    #[inline]
    pub(crate) const fn set(&mut self, flag: Self, is_set: bool) -> bool {
        let was_set = self.has(flag);
        self.0 = if is_set { self.0 | flag.0 } else { self.0 & !flag.0 };
        was_set
    }
}

#[cfg(test)]
mod tests {
    use core::mem::{align_of, size_of};
    use core::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn one_cache_line_for_ipv4_and_two_for_ipv6() {
        assert_eq!((size_of::<Entry<Ipv4Addr>>(), align_of::<Entry<Ipv4Addr>>()), (64, 64));
        assert_eq!((size_of::<Entry<Ipv6Addr>>(), align_of::<Entry<Ipv6Addr>>()), (128, 64));
    }

    #[test]
    fn methods_and_flags_keep_out_of_each_others_way() {
        for method in [Method::Nat, Method::DirectRoute, Method::Tunnel, Method::FullNat] {
            let mut course = Course::BLANK;
            assert!(!course.flags.set(Flags::RARE, true));
            assert!(!course.flags.set(Flags::ACTIVE, true));
            course.set_method(method);
            assert_eq!((course.method(), course.rare()), (method, Some(0)));
            assert!(course.flags.set(Flags::RARE, false));
            assert_eq!((course.method(), course.rare()), (method, None));
        }
    }
}
