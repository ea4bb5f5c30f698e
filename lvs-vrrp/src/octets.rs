//! Values as octets: one after the other, numbers in network order, each type in as many octets
//! whatever the value is. No value is written in two ways.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use core::{array, mem};

use lvs_proto::Instant;
use lvs_proto::vrrp::{AdvertInterval, ChecksumAccept, ChecksumForm, Priority, Version, Vrid};

/// What can be written as octets and read again.
pub(crate) trait Stored: Sized {
    /// Octets that it takes.
    const LEN: usize;

    /// Writes it to the front of `out` and leaves the rest.
    fn write(&self, out: &mut &mut [u8]);

    /// Reads it from the front of `octets` and leaves the rest; `None` if no value is written so.
    fn read(octets: &mut &[u8]) -> Option<Self>;
}

/// How a type is stored: field by field, by which of its words it is, or as another one. Both
/// directions follow from the same list, which is complete or does not compile.
macro_rules! stored {
    (struct $type:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        impl $crate::octets::Stored for $type {
            const LEN: usize = 0 $(+ <$kind as $crate::octets::Stored>::LEN)*;

            fn write(&self, out: &mut &mut [u8]) {
                let Self { $($field),* } = self;
                $($field.write(out);)*
            }

            fn read(octets: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::octets::Stored::read(octets)?),* })
            }
        }
    };
    (enum $type:ident { $($word:ident),* $(,)? }) => {
        $crate::octets::stored!($type as u8:
            |word| match word { $(Self::$word => Self::$word as u8),* },
            |number| [$(Self::$word),*].into_iter().find(|word| *word as u8 == number));
    };
    ($type:ty as $form:ty: $write:expr, $read:expr) => {
        impl $crate::octets::Stored for $type {
            const LEN: usize = <$form as $crate::octets::Stored>::LEN;

            fn write(&self, out: &mut &mut [u8]) {
                let write: fn(&Self) -> $form = $write;
                write(self).write(out);
            }

            fn read(octets: &mut &[u8]) -> Option<Self> {
                let read: fn($form) -> Option<Self> = $read;
                read(<$form as $crate::octets::Stored>::read(octets)?)
            }
        }
    };
}
pub(crate) use stored;

impl<const N: usize> Stored for [u8; N] {
    const LEN: usize = N;

    fn write(&self, out: &mut &mut [u8]) {
        if let Some((place, rest)) = mem::take(out).split_first_chunk_mut() {
            (*place, *out) = (*self, rest);
        }
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        let (front, rest) = octets.split_first_chunk()?;
        *octets = rest;
        Some(*front)
    }
}

stored!(u8 as [u8; 1]: |number| [*number], |[number]| Some(number));
stored!(bool as u8: |is| (*is).into(), |number| (number < 2).then_some(number == 1));
stored!(u16 as [u8; 2]: |number| number.to_be_bytes(), |octets| Some(Self::from_be_bytes(octets)));
stored!(u32 as [u8; 4]: |number| number.to_be_bytes(), |octets| Some(Self::from_be_bytes(octets)));
// What is counted never gets so far that one more would be too many.
stored!(u64 as [u8; 8]: |number| number.to_be_bytes(),
    |octets| Some(Self::from_be_bytes(octets)).filter(|number| *number <= Self::MAX / 2));

impl<T: Stored, U: Stored> Stored for (T, U) {
    const LEN: usize = T::LEN + U::LEN;

    fn write(&self, out: &mut &mut [u8]) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        Some((T::read(octets)?, U::read(octets)?))
    }
}

/// Whether there is one, and then the value, or zeros.
impl<T: Stored> Stored for Option<T> {
    const LEN: usize = 1 + T::LEN;

    fn write(&self, out: &mut &mut [u8]) {
        self.is_some().write(out);
        match self {
            Some(value) => value.write(out),
            None => (0..T::LEN).for_each(|_| 0_u8.write(out)),
        }
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        if bool::read(octets)? {
            return T::read(octets).map(Some);
        }
        let (zeros, rest) = octets.split_at_checked(T::LEN)?;
        *octets = rest;
        zeros.iter().all(|octet| *octet == 0).then_some(None)
    }
}

impl<T: Stored + Copy, const N: usize> Stored for [Option<T>; N] {
    const LEN: usize = N * <Option<T> as Stored>::LEN;

    fn write(&self, out: &mut &mut [u8]) {
        self.iter().for_each(|value| value.write(out));
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        let values: [Option<Option<T>>; N] = array::from_fn(|_| Stored::read(octets));
        values.iter().all(Option::is_some).then(|| values.map(Option::flatten))
    }
}

/// One of two.
pub(crate) fn either<T, U, E>(
    pair: (Option<T>, Option<U>),
    first: impl FnOnce(T) -> E,
    second: impl FnOnce(U) -> E,
) -> Option<E> {
    match pair {
        (Some(value), None) => Some(first(value)),
        (None, Some(value)) => Some(second(value)),
        _ => None,
    }
}

stored!(Instant as [u8; 8]: |at| at.as_micros().to_be_bytes(),
    |octets| Some(Self::from_micros(u64::from_be_bytes(octets))));
stored!(Duration as (u64, u32): |span| (span.as_secs(), span.subsec_nanos()),
    |(secs, nanos)| (nanos < 1_000_000_000).then_some(Self::new(secs, nanos)));
stored!(Ipv4Addr as [u8; 4]: |address| address.octets(), |octets| Some(octets.into()));
stored!(Ipv6Addr as [u8; 16]: |address| address.octets(), |octets| Some(octets.into()));
stored!(IpAddr as (Option<Ipv4Addr>, Option<Ipv6Addr>):
    |address| match *address {
        Self::V4(address) => (Some(address), None),
        Self::V6(address) => (None, Some(address)),
    },
    |pair| either(pair, Self::V4, Self::V6));

stored!(
    enum Version {
        V2,
        V3,
    }
);
stored!(
    enum ChecksumForm {
        MessageOnly,
        PseudoHeader,
        GroupPseudoHeader,
    }
);
stored!(
    struct ChecksumAccept {
        message_only: bool,
        pseudo_header: bool,
        group_pseudo_header: bool,
    }
);
stored!(Priority as u8: |priority| priority.get(), |number| Some(Self::new(number)));
stored!(Vrid as u8: |vrid| vrid.get(), Self::new);
stored!(AdvertInterval as u16: |interval| interval.centiseconds(), |number| number.try_into().ok());
