//! What goes through: counters, and how fast they grow.

use core::time::Duration;

/// What went through a destination, a service or a director \[EST-1\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statistics {
    /// Connections scheduled; templates do not count.
    pub conns: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Packets from real servers that the director saw.
    pub out_packets: u64,
    /// Octets of the packets from clients, IP headers included, as they came.
    pub in_octets: u64,
    /// Octets of the packets from real servers, IP headers included, as they went to the client.
    pub out_octets: u64,
}

impl Statistics {
    /// Counts a connection.
    pub const fn count_conn(&mut self) {
        self.conns = self.conns.wrapping_add(1);
    }

    /// Counts a packet from a client of so many octets \[EST-2\].
    pub const fn count_in(&mut self, octets: u32) {
        self.in_packets = self.in_packets.wrapping_add(1);
        self.in_octets = self.in_octets.wrapping_add(octets as u64);
    }

    /// Counts a packet to a client of so many octets \[EST-2\].
    pub const fn count_out(&mut self, octets: u32) {
        self.out_packets = self.out_packets.wrapping_add(1);
        self.out_octets = self.out_octets.wrapping_add(octets as u64);
    }
}

/// How fast counters grow: an average over some 8 s \[EST-7\]. Somebody advances it each
/// [`PERIOD`](Self::PERIOD).
///
/// ```
/// use lvs_sched::{Rates, Statistics};
///
/// let mut rates = Rates::default();
/// let counted = Statistics { conns: 100, ..Statistics::default() };
/// rates.advance(&counted);
/// assert_eq!(rates.conns_per_sec(), 12);
/// rates.advance(&counted);
/// assert_eq!(rates.conns_per_sec(), 9, "nothing more came");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rates {
    /// The counters when it was advanced last.
    last: Statistics,
    conns: Average<CONNS_AND_PACKETS>,
    in_packets: Average<CONNS_AND_PACKETS>,
    out_packets: Average<CONNS_AND_PACKETS>,
    in_octets: Average<OCTETS>,
    out_octets: Average<OCTETS>,
}

impl Rates {
    /// From one advance to the next \[EST-3\].
    pub const PERIOD: Duration = Duration::from_secs(2);

    /// One more period is over, and until now this was counted \[EST-3\].
    pub const fn advance(&mut self, counted: &Statistics) {
        let last = self.last;
        self.conns.advance(counted.conns.wrapping_sub(last.conns));
        self.in_packets.advance(counted.in_packets.wrapping_sub(last.in_packets));
        self.out_packets.advance(counted.out_packets.wrapping_sub(last.out_packets));
        self.in_octets.advance(counted.in_octets.wrapping_sub(last.in_octets));
        self.out_octets.advance(counted.out_octets.wrapping_sub(last.out_octets));
        self.last = *counted;
    }

    /// Connections scheduled per second.
    #[must_use]
    pub const fn conns_per_sec(&self) -> u64 {
        self.conns.per_sec()
    }

    /// Packets from clients per second.
    #[must_use]
    pub const fn in_packets_per_sec(&self) -> u64 {
        self.in_packets.per_sec()
    }

    /// Packets from real servers per second.
    #[must_use]
    pub const fn out_packets_per_sec(&self) -> u64 {
        self.out_packets.per_sec()
    }

    /// Octets from clients per second.
    #[must_use]
    pub const fn in_octets_per_sec(&self) -> u64 {
        self.in_octets.per_sec()
    }

    /// Octets from real servers per second.
    #[must_use]
    pub const fn out_octets_per_sec(&self) -> u64 {
        self.out_octets.per_sec()
    }
}

const CONNS_AND_PACKETS: u32 = 10;
const OCTETS: u32 = 5;

/// An average per second, in parts of which `2^SCALE` make one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Average<const SCALE: u32>(u64);

impl<const SCALE: u32> Average<SCALE> {
    /// A quarter of the way to what was counted in this period, which is of two seconds \[EST-3\].
    const fn advance(&mut self, counted: u64) {
        let rate = counted.wrapping_shl(SCALE - 1);
        let step = rate.wrapping_sub(self.0) as i64 >> 2;
        self.0 = self.0.wrapping_add_signed(step);
    }

    /// Rounded as the kernel does \[EST-4\].
    const fn per_sec(self) -> u64 {
        self.0.wrapping_add((1 << (SCALE - 1)) - 1) >> SCALE
    }
}

/// Counters and their rates; zeroing is putting the default in its place \[CTL-9\].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) statistics: Statistics,
    pub(crate) rates: Rates,
}

impl Traffic {
    pub(crate) const fn estimate(&mut self) {
        self.rates.advance(&self.statistics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn est_5_connections() {
        let mut rates = Rates::default();
        let mut counted = Statistics::default();
        let steps = [100, 100, 100, 0, 0, 0].map(|conns| {
            counted.conns += conns;
            rates.advance(&counted);
            (rates.conns.0, rates.conns_per_sec())
        });
        let averages = [12_800, 22_400, 29_600, 22_200, 16_650, 12_487];
        assert_eq!(steps.map(|(average, _)| average), averages);
        assert_eq!(steps.map(|(_, shown)| shown), [12, 22, 29, 22, 16, 12]);
    }

    #[test]
    fn est_5_octets() {
        let mut rates = Rates::default();
        let mut counted = Statistics::default();
        counted.count_in(280);
        let steps = [(); 3].map(|()| {
            rates.advance(&counted);
            (rates.in_octets.0, rates.in_octets_per_sec())
        });
        assert_eq!(steps, [(1120, 35), (840, 26), (630, 20)]);
        assert_eq!(rates.out_octets_per_sec(), 0);
    }

    #[test]
    fn each_counter_has_its_rate() {
        let mut rates = Rates::default();
        let counted =
            Statistics { conns: 8, in_packets: 16, out_packets: 24, in_octets: 32, out_octets: 40 };
        rates.advance(&counted);
        let shown = [
            rates.conns_per_sec(),
            rates.in_packets_per_sec(),
            rates.out_packets_per_sec(),
            rates.in_octets_per_sec(),
            rates.out_octets_per_sec(),
        ];
        assert_eq!(shown, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn est_3_any_counters_advance() {
        arbtest::arbtest(|u| {
            let mut rates = Rates::default();
            for _ in 0..u.int_in_range(0..=20_u8)? {
                let [conns, in_packets, out_packets, in_octets, out_octets] = u.arbitrary()?;
                let counted = Statistics { conns, in_packets, out_packets, in_octets, out_octets };
                rates.advance(&counted);
            }
            Ok(())
        });
    }
}
