//! Defences against too many connections (section 4.10).

use core::ops::Range;
use core::time::Duration;

use lvs_proto::{Family, Instant};

use super::Director;
use crate::conns::{Conns, Course};
use crate::{ConnId, Defence, Defences, SctpState, State, TcpState, Timers};

/// How often room is looked at \[DEF-1\].
const PERIOD: Duration = Duration::from_secs(1);
/// One bucket in so many is looked at each time \[DEF-2\]. A bucket is a group of the table, of some
/// twelve connections when that is full.
const BUCKETS_PER_LOOK: usize = 32;
/// As many are looked at by a packet that finds the table full.
const LOOKS_PER_PACKET: usize = 8;
/// A connection that had a packet so lately is not idle \[DEF-2\].
const IDLE: Duration = Duration::from_secs(60);
/// One with more packets than this is worth keeping \[DEF-2\].
const FEW_PACKETS: usize = 8;

/// What the defences remember.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// When room is looked at next; `None` if no defence asks for it.
    deadline: Option<Instant>,
    /// When it was looked at last.
    looked: Instant,
    /// Buckets that are still to be looked at since then \[DEF-2\].
    looks: usize,
    scarce: bool,
    /// One packet in so many is dropped while room is scarce.
    rate: u32,
    /// New connections until the next one that is dropped.
    packets: u32,
    /// The same by packets seen, for connections that are idle.
    idle: [usize; FEW_PACKETS],
    random: Random,
}

impl Guard {
    pub(super) const fn new(seed: [u64; 2]) -> Self {
        let [one, other] = seed;
        let random = Random(one ^ other.rotate_left(32));
        Self {
            deadline: None,
            looked: Instant::EPOCH,
            looks: 0,
            scarce: false,
            rate: 0,
            packets: 0,
            idle: [0; FEW_PACKETS],
            random,
        }
    }

    /// When [`look_around`](Director::look_around) is wanted: as long as it has not come to an end,
    /// since it began.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        if self.looks > 0 { Some(self.looked) } else { self.deadline }
    }

    /// \[DEF-5\]
    pub(super) const fn is_secure(&self, defences: &Defences) -> bool {
        defences.secure_tcp.is_on(self.scarce)
    }

    /// Whether this is one of the packets that are dropped \[DEF-3\].
    pub(super) const fn drops_packet(&mut self, defences: &Defences) -> bool {
        let rate = match defences.drop_packet {
            Defence::Off => 0,
            Defence::On => defences.am_droprate,
            Defence::Automatic => self.rate,
        };
        if rate == 0 {
            return false;
        }
        self.packets = self.packets.saturating_sub(1);
        if self.packets > 0 {
            return false;
        }
        self.packets = rate;
        true
    }

    /// \[DEF-1\]
    pub(super) fn look(
        &mut self,
        conns: &Conns,
        timers: Timers,
        defences: &Defences,
        now: Instant,
    ) {
        let threshold = defences.amemthresh;
        let room = conns.least_room();
        self.scarce = room < threshold;
        let rate = threshold.checked_div(threshold.saturating_sub(room)).unwrap_or(0);
        if self.scarce && defences.drop_packet == Defence::Automatic {
            (self.rate, self.packets) = (rate, rate);
        } else {
            self.rate = 0;
        }
        let modes = [defences.drop_entry, defences.drop_packet, defences.secure_tcp];
        let wanted = modes.contains(&Defence::Automatic) || defences.drop_entry == Defence::On;
        self.deadline = wanted.then(|| timers.deadline(now, PERIOD));
        (self.looked, self.looks) = (now, 0);
    }

    /// Whether a connection is one of those that may end before their time \[DEF-2\].
    fn drops(&mut self, conn: &Course, one_packet: bool, idle: Duration) -> bool {
        if conn.controlled > 0 {
            return false;
        }
        match conn.state {
            State::Template { assured } if !one_packet => !assured,
            State::Tcp(TcpState::SynRecv | TcpState::SynAck)
            | State::Sctp(SctpState::Init1 | SctpState::Init) => true,
            State::Tcp(TcpState::Established) | State::Sctp(SctpState::Established) => {
                self.is_nth(conn, idle)
            }
            State::Tcp(_) | State::Sctp(_) => false,
            State::Udp | State::Template { .. } => self.is_nth(conn, idle),
        }
    }

    /// Of idle connections of n packets, every n-th.
    fn is_nth(&mut self, conn: &Course, idle: Duration) -> bool {
        let packets = conn.in_packets as usize;
        let left = packets.checked_sub(1).and_then(|packets| self.idle.get_mut(packets));
        let Some(left) = left.filter(|_| idle >= IDLE) else { return false };
        if let Some(fewer) = left.checked_sub(1) {
            *left = fewer;
            return false;
        }
        *left = packets - 1;
        true
    }
}

impl Director {
    /// Sets the defences from now on.
    pub fn set_defences(&mut self, now: Instant, defences: Defences) {
        let now = self.advance(now);
        self.config.defences = defences;
        self.guard.look(&self.conns, self.config.timers, &defences, now);
    }

    /// Looks at the room; then, if there is too little, at one bucket after the other.
    pub(super) fn look_around(&mut self, now: Instant) {
        let Self { config, conns, guard, .. } = self;
        if let Some(left) = guard.looks.checked_sub(1) {
            guard.looks = left;
            self.drop_entries(now, 1, 0..self.conns.buckets());
            return;
        }
        guard.look(conns, config.timers, &config.defences, now);
        if config.defences.drop_entry.is_on(guard.scarce) {
            guard.looks = conns.buckets() / BUCKETS_PER_LOOK;
        }
    }

    /// Makes room in the full table of a family, if the defences are to do so and find something.
    pub(super) fn make_room(&mut self, now: Instant, family: Family) {
        if self.config.defences.drop_entry.is_on(true) {
            self.drop_entries(now, LOOKS_PER_PACKET, self.conns.buckets_of(family));
        }
    }

    /// Looks at so many of some buckets, by chance \[DEF-2\].
    fn drop_entries(&mut self, now: Instant, looks: usize, buckets: Range<usize>) {
        for _ in 0..looks {
            let random = self.guard.random.next();
            let Some(bucket) = random.checked_rem(buckets.len() as u64) else { return };
            for id in self.conns.bucket(buckets.start + bucket as usize) {
                // A template may have gone with its last connection.
                if self.conns.is_taken(id) && self.is_dropped(now, id) {
                    self.force_end(id, |controller| {
                        controller.state != State::Template { assured: true }
                    });
                }
            }
        }
    }

    fn is_dropped(&mut self, now: Instant, id: ConnId) -> bool {
        let Self { conns, guard, dests, services, .. } = self;
        let Some(course) = conns.course(id) else { return false };
        let dest = dests.get(conns.dest(course.dest));
        let service = dest.and_then(|dest| services.get(dest.service()?));
        let one_packet = service.is_some_and(|service| service.config.one_packet);
        guard.drops(course, one_packet, conns.idle(now, course))
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014): chance enough to choose a bucket.
#[derive(Clone, Copy, Debug)]
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
