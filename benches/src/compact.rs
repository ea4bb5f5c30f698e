//! The compact model: what a walk reads, and nothing else, in one array.

use crate::linear::{Counters, List, Settings};

/// The linear form over a dense array.
#[derive(Debug)]
pub struct Compact {
    dests: Vec<(Settings, Counters)>,
}

impl List for Compact {
    type Place = usize;

    fn new(settings: impl Iterator<Item = Settings>) -> Self {
        Self { dests: settings.map(|settings| (settings, Counters::default())).collect() }
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        0..self.dests.len()
    }

    #[inline]
    fn after(&self, place: Option<usize>) -> impl Iterator<Item = (usize, &Settings, &Counters)> {
        let first = place.map_or(0, |place| place + 1);
        let dests = self.dests.iter().enumerate().skip(first);
        dests.map(|(place, (settings, counters))| (place, settings, counters))
    }

    #[inline]
    fn get(&self, place: usize) -> (&Settings, &Counters) {
        let (settings, counters) = &self.dests[place];
        (settings, counters)
    }
}
