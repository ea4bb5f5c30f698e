//! Destinations, their weights and their connections, alike for everybody who is measured.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use lvs_proto::{AddressPair, Flow, TcpFlags};
use lvs_sched::SchedulerKind;

use crate::churn::{Churn, Random, Scheduler};

/// The virtual address of every flow.
pub const VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

/// How weights are spread over the destinations, and whether all of them have work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// Every weight is 1.
    Equal,
    /// 1 to 100.
    Random,
    /// One of 1000 in the middle of the list, the rest 1.
    Skewed,
    /// 1 to 65535.
    Wide,
    /// 1 to 100, and no destination is ever idle.
    Busy,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Equal, Self::Random, Self::Skewed, Self::Wide, Self::Busy];
}

impl Shape {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Random => "random",
            Self::Skewed => "skewed",
            Self::Wide => "wide",
            Self::Busy => "busy",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One case: which scheduler over which destinations.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Who picks.
    pub kind: SchedulerKind,
    /// How the weights are spread.
    pub shape: Shape,
    /// In list order.
    pub weights: Vec<u32>,
    /// Slots of the table of `mh`.
    pub mh_slots: u32,
}

impl Setting {
    /// So many destinations.
    #[must_use]
    pub fn new(kind: SchedulerKind, dests: u32, shape: Shape) -> Self {
        let mut random = Random::default();
        let weight = |place| match shape {
            Shape::Skewed if place == dests / 2 => 1000,
            Shape::Equal | Shape::Skewed => 1,
            Shape::Random | Shape::Busy => random.below(100) as u32 + 1,
            Shape::Wide => random.below(65_535) as u32 + 1,
        };
        Self { kind, shape, weights: (0..dests).map(weight).collect(), mh_slots: 4093 }
    }

    /// Whether the scheduler remembers addresses.
    #[must_use]
    pub const fn remembers(&self) -> bool {
        matches!(self.kind, SchedulerKind::Lblc | SchedulerKind::Lblcr)
    }

    /// The address of the destination at a place of the list.
    #[must_use]
    pub fn address(place: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0001 + place).into()
    }

    /// The connections that are there from the start, four active and four inactive ones for each
    /// destination on average, where the scheduler would have put most of them.
    pub fn churn<S: Scheduler>(&self, scheduler: &mut S) -> Churn<S::Dest> {
        let dests = scheduler.dests();
        let count = dests.len();
        if self.shape == Shape::Busy {
            dests.iter().for_each(|&dest| scheduler.opened(dest));
        }
        if self.kind == SchedulerKind::Nq && self.shape != Shape::Busy {
            // With idle destinations `nq` fills the list from its head.
            let active = count.div_ceil(2);
            let inactive = dests.iter().cycle().take(4 * count);
            return Churn::new(scheduler, dests[..active].iter().copied(), inactive.copied());
        }
        let mut random = Random::default();
        let mut conns = || {
            let mut places: Vec<_> = self.by_weight(4 * count).map(|place| dests[place]).collect();
            random.shuffle(&mut places);
            places.into_iter()
        };
        Churn::new(scheduler, conns(), conns())
    }

    /// So many connections, each destination's in proportion to its weight, or equally if the
    /// scheduler asks for no weight.
    fn by_weight(&self, conns: usize) -> impl Iterator<Item = usize> {
        let weightless = self.kind == SchedulerKind::Lc;
        let shares = self.weights.iter().map(move |&weight| if weightless { 1 } else { weight });
        let total: u64 = shares.clone().map(u64::from).sum();
        let mut before = 0_u64;
        shares.enumerate().flat_map(move |(place, share)| {
            let reached = |sum: u64| (sum * conns as u64 + total / 2) / total;
            let first = reached(before);
            before += u64::from(share);
            std::iter::repeat_n(place, (reached(before) - first) as usize)
        })
    }
}

/// The first packet of the `number`th client, to the `number`th address beyond.
#[must_use]
pub fn flow(number: u32) -> Flow {
    let spread = number.wrapping_mul(0x9e37_79b9);
    let source = Ipv4Addr::from_bits(0xc633_6400 ^ spread);
    let destination = Ipv4Addr::from_bits(0xcb00_7100 ^ spread);
    Flow::tcp(AddressPair::V4 { source, destination }, 40_000, 80, TcpFlags::SYN)
}
