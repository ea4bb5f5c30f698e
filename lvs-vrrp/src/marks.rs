//! The last sequence number of each sender whose adverts carry one.

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::Sequence;

/// How many senders are told apart; of more, the one not heard for longest is forgotten \[W-40\].
const SENDERS: usize = 4;

/// Moved by verified adverts only, so that nobody else can push a sender out \[RX-1\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks([Option<Mark>; SENDERS]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    sender: IpAddr,
    sequence: Sequence,
    heard: Instant,
}

impl Marks {
    /// The last number of `sender`. That of an authentication header is forgotten after `expiry` of
    /// silence, for routers begin again at 1 after a restart; that of a trailer is a moment and stays
    /// \[W-12\], \[W-39\].
    pub(crate) fn last(&self, now: Instant, sender: IpAddr, expiry: Duration) -> Option<Sequence> {
        let mark = self.0.iter().flatten().find(|mark| mark.sender == sender)?;
        match mark.sequence {
            Sequence::Header(_) if mark.heard + expiry <= now => None,
            sequence => Some(sequence),
        }
    }

    /// Keeps the number of an accepted advert.
    pub(crate) fn keep(&mut self, now: Instant, sender: IpAddr, sequence: Sequence) {
        let is_senders = |mark: &Option<Mark>| mark.is_some_and(|mark| mark.sender == sender);
        let oldest = |marks: &[Option<Mark>]| {
            let heard = |index: &usize| marks.get(*index).copied().flatten().map(|mark| mark.heard);
            (0..marks.len()).min_by_key(heard)
        };
        let index = self.0.iter().position(is_senders).or_else(|| oldest(&self.0));
        if let Some(slot) = index.and_then(|index| self.0.get_mut(index)) {
            *slot = Some(Mark { sender, sequence, heard: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRY: Duration = Duration::from_secs(3);

    fn sender(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn w_12_numbers_of_headers_expire_and_those_of_trailers_do_not() {
        use lvs_proto::vrrp::TrailerTime;

        let mut marks = Marks::default();
        let (header, trailer) = (Sequence::Header(7), Sequence::Trailer(TrailerTime(7)));
        marks.keep(Instant::EPOCH, sender(1), header);
        marks.keep(Instant::EPOCH, sender(2), trailer);
        let last = |seconds, of| marks.last(Instant::from_secs(seconds), sender(of), EXPIRY);
        assert_eq!((last(2, 1), last(3, 1)), (Some(header), None));
        assert_eq!((last(2, 2), last(9, 2)), (Some(trailer), Some(trailer)));
        assert_eq!(last(0, 3), None);
    }

    #[test]
    fn w_40_the_sender_not_heard_for_longest_is_forgotten() {
        let mut marks = Marks::default();
        for (second, last) in [1, 2, 3, 4, 1, 5].into_iter().enumerate() {
            let now = Instant::from_secs(second as u64);
            marks.keep(now, sender(last), Sequence::Header(u32::from(last)));
        }
        let kept = |last| marks.last(Instant::EPOCH, sender(last), EXPIRY).is_some();
        assert_eq!([1, 2, 3, 4, 5].map(kept), [true, false, true, true, true]);
    }
}
