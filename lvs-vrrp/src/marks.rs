//! The last sequence number of each sender whose adverts carry one.

use core::array;
use core::mem;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::{Sequence, TrailerTime};

use crate::octets::{either, stored};

/// Those of the `SENDERS` heard last, the latest first \[W-40\].
///
/// Moved by verified adverts only, so that nobody else can push a sender out \[RX-1\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks<const SENDERS: usize>([Option<Mark>; SENDERS]);

/// A router hears one family, so that an IPv4 sender may stand as its mapped address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Mark {
    sender: Ipv6Addr,
    last: Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Last {
    Header { sequence: u32, heard: Instant },
    Trailer(TrailerTime),
}

stored!(
    struct Mark {
        sender: Ipv6Addr,
        last: Last,
    }
);
stored!(Last as (Option<(u32, Instant)>, Option<TrailerTime>):
    |last| match *last {
        Self::Header { sequence, heard } => (Some((sequence, heard)), None),
        Self::Trailer(time) => (None, Some(time)),
    },
    |pair| either(pair, |(sequence, heard)| Self::Header { sequence, heard }, Self::Trailer));

impl<const SENDERS: usize> Marks<SENDERS> {
    pub(crate) const NONE: Self = Self([None; SENDERS]);

    /// The marks in room of another size; the oldest may not fit.
    pub(crate) fn resized<const ROOM: usize>(&self) -> [Option<Mark>; ROOM] {
        array::from_fn(|index| self.0.get(index).copied().flatten())
    }

    /// The marks of such room with all moments moved.
    pub(crate) fn restored(marks: &[Option<Mark>], moved: impl Fn(Instant) -> Instant) -> Self {
        let restored = |mark: Mark| match mark.last {
            Last::Header { sequence, heard } => {
                Mark { last: Last::Header { sequence, heard: moved(heard) }, ..mark }
            }
            Last::Trailer(_) => mark,
        };
        Self(array::from_fn(|index| marks.get(index).copied().flatten().map(restored)))
    }

    /// The last number of `sender`. That of an authentication header is forgotten after `expiry` of
    /// silence, for routers begin again at 1 after a restart; that of a trailer is a moment and stays
    /// \[W-12\], \[W-39\].
    pub(crate) fn last(&self, now: Instant, sender: IpAddr, expiry: Duration) -> Option<Sequence> {
        let sender = mapped(sender);
        let mark = self.0.iter().flatten().find(|mark| mark.sender == sender)?;
        match mark.last {
            Last::Header { heard, .. } if heard + expiry <= now => None,
            Last::Header { sequence, .. } => Some(Sequence::Header(sequence)),
            Last::Trailer(time) => Some(Sequence::Trailer(time)),
        }
    }

    /// Keeps the number of an accepted advert.
    pub(crate) fn keep(&mut self, now: Instant, sender: IpAddr, sequence: Sequence) {
        let sender = mapped(sender);
        let last = match sequence {
            Sequence::Header(sequence) => Last::Header { sequence, heard: now },
            Sequence::Trailer(time) => Last::Trailer(time),
        };
        let mut mark = Some(Mark { sender, last });
        for slot in &mut self.0 {
            mem::swap(slot, &mut mark);
            if mark.is_none_or(|displaced| displaced.sender == sender) {
                return;
            }
        }
    }
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::octets::Stored;

    const EXPIRY: Duration = Duration::from_secs(3);

    fn sender(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn w_12_numbers_of_headers_expire_and_those_of_trailers_do_not() {
        let mut marks = Marks::<2>::NONE;
        let (header, trailer) = (Sequence::Header(7), Sequence::Trailer(TrailerTime(7)));
        marks.keep(Instant::EPOCH, sender(1), header);
        marks.keep(Instant::EPOCH, sender(2), trailer);
        let last = |seconds, of| marks.last(Instant::from_secs(seconds), sender(of), EXPIRY);
        assert_eq!((last(2, 1), last(3, 1)), (Some(header), None));
        assert_eq!((last(2, 2), last(9, 2)), (Some(trailer), Some(trailer)));
        assert_eq!(last(0, 3), None);
    }

    #[test]
    fn w_39_a_restored_trailer_is_the_moment_that_it_was() {
        let mut marks = Marks::<2>::NONE;
        marks.keep(Instant::EPOCH, sender(1), Sequence::Header(7));
        let of_trailer = IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 2]);
        marks.keep(Instant::EPOCH, of_trailer, Sequence::Trailer(TrailerTime(7)));
        let read = marks.resized::<3>().map(|mark| {
            let mut octets = [0; Mark::LEN];
            mark?.write(&mut &mut octets[..]);
            Mark::read(&mut &octets[..])
        });
        let restored = Marks::<2>::restored(&read, |heard| heard + EXPIRY);
        let last = |seconds, of| restored.last(Instant::from_secs(seconds), of, EXPIRY);
        assert_eq!((last(5, sender(1)), last(6, sender(1))), (Some(Sequence::Header(7)), None));
        assert_eq!(last(9, of_trailer), Some(Sequence::Trailer(TrailerTime(7))));
    }

    #[test]
    fn w_40_the_sender_not_heard_for_longest_is_forgotten() {
        let mut marks = Marks::<4>::NONE;
        for (second, last) in [1, 2, 3, 4, 1, 5].into_iter().enumerate() {
            let now = Instant::from_secs(second as u64);
            marks.keep(now, sender(last), Sequence::Header(u32::from(last)));
        }
        let kept = |last| marks.last(Instant::EPOCH, sender(last), EXPIRY).is_some();
        assert_eq!([1, 2, 3, 4, 5].map(kept), [true, false, true, true, true]);
    }
}
