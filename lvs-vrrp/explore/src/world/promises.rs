//! What must hold in every state of a world.

use super::{Scenario, World};

/// The most adverts of a router, resignations aside, that may follow each other faster than answers
/// may: three answers, a regular one and one of another priority \[X-46\] between them, and a last one
/// before giving way \[X-12\].
const HASTY: u8 = 6;

impl World {
    /// Where routers hear each other undisturbed for long enough, one of them is Active: not more
    /// \[CORE-4 a\], and not fewer.
    #[must_use]
    pub fn has_one_active(&self, scenario: &Scenario) -> bool {
        self.undisturbed(scenario) < scenario.bound()
            || self.nodes.iter().enumerate().filter(|(_, node)| node.router.is_some()).all(
                |(index, _)| {
                    let linked =
                        (0..self.nodes.len()).filter(|other| self.is_linked(index, *other));
                    linked.filter(|index| self.is_active(*index)).count() == 1
                },
            )
    }

    /// An Active router has the addresses, and no other has.
    #[must_use]
    pub fn has_addresses_in_place(&self) -> bool {
        let mut nodes = self.nodes.iter().enumerate();
        nodes.all(|(index, node)| node.installed == self.is_active(index))
    }

    /// Nobody sends more than it may \[FSM-15\].
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.nodes.iter().all(|node| node.hasty <= HASTY)
    }

    /// Who knows that another was Active too has announced its address again soon after, for hosts may
    /// have followed the other \[X-13\].
    #[must_use]
    pub fn has_announced_again(&self) -> bool {
        self.nodes.iter().all(|node| {
            let plan = &node.config.announcements;
            let waited = node.owes.map(|since| self.now.saturating_duration_since(since));
            plan.rounds_on_losing == 0 || waited.is_none_or(|waited| waited <= plan.gap)
        })
    }
}
