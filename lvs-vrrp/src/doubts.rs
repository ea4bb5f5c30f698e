//! What adverts give away about the link: that somebody does not hear this router, or is its double.

use core::mem;

use lvs_proto::vrrp::{AdvertInterval, Priority};

use crate::Reason;
use crate::octets::stored;

/// How many own adverts leave no doubt that who goes on losing hears none \[S-14\].
const UNHEEDED: u8 = 3;

/// How many own adverts may be on their way back at once \[S-16\].
const ECHOES: usize = 4;

/// What does not fit a link on which all hear all, and each router has an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Doubts {
    /// The adverts sent since the last one that lost.
    since_lost: u16,
    /// How often there were any between two that lost, in a row.
    unheeded: u8,
    /// The priorities of the adverts sent last, the latest first.
    sent: [Priority; ECHOES],
    /// A bit for each of them that has not come back.
    awaited: u8,
    /// How many may come back that say what is no longer configured.
    outdated: u8,
    /// Whether it was said that there is a double.
    said: bool,
}

stored!(
    struct Doubts {
        since_lost: u16,
        unheeded: u8,
        sent: [Priority; ECHOES],
        awaited: u8,
        outdated: u8,
        said: bool,
    }
);
stored!([Priority; ECHOES] as [u8; ECHOES]:
    |priorities| priorities.map(Priority::get), |octets| Some(octets.map(Priority::new)));

impl Doubts {
    pub(crate) const NONE: Self = Self {
        since_lost: u16::MAX,
        unheeded: 0,
        sent: [Priority::RESIGN; ECHOES],
        awaited: 0,
        outdated: 0,
        said: false,
    };

    /// The state has changed: what there is to say may be said again.
    pub(crate) fn renew(&mut self) {
        *self = Self { since_lost: u16::MAX, unheeded: 0, said: false, ..*self };
    }

    /// An advert is sent.
    pub(crate) fn sent(&mut self, priority: Priority) {
        self.since_lost = self.since_lost.saturating_add(1);
        let [latest, second, third, _] = self.sent;
        self.sent = [priority, latest, second, third];
        self.awaited = ((self.awaited << 1) | 1) & ((1 << ECHOES) - 1);
    }

    /// Adverts say something else from now on.
    pub(crate) fn outdate(&mut self) {
        let outdated = self.outdated.saturating_add(self.awaited.count_ones() as u8);
        (self.outdated, self.awaited) = (outdated.min(ECHOES as u8), 0);
    }

    /// An advert lost, of a router that advertises every `other`; this one does every `own`. Returns
    /// what there is to say: that it lost, if it is the first after an own one, or that it leaves no
    /// doubt. A router that was silent for three intervals had given way meanwhile.
    pub(crate) fn lost(&mut self, own: AdvertInterval, other: AdvertInterval) -> Option<Reason> {
        let sent = mem::take(&mut self.since_lost);
        if sent == 0 {
            return None;
        }
        let silence = u32::from(sent) * u32::from(own.centiseconds());
        if silence > 3 * u32::from(other.centiseconds()) {
            self.unheeded = 0;
        } else if self.unheeded < UNHEEDED {
            self.unheeded += 1;
            if self.unheeded == UNHEEDED {
                return Some(Reason::OneWayReachability);
            }
        }
        Some(Reason::LosingAdvert)
    }

    /// An advert came from the own address; `alike` if it says what is configured. Returns whether it
    /// was sent by this router: each advert comes back once.
    pub(crate) fn is_echo(&mut self, priority: Priority, alike: bool) -> bool {
        let is_it = |(at, &sent): (usize, &_)| (self.awaited >> at) & 1 == 1 && sent == priority;
        match self.sent.iter().enumerate().position(is_it) {
            Some(at) if alike => {
                self.awaited &= !(1 << at);
                true
            }
            _ => {
                let left = self.outdated.checked_sub(1);
                self.outdated = left.unwrap_or(0);
                left.is_some()
            }
        }
    }

    /// Whether it is yet to be said that there is a double.
    pub(crate) fn say(&mut self) -> bool {
        !mem::replace(&mut self.said, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn centiseconds(number: u16) -> AdvertInterval {
        AdvertInterval::from_centiseconds(number).unwrap()
    }

    /// Whether each of the adverts that lost, after so many own ones, is the one.
    fn rows(own: u16, other: u16, sent: &[u16]) -> std::vec::Vec<bool> {
        let mut doubts = Doubts::NONE;
        let lost = |&sent: &u16| {
            (0..sent).for_each(|_| doubts.sent(Priority::DEFAULT));
            doubts.lost(centiseconds(own), centiseconds(other)) == Some(Reason::OneWayReachability)
        };
        sent.iter().map(lost).collect()
    }

    #[test]
    fn s_14_three_adverts_leave_no_doubt() {
        assert_eq!(rows(100, 100, &[5, 1, 1, 1, 1]), [false, false, false, true, false]);
        assert_eq!(rows(100, 100, &[5, 1, 0, 0, 1, 0, 1]).iter().position(|it| *it), Some(6));
        // Three intervals of the other are many of the own.
        assert_eq!(rows(1, 4_095, &[0, 12_285, 1, 1]), [false, false, false, true]);
        assert_eq!(rows(1, 4_095, &[0, 1, 1, 12_286, 1, 1, 1]).iter().position(|it| *it), Some(6));
        assert_eq!(rows(100, 100, &[1, 1, 1, 4, 1, 1]), [false; 6]);
        assert_eq!(rows(4_095, 1, &[u16::MAX, u16::MAX]), [false; 2], "no overflow");
    }

    #[test]
    fn s_16_an_advert_comes_back_once() {
        let [high, low] = [200, 100].map(Priority::new);
        let mut doubts = Doubts::NONE;
        assert!(!doubts.is_echo(high, true), "nothing was sent");
        for priority in [low, high, low, high, low] {
            doubts.sent(priority);
        }
        assert!(!doubts.is_echo(high, false), "something else was sent");
        let came = [low, low, low, high, high, high].map(|priority| doubts.is_echo(priority, true));
        assert_eq!(came, [true, true, false, true, true, false]);
        // What was sent before a reload comes back as it was.
        doubts.sent(low);
        doubts.outdate();
        doubts.sent(high);
        assert!(doubts.is_echo(low, false) && doubts.is_echo(high, true));
        assert!(!doubts.is_echo(low, false) && !doubts.is_echo(high, true));
    }

    #[test]
    fn s_16_a_double_is_said_once_in_a_state() {
        let mut doubts = Doubts::NONE;
        assert!(doubts.say() && !doubts.say());
        doubts.renew();
        assert!(doubts.say());
    }

    /// Octets of a snapshot may say anything.
    #[test]
    fn more_outdated_adverts_than_there_can_be_are_no_overflow() {
        let mut doubts = Doubts { awaited: u8::MAX, outdated: u8::MAX, ..Doubts::NONE };
        doubts.outdate();
        assert_eq!((doubts.awaited, usize::from(doubts.outdated)), (0, ECHOES));
    }
}
