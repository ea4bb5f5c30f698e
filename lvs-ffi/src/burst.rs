//! Packets that are decided about together, and the places they have in the caller's arrays.

use core::net::Ipv4Addr;

use lvs_proto::{AddressPair, Flow, Protocol, Transport};

/// What a place holds before a packet is read into it.
pub(crate) const NO_FLOW: Flow = {
    let nowhere = Ipv4Addr::UNSPECIFIED;
    let addresses = AddressPair::V4 { source: nowhere, destination: nowhere };
    Flow::new(addresses, Transport::Other(Protocol(0)))
};

/// Up to `N` packets, some of which may be no flows: those are not decided about.
pub(crate) struct Burst<const N: usize> {
    flows: [Flow; N],
    count: usize,
    /// Which of the packets are flows.
    known: [bool; N],
    packets: usize,
}

impl<const N: usize> Burst<N> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { flows: [NO_FLOW; N], count: 0, known: [false; N], packets: 0 }
    }

    /// One more packet, which `read` puts in its place, if it is a flow; what is more than `N` is
    /// left out.
    #[inline]
    pub(crate) fn push(&mut self, read: impl FnOnce(&mut Flow) -> bool) {
        if let (Some(known), Some(place)) =
            (self.known.get_mut(self.packets), self.flows.get_mut(self.count))
        {
            self.packets += 1;
            *known = read(place);
            self.count += usize::from(*known);
        }
    }

    /// The packets that are flows.
    #[inline]
    pub(crate) fn flows(&self) -> &[Flow] {
        self.flows.get(..self.count).unwrap_or_default()
    }

    /// Each packet with its answer, `answers` being those to the flows.
    #[inline]
    pub(crate) fn with<'a, T>(
        &'a self,
        answers: &'a [T],
    ) -> impl Iterator<Item = Option<(&'a Flow, &'a T)>> {
        let mut answered = self.flows().iter().zip(answers);
        let known = self.known.iter().take(self.packets);
        known.map(move |&known| if known { answered.next() } else { None })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn answers_find_the_places_of_their_packets() {
        let mut burst = Burst::<3>::new();
        for mark in [None, Some(1), None, Some(2)] {
            burst.push(|flow| {
                flow.mark = mark.unwrap_or(99);
                mark.is_some()
            });
        }
        let marks = |answer: Option<(&Flow, &char)>| answer.map(|(flow, &c)| (flow.mark, c));
        let answers: Vec<_> = burst.with(&['a', 'b']).map(marks).collect();
        assert_eq!(answers, [None, Some((1, 'a')), None]);
    }
}
