//! Those that look an address up in a table of places.

use lvs_proto::Flow;

use super::List;
use crate::setting::Setting;

const SLOTS: usize = 256;

/// \[DH-1\]
#[derive(Debug)]
pub(super) struct Dh<P>(Vec<P>);

impl<P: Copy> Dh<P> {
    pub(super) fn new(list: &impl List<Place = P>) -> Self {
        Self(list.places().collect::<Vec<_>>().into_iter().cycle().take(SLOTS).collect())
    }

    /// \[DH-2\] \[DH-3\]
    #[inline]
    pub(super) fn pick(&self, list: &impl List<Place = P>, flow: &Flow) -> Option<P> {
        let slot = spread(destination(flow), 8);
        eligible(list, *self.0.get(slot as usize)?)
    }
}

/// \[SH-1\]
#[derive(Debug)]
pub(super) struct Sh<P>(Vec<P>);

impl<P: Copy> Sh<P> {
    /// \[SH-2\]
    pub(super) fn new(list: &impl List<Place = P>) -> Self {
        let runs = list.iter().flat_map(|(place, settings, _)| {
            std::iter::repeat_n(place, settings.weight.get().max(1) as usize)
        });
        let runs: Vec<_> = runs.take(SLOTS).collect();
        Self(runs.into_iter().cycle().take(SLOTS).collect())
    }

    /// \[SH-4\] \[SH-5\]
    #[inline]
    pub(super) fn pick(&self, list: &impl List<Place = P>, flow: &Flow) -> Option<P> {
        let slot = spread(source(flow), 8);
        eligible(list, *self.0.get(slot as usize)?)
    }
}

/// The two keys of \[MH-2\].
const KEYS: [u64; 2] = [2_654_435_761, 2_654_446_892];

#[derive(Debug)]
pub(super) struct Mh<P> {
    /// As many as there are slots.
    slots: Vec<Option<P>>,
}

impl<P: Copy> Mh<P> {
    pub(super) fn new(list: &impl List<Place = P>, slots: u32) -> Self {
        let mut mh = Self { slots: vec![None; slots as usize] };
        mh.rebuild(list);
        mh
    }

    /// \[MH-5\] to \[MH-8\]; all ports are 80.
    pub(super) fn rebuild(&mut self, list: &impl List<Place = P>) {
        let size = self.slots.len() as u32;
        let weights = || list.iter().map(|(_, settings, _)| settings.last_weight.get());
        let unit = weights().fold(0, gcd);
        self.slots.fill(None);
        let places: Vec<_> = list.places().collect();
        if unit == 0 || places.len() > self.slots.len() {
            return;
        }
        let bits = i32::BITS - (weights().max().unwrap_or(0) / unit).leading_zeros();
        let shift = bits.saturating_sub(table_bits(size));
        let mut members: Vec<_> = weights()
            .zip(0..)
            .map(|(weight, place)| {
                let turns = ((weight / unit) >> shift).max(i32::from(weight != 0));
                let word = fold(Setting::address(place)) + 80;
                let [offset, skip] = KEYS.map(|key| hash(key, word));
                (turns, offset % size, skip % (size - 1) + 1)
            })
            .collect();
        let mut claimed = 0;
        loop {
            for (&place, (turns, cursor, skip)) in places.iter().zip(&mut members) {
                for _ in 0..*turns {
                    while self.slots[*cursor as usize].is_some() {
                        *cursor += *skip;
                        if *cursor >= size {
                            *cursor -= size;
                        }
                    }
                    self.slots[*cursor as usize] = Some(place);
                    claimed += 1;
                    if claimed == size {
                        return;
                    }
                }
            }
        }
    }

    /// \[MH-10\]
    #[inline]
    pub(super) fn pick(&self, list: &impl List<Place = P>, flow: &Flow) -> Option<P> {
        let slot = hash(KEYS[0], source(flow)) as usize % self.slots.len();
        eligible(list, self.slots[slot]?)
    }
}

/// The bits of the most slots in one turn: half the index of the table size \[MH-1\].
const fn table_bits(slots: u32) -> u32 {
    (u32::BITS - slots.leading_zeros()) / 2
}

/// SipHash-1-3 of four octets, spelled out \[MH-3\].
#[inline]
const fn hash(key: u64, word: u32) -> u32 {
    let v = [
        0x736f_6d65_7073_6575,
        0x646f_7261_6e64_6f6d,
        0x6c79_6765_6e65_7261,
        0x7465_6462_7974_6573,
    ];
    let mut v = [v[0] ^ key, v[1] ^ key, v[2] ^ key, v[3] ^ key];
    let last = 4 << 56 | word as u64;
    v[3] ^= last;
    v = round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    v = round(round(round(v)));
    (v[0] ^ v[1] ^ v[2] ^ v[3]) as u32
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

#[inline]
fn eligible<L: List>(list: &L, place: L::Place) -> Option<L::Place> {
    list.get(place).0.is_eligible().then_some(place)
}

/// \[CONV-6\]
#[inline]
pub(super) const fn spread(value: u32, bits: u32) -> u32 {
    value.wrapping_mul(0x61c8_8647) >> (32 - bits)
}

#[inline]
pub(super) fn destination(flow: &Flow) -> u32 {
    fold(flow.destination())
}

#[inline]
fn source(flow: &Flow) -> u32 {
    fold(flow.source())
}

/// \[CONV-5\]; there is no IPv6 here.
#[inline]
fn fold(address: std::net::IpAddr) -> u32 {
    match address {
        std::net::IpAddr::V4(v4) => v4.to_bits(),
        std::net::IpAddr::V6(_) => 0,
    }
}

pub(super) const fn gcd(a: i32, b: i32) -> i32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
