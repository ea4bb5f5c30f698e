//! The worlds of a scenario, for the model checker.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::{Scenario, Step, World};

/// All that can become of a scenario.
#[derive(Clone, Debug)]
pub struct Exploration(pub Scenario);

impl Model for Exploration {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        self.0.starts.iter().map(|starts| World::new(&self.0, starts)).collect()
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        world.steps(steps);
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        Some(world.after(step, &self.0))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "one is Active where all hear each other",
                |model: &Self, world: &World| world.has_one_active(&model.0),
            ),
            Property::always("addresses are where Active routers are", |_, world: &World| {
                world.has_addresses_in_place()
            }),
            Property::always("nobody storms", |_, world: &World| world.is_calm()),
            Property::always("who wins a conflict announces again", |_, world: &World| {
                world.has_announced_again()
            }),
        ]
    }
}

/// What an exploration came to.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Different states.
    pub states: usize,
    /// Steps from one to another.
    pub steps: usize,
    /// The most steps from the beginning.
    pub depth: usize,
    /// What it took.
    pub took: Duration,
}

impl Exploration {
    /// Explores everything.
    ///
    /// # Panics
    /// If a property does not hold; the message has the steps that lead there.
    #[must_use]
    pub fn explore(self) -> Report {
        let started = Instant::now();
        let checker =
            self.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        checker.assert_properties();
        Report {
            states: checker.unique_state_count(),
            steps: checker.state_count(),
            depth: checker.max_depth(),
            took: started.elapsed(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, steps, depth, took } = self;
        write!(f, "{states} states, {steps} steps, {depth} deep, {took:.1?}")
    }
}
