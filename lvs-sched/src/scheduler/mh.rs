//! Maglev hashing: the client's address names a slot, the slot a destination; a change of the list
//! moves few slots.

use alloc::vec::Vec;

use lvs_proto::Flow;

use super::hash::client;
use super::{Change, MhTableIndex, Scheduler, SchedulerFlags, SchedulerSetup};
use crate::OutOfMemory;
use crate::dests::{DestList, Load, Loads};

/// The two keys of \[MH-2\].
const KEY_1: u64 = 2_654_435_761;
const KEY_2: u64 = 2_654_446_892;

/// No member claimed the slot.
const VACANT: u32 = u32::MAX;

#[derive(Debug)]
pub(crate) struct Mh {
    index: MhTableIndex,
    /// Places: as many as the index says, or none if there is nobody to name.
    slots: Vec<u32>,
    /// The destinations when the table was built last, in list order.
    members: Vec<Member>,
}

/// A destination while the table is built \[MH-7\].
#[derive(Clone, Copy, Debug)]
struct Member {
    place: u32,
    last_weight: u32,
    cursor: u32,
    skip: u32,
    /// Slots that it claims in each round.
    turns: u32,
}

impl Mh {
    pub(super) fn new(setup: &SchedulerSetup, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let index = setup.mh;
        let mut slots = Vec::new();
        slots.try_reserve_exact(index.slots() as usize).map_err(|_| OutOfMemory)?;
        let mut mh = Self { index, slots, members: Vec::new() };
        mh.reserve(list, list.len(), 0)?;
        mh.rebuild(list);
        Ok(mh)
    }

    /// More destinations than slots leave the table as it is \[MH-9\].
    fn rebuild(&mut self, list: DestList<'_>) {
        if list.len() > self.index.slots() as usize || self.is_of(list) {
            return;
        }
        self.slots.clear();
        self.members.clear();
        let size = self.index.slots();
        let (unit, shift) = measure(list, self.index);
        self.members.extend(list.terms().map(|(place, terms)| {
            let turns = terms.last_weight.checked_div(unit).unwrap_or(0);
            Member {
                place,
                last_weight: terms.last_weight,
                cursor: hash(KEY_1, terms.word) % size,
                skip: hash(KEY_2, terms.word) % (size - 1) + 1,
                turns: if turns == 0 { 0 } else { (turns >> shift).max(1) },
            }
        }));
        if self.members.iter().any(|member| member.turns > 0) {
            self.slots.resize(size as usize, VACANT);
            self.populate();
        }
    }

    /// Whether the table is that of `list`: a destination keeps its address.
    fn is_of(&self, list: DestList<'_>) -> bool {
        let now = list.terms().map(|(place, terms)| (place, terms.last_weight));
        self.members.iter().map(|member| (member.place, member.last_weight)).eq(now)
    }

    /// In rounds over the members, until nothing is vacant \[MH-8\].
    fn populate(&mut self) {
        let size = self.index.slots();
        let mut vacant = size;
        while vacant > 0 {
            for member in &mut self.members {
                for _ in 0..member.turns.min(vacant) {
                    while self.slots.get(member.cursor as usize).is_some_and(|at| *at != VACANT) {
                        // Both are less than the size.
                        member.cursor += member.skip;
                        if member.cursor >= size {
                            member.cursor -= size;
                        }
                    }
                    if let Some(slot) = self.slots.get_mut(member.cursor as usize) {
                        *slot = member.place;
                    }
                    vacant -= 1;
                }
            }
        }
    }

    /// \[MH-10\]
    #[inline]
    pub(super) fn pick(&self, loads: &Loads, flags: SchedulerFlags, flow: &Flow) -> Option<u32> {
        let (address, port) = client(flow, flags.contains(SchedulerFlags::MH_PORT));
        let client = address.wrapping_add(port.into());
        if flags.contains(SchedulerFlags::MH_FALLBACK) {
            return self.pick_available(loads, client);
        }
        self.first_choice(loads, client)
    }

    /// Out of line, where the hash has the registers that it wants.
    #[inline(never)]
    fn first_choice(&self, loads: &Loads, client: u32) -> Option<u32> {
        let place = self.named_by(hash(KEY_1, client))?;
        if is_available(loads, place) { Some(place) } else { None }
    }

    #[inline(never)]
    fn pick_available(&self, loads: &Loads, client: u32) -> Option<u32> {
        self.first_choice(loads, client).or_else(|| self.probe(loads, client))
    }

    /// \[MH-11\]
    fn probe(&self, loads: &Loads, client: u32) -> Option<u32> {
        // With nobody available, as many probes as slots would be in vain.
        if !self.members.iter().any(|member| is_available(loads, member.place)) {
            return None;
        }
        let (size, first) = (self.index.slots(), hash(KEY_1, client));
        let offsets = (0..size).map(|probe| (first % size + probe) % size);
        let mut named = offsets.map_while(|at| self.named_by(hash(KEY_1, client.wrapping_add(at))));
        named.find(|place| is_available(loads, *place))
    }

    #[inline]
    fn named_by(&self, hash: u32) -> Option<u32> {
        let slot = hash.checked_rem(self.slots.len() as u32)?;
        self.slots.get(slot as usize).copied()
    }
}

impl Scheduler for Mh {
    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }

    fn reserve(
        &mut self,
        _list: DestList<'_>,
        dests: usize,
        _weight: u32,
    ) -> Result<(), OutOfMemory> {
        let more = dests.saturating_sub(self.members.len());
        self.members.try_reserve(more).map_err(|_| OutOfMemory)
    }

    /// A table that could not be built anew may name a destination that was deleted \[MH-9\].
    fn references(&self) -> usize {
        self.members.len()
    }

    fn reference(&self, index: usize) -> Option<u32> {
        self.members.get(index).map(|member| member.place)
    }
}

/// The unit in which the latest weights other than 0 are measured, and the bits that all lose so
/// that the heaviest does not fill the table in one turn \[MH-5\] \[MH-6\].
fn measure(list: DestList<'_>, index: MhTableIndex) -> (u32, u32) {
    let weights = || list.terms().map(|(_, terms)| terms.last_weight);
    let unit = weights().fold(0, super::gcd);
    let highest = weights().max().unwrap_or(0).checked_div(unit).unwrap_or(0);
    let bits = u32::BITS - highest.leading_zeros();
    (unit, bits.saturating_sub(index.bits()))
}

#[inline]
fn is_available(loads: &Loads, place: u32) -> bool {
    loads.at(place).is_some_and(Load::is_eligible)
}

/// SipHash-1-3 of four octets, as on a 64-bit little-endian machine, whatever this one is \[MH-2\]
/// \[MH-3\].
#[inline]
const fn hash(key: u64, word: u32) -> u32 {
    let last = 4 << 56 | word as u64;
    let [a, b, c, d] = [
        0x736f_6d65_7073_6575 ^ key,
        0x646f_7261_6e64_6f6d ^ key,
        0x6c79_6765_6e65_7261 ^ key,
        0x7465_6462_7974_6573 ^ key,
    ];
    let [a, b, c, d] = round([a, b, c, d ^ last]);
    let [a, b, c, d] = round(round(round([a ^ last, b, c ^ 0xff, d])));
    (a ^ b ^ c ^ d) as u32
}

#[inline]
const fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::hash::{fold, fold_as};
    use crate::{DestConfig, Pool, PoolConfig, SchedulerKind};
    use lvs_proto::{AddressPair, Family, Instant, TcpFlags};
    use std::net::{IpAddr, Ipv4Addr};
    use std::vec::Vec;

    fn address(text: &str) -> u32 {
        fold(text.parse().unwrap())
    }

    /// What is hashed \[MH-2\].
    fn word(address: u32, port: u16, offset: u32) -> u32 {
        offset.wrapping_add(port.into()).wrapping_add(address)
    }

    #[test]
    fn mh_4_test_values() {
        assert_eq!(hash(KEY_1, word(address("192.168.1.1"), 0, 0)), 0xd3f1_b4d3);
        assert_eq!(hash(KEY_1, word(address("10.0.0.1"), 0, 0)), 0x0308_0ce4);
        assert_eq!(hash(KEY_1, word(address("192.168.1.1"), 40_000, 0)), 0x05cb_07ea);
        assert_eq!(hash(KEY_1, word(address("2001:db8::1"), 0, 0)), 0xcdc3_f189);
        assert_eq!(0xd3f1_b4d3_u32 % 4093, 2456);
        assert_eq!(0x0308_0ce4_u32 % 4093, 3711);
    }

    #[test]
    fn mh_7_the_family_of_the_service_decides() {
        let v6 = "2001:db8::1".parse().unwrap();
        assert_eq!(fold_as(Some(Family::V4), v6), 0x2001_0db8);
        assert_eq!(fold_as(Some(Family::V6), v6), 0x2001_0db9);
        assert_eq!(fold_as(None, v6), 0x2001_0db9);
        assert_eq!(fold_as(Some(Family::V6), [10, 0, 0, 1].into()), 0x0a00_0001);
    }

    /// Offset and skip, last weight, port of each destination: the table of \[MH-6\] to \[MH-8\] by
    /// taking each sentence literally.
    fn literal(index: u8, list: &[(u32, u16, u32)]) -> Vec<Option<usize>> {
        let size = MhTableIndex::try_from(index).unwrap().slots() as usize;
        let mut table = std::vec![None; size];
        let weights: Vec<u32> = list.iter().map(|dest| dest.2).collect();
        let top = weights.iter().copied().max().unwrap_or(0);
        if top == 0 {
            return table;
        }
        let unit = weights.iter().copied().filter(|weight| *weight > 0).fold(0, super::super::gcd);
        let bits = (0..33).find(|bits| u64::from(top / unit) < 1 << bits).unwrap();
        let shift = i64::max(0, bits - i64::from(index / 2));
        let mut cursors: Vec<usize> =
            list.iter().map(|dest| hash(KEY_1, word(dest.0, dest.1, 0)) as usize % size).collect();
        let mut claimed = 0;
        loop {
            for (place, &(address, port, weight)) in list.iter().enumerate() {
                let skip = hash(KEY_2, word(address, port, 0)) as usize % (size - 1) + 1;
                let turns = match (weight / unit) >> shift {
                    0 if weight != 0 => 1,
                    turns => turns,
                };
                for _ in 0..turns {
                    while table[cursors[place]].is_some() {
                        cursors[place] += skip;
                        if cursors[place] >= size {
                            cursors[place] -= size;
                        }
                    }
                    table[cursors[place]] = Some(place);
                    claimed += 1;
                    if claimed == size {
                        return table;
                    }
                }
            }
        }
    }

    fn pool(index: u8, flags: SchedulerFlags) -> Pool {
        let scheduler = SchedulerKind::Mh;
        let mh = index.try_into().unwrap();
        let config = PoolConfig { scheduler, flags, mh, ..PoolConfig::default() };
        Pool::new(Instant::EPOCH, config).unwrap()
    }

    fn flow(source: Ipv4Addr, port: u16) -> Flow {
        let addresses = AddressPair::V4 { source, destination: [10, 0, 0, 1].into() };
        Flow::tcp(addresses, port, 80, TcpFlags::SYN)
    }

    #[test]
    fn mh_12_worked_example() {
        let at = |number| address("10.2.3.0") + number;
        let list = [(at(3), 80, 5), (at(2), 80, 2), (at(1), 80, 1)];
        let cursors = list.map(|(address, port, _)| {
            (
                hash(KEY_1, word(address, port, 0)) % 4093,
                hash(KEY_2, word(address, port, 0)) % 4092 + 1,
            )
        });
        assert_eq!(cursors, [(2405, 3934), (104, 284), (3139, 1812)]);
        let table = literal(12, &list);
        let count = |place| table.iter().filter(|slot| **slot == Some(place)).count();
        assert_eq!([0, 1, 2].map(count), [2560, 1022, 511]);
        assert_eq!(table[..10], [0, 0, 1, 1, 2, 2, 0, 0, 0, 0].map(Some));

        for (flags, expected) in
            [(SchedulerFlags::NONE, None), (SchedulerFlags::MH_FALLBACK, Some(3))]
        {
            let mut pool = pool(12, flags);
            let ids = [(1_u8, 1), (2, 2), (3, 5)].map(|(number, weight)| {
                let dest = DestConfig::new([10, 2, 3, number].into(), 80);
                pool.add_dest(Instant::EPOCH, DestConfig { weight, ..dest }).unwrap()
            });
            let flow = flow([10, 0, 0, 1].into(), 1);
            assert_eq!(pool.pick(Instant::EPOCH, &flow), Some(ids[1]));
            let quiesced = DestConfig::new([10, 2, 3, 2].into(), 80);
            pool.edit_dest(Instant::EPOCH, DestConfig { weight: 0, ..quiesced }).unwrap();
            let expected = expected.map(|number: usize| ids[number - 1]);
            assert_eq!(pool.pick(Instant::EPOCH, &flow), expected);
        }
    }

    #[test]
    fn mh_5_to_mh_11_equal_their_restatement() {
        arbtest::arbtest(|u| {
            let index = u.int_in_range(8..=10)?;
            let flags = *u.choose(&[
                SchedulerFlags::NONE,
                SchedulerFlags::MH_PORT,
                SchedulerFlags::MH_FALLBACK,
                SchedulerFlags::MH_FALLBACK.with(SchedulerFlags::MH_PORT),
            ])?;
            let mut pool = pool(index, flags);
            // Address, port, current and last weight, the newest first.
            let mut list: Vec<(IpAddr, u16, u32, u32)> = Vec::new();
            for number in 0..u.int_in_range(1..=6_u8)? {
                let weight = *u.choose(&[0, 1, 2, 6, 900, DestConfig::MAX_WEIGHT])?;
                let (address, port) = (IpAddr::from([10, 2, 3, number]), u.arbitrary()?);
                let dest = DestConfig { weight, ..DestConfig::new(address, port) };
                pool.add_dest(Instant::EPOCH, dest).unwrap();
                list.insert(0, (address, port, weight, weight));
            }
            for dest in &mut list {
                if u.arbitrary()? {
                    dest.2 = *u.choose(&[0, 0, 3, 10])?;
                    dest.3 = if dest.2 == 0 { dest.3 } else { dest.2 };
                    let config = DestConfig { weight: dest.2, ..DestConfig::new(dest.0, dest.1) };
                    pool.edit_dest(Instant::EPOCH, config).unwrap();
                }
            }
            let facts: Vec<_> = list.iter().map(|dest| (fold(dest.0), dest.1, dest.3)).collect();
            let table = literal(index, &facts);
            for _ in 0..20 {
                let (source, port) = (Ipv4Addr::from_bits(u.arbitrary()?), u.arbitrary()?);
                let counted = if flags.contains(SchedulerFlags::MH_PORT) { port } else { 0 };
                let key = |offset| hash(KEY_1, word(source.to_bits(), counted, offset)) as usize;
                let at = |hash: usize| table[hash % table.len()];
                let good = |place: &usize| list[*place].2 > 0;
                let mut expected = at(key(0)).filter(good);
                if expected.is_none() && flags.contains(SchedulerFlags::MH_FALLBACK) {
                    let first = key(0) % table.len();
                    let probes = (0..table.len()).map(|probe| (probe + first) % table.len());
                    expected = probes.map_while(|r| at(key(r as u32))).find(good);
                }
                let expected = expected.map(|place| pool.dests().nth(place).unwrap().0);
                assert_eq!(pool.pick(Instant::EPOCH, &flow(source, port)), expected);
            }
            Ok(())
        });
    }

    #[test]
    fn mh_9_more_destinations_than_slots_leave_the_table() {
        let mut pool = pool(8, SchedulerFlags::NONE);
        let flow = flow([192, 0, 2, 1].into(), 1);
        let add = |pool: &mut Pool, number: u8, net: u8| {
            pool.add_dest(Instant::EPOCH, DestConfig::new([10, 2, net, number].into(), 80)).unwrap()
        };
        for number in 0..251_u16 {
            add(&mut pool, number as u8, 1);
        }
        let picked = pool.pick(Instant::EPOCH, &flow);
        assert!(picked.is_some());
        for number in 0..100 {
            add(&mut pool, number, 2);
            assert_eq!(pool.pick(Instant::EPOCH, &flow), picked);
        }
    }
}
