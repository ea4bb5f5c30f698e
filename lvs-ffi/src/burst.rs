//! Flows in bursts, each answered in its place of the caller's array.

use core::mem;

use lvs_proto::{BURST, Flow};

use crate::lvs_flow;

/// The places of a burst. A handle keeps them, for to make them anew is a tenth of the work.
#[derive(Debug)]
pub(crate) struct Places<T> {
    pub(crate) flows: [Flow; BURST],
    answers: [T; BURST],
    /// The answer to a flow that is none.
    none: T,
}

impl<T: Copy> Places<T> {
    pub(crate) const fn new(none: T) -> Self {
        Self { flows: [Flow::NONE; BURST], answers: [none; BURST], none }
    }

    /// Lets `decide` answer bursts of flows, and `write` the answers. A flow that is none ends a
    /// burst.
    #[inline]
    pub(crate) fn answer<A>(
        &mut self,
        mut flows: &[lvs_flow],
        mut answers: &mut [A],
        mut decide: impl FnMut(&[Flow], &mut [T]),
        write: impl Fn(&mut A, &T),
    ) {
        while !flows.is_empty() {
            let pairs = self.flows.iter_mut().zip(flows);
            let count = pairs.map_while(|(place, flow)| flow.read(place).ok()).count();
            decide(self.flows.get(..count).unwrap_or_default(), &mut self.answers);
            if let (0, [first, ..]) = (count, &mut self.answers) {
                *first = self.none;
            }
            let done = count.max(1);
            let (these, rest) =
                mem::take(&mut answers).split_at_mut_checked(done).unwrap_or_default();
            for (place, answer) in these.iter_mut().zip(&self.answers) {
                write(place, answer);
            }
            (flows, answers) = (flows.get(done..).unwrap_or_default(), rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::{LVS_IPV4, LVS_IPV6};

    #[test]
    fn answers_find_the_places_of_their_flows() {
        arbtest::arbtest(|u| {
            let families: Vec<u8> = u.arbitrary()?;
            let flow = |(family, mark)| lvs_flow { family, mark, ..lvs_flow::default() };
            let flows: Vec<_> =
                families.iter().map(|family| family % 8).zip(1..).map(flow).collect();
            let mut marks = std::vec![77; flows.len()];
            let decide = |flows: &[Flow], marks: &mut [u32]| {
                marks.iter_mut().zip(flows).for_each(|(mark, flow)| *mark = flow.mark);
            };
            Places::new(0).answer(&flows, &mut marks, decide, |place, mark| *place = *mark);
            for (flow, mark) in flows.iter().zip(marks) {
                let known = [LVS_IPV4, LVS_IPV6].contains(&flow.family);
                assert_eq!(mark, if known { flow.mark } else { 0 });
            }
            Ok(())
        });
    }
}
