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
    /// When a sender that has begun to count anew is believed \[W-12\].
    expires: Option<Instant>,
}

impl Marks {
    /// The last number of `sender`.
    pub(crate) fn last(&self, now: Instant, sender: IpAddr) -> Option<Sequence> {
        let mark = self.0.iter().flatten().find(|mark| mark.sender == sender)?;
        let expired = mark.expires.is_some_and(|expires| expires <= now);
        (!expired).then_some(mark.sequence)
    }

    /// Keeps the number of an accepted advert. Those of authentication headers expire after `expiry`
    /// of silence, for routers begin again at 1 after a restart; those of trailers are moments and
    /// stay \[W-12\], \[W-39\].
    pub(crate) fn keep(
        &mut self,
        now: Instant,
        sender: IpAddr,
        sequence: Sequence,
        expiry: Duration,
    ) {
        let expires = match sequence {
            Sequence::Header(_) => Some(now + expiry),
            Sequence::Trailer(_) => None,
        };
        let is_senders = |mark: &Option<Mark>| mark.is_some_and(|mark| mark.sender == sender);
        let index = self.0.iter().position(is_senders);
        let oldest = || {
            let heard =
                |index: &usize| self.0.get(*index).copied().flatten().map(|mark| mark.heard);
            (0..SENDERS).min_by_key(heard)
        };
        if let Some(slot) = index.or_else(oldest).and_then(|index| self.0.get_mut(index)) {
            *slot = Some(Mark { sender, sequence, heard: now, expires });
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
        marks.keep(Instant::EPOCH, sender(1), header, EXPIRY);
        marks.keep(Instant::EPOCH, sender(2), trailer, EXPIRY);
        let last = |seconds, of| marks.last(Instant::from_secs(seconds), sender(of));
        assert_eq!((last(2, 1), last(3, 1)), (Some(header), None));
        assert_eq!((last(2, 2), last(9, 2)), (Some(trailer), Some(trailer)));
        assert_eq!(last(0, 3), None);
    }

    #[test]
    fn w_40_the_sender_not_heard_for_longest_is_forgotten() {
        let mut marks = Marks::default();
        for (second, last) in [1, 2, 3, 4, 1, 5].into_iter().enumerate() {
            let now = Instant::from_secs(second as u64);
            marks.keep(now, sender(last), Sequence::Header(u32::from(last)), EXPIRY * 9);
        }
        let kept = |last| marks.last(Instant::EPOCH, sender(last)).is_some();
        assert_eq!([1, 2, 3, 4, 5].map(kept), [true, false, true, true, true]);
    }
}
