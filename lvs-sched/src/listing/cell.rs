//! Numbers in columns that are nine wide.

use core::fmt;

use crate::{Rates, Statistics};

/// Five numbers of a line: connections, packets in and out, octets in and out.
pub(super) struct Cells {
    numbers: [u64; 5],
    exact: bool,
}

impl Cells {
    pub(super) const fn of_statistics(counted: &Statistics, exact: bool) -> Self {
        let Statistics { conns, in_packets, out_packets, in_octets, out_octets } = *counted;
        Self { numbers: [conns, in_packets, out_packets, in_octets, out_octets], exact }
    }

    pub(super) const fn of_rates(rates: &Rates, exact: bool) -> Self {
        let numbers = [
            rates.conns_per_sec(),
            rates.in_packets_per_sec(),
            rates.out_packets_per_sec(),
            rates.in_octets_per_sec(),
            rates.out_octets_per_sec(),
        ];
        Self { numbers, exact }
    }
}

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = if self.exact { write_exact } else { write_short };
        self.numbers.into_iter().try_for_each(|number| write(f, number))
    }
}

/// Up to eight digits and a unit \[OUT-4\].
fn write_short(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    let (unit, suffix) = match number {
        ..100_000_000 => return write!(f, "{number:>9}"),
        100_000_000..1_000_000_000 => (1_000, 'K'),
        1_000_000_000..100_000_000_000 => (1_000_000, 'M'),
        100_000_000_000..100_000_000_000_000 => (1_000_000_000, 'G'),
        _ => (1_000_000_000_000, 'T'),
    };
    write!(f, "{:>8}{suffix}", number / unit)
}

/// A column grows, and keeps its distance \[OUT-4\].
fn write_exact(f: &mut fmt::Formatter<'_>, number: u64) -> fmt::Result {
    write!(f, " {number:>8}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn shown(number: u64, exact: bool) -> std::string::String {
        let text = Cells { numbers: [number; 5], exact }.to_string();
        let (first, _) = text.split_at(text.len() / 5);
        assert_eq!(text, first.repeat(5));
        first.into()
    }

    #[test]
    fn out_4_number_cells() {
        for (number, expected) in [
            (0, "        0"),
            (99_999_999, " 99999999"),
            (100_000_000, "  100000K"),
            (999_999_999, "  999999K"),
            (1_000_000_000, "    1000M"),
            (99_999_999_999, "   99999M"),
            (100_000_000_000, "     100G"),
            (99_999_999_999_999, "   99999G"),
            (100_000_000_000_000, "     100T"),
            (u64::MAX, "18446744T"),
        ] {
            assert_eq!(shown(number, false), expected);
        }
    }

    #[test]
    fn out_4_exact_cells() {
        for (number, expected) in [
            (0, "        0"),
            (99_999_999, " 99999999"),
            (100_000_000, " 100000000"),
            (u64::MAX, " 18446744073709551615"),
        ] {
            assert_eq!(shown(number, true), expected);
        }
    }
}
