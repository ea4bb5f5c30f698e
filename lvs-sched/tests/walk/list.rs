//! A list of destinations whose counters and overload flags follow the rules word for word.

use lvs_sched::{DestConfig, DestId, Profile};

/// What cannot happen changes nothing and is answered with `false`.
pub(crate) struct List {
    pub(crate) profile: Profile,
    /// The newest first \[DST-1\].
    pub(crate) live: Vec<Dest>,
    /// Deleted \[DST-4\].
    pub(crate) gone: Vec<Dest>,
}

#[derive(Clone)]
pub(crate) struct Dest {
    pub(crate) id: DestId,
    pub(crate) config: DestConfig,
    pub(crate) active: u32,
    pub(crate) total: u32,
    pub(crate) overloaded: bool,
}

impl List {
    pub(crate) fn new(profile: Profile) -> Self {
        Self { profile, live: Vec::new(), gone: Vec::new() }
    }

    pub(crate) fn get(&self, id: DestId) -> Option<&Dest> {
        self.live.iter().chain(&self.gone).find(|dest| dest.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: DestId) -> Option<&mut Dest> {
        self.live.iter_mut().chain(&mut self.gone).find(|dest| dest.id == id)
    }

    /// One that was deleted comes back as it is \[DST-5\].
    pub(crate) fn add(&mut self, id: DestId, config: DestConfig) {
        let dest = match self.gone.iter().position(|dest| dest.id == id) {
            Some(place) => self.gone.remove(place),
            None => {
                let config = DestConfig { upper_threshold: 0, lower_threshold: 0, ..config };
                Dest { id, config, active: 0, total: 0, overloaded: false }
            }
        };
        self.live.insert(0, dest);
        self.edit(0, config);
    }

    pub(crate) fn delete(&mut self, place: usize) {
        let dest = self.live.remove(place);
        self.gone.push(dest);
    }

    /// \[OVL-2\] c, \[OVL-4\]
    pub(crate) fn edit(&mut self, place: usize, config: DestConfig) {
        let dest = &mut self.live[place];
        let old = std::mem::replace(&mut dest.config, config);
        let (upper, lower) = (config.upper_threshold, config.lower_threshold);
        match self.profile {
            Profile::Classic if upper == 0 || upper > old.upper_threshold => {
                dest.overloaded = false;
            }
            Profile::Classic => {}
            Profile::Linux6_1_183 => {
                if (upper, lower) == (old.upper_threshold, old.lower_threshold) {
                } else if upper == 0 {
                    dest.overloaded = false;
                } else if dest.total >= upper {
                    dest.overloaded = true;
                } else if dest.total < bound(&config) {
                    dest.overloaded = false;
                }
            }
        }
    }

    /// \[OVL-2\] a, \[OVL-4\]
    pub(crate) fn open(&mut self, id: DestId, active: bool) -> bool {
        let profile = self.profile;
        let dest = self.get_mut(id).unwrap();
        dest.total += 1;
        dest.active += u32::from(active);
        let upper = dest.config.upper_threshold;
        match profile {
            Profile::Classic if upper != 0 && dest.total >= upper => dest.overloaded = true,
            Profile::Linux6_1_183 if dest.total == upper => {
                dest.overloaded = dest.total >= bound(&dest.config);
            }
            _ => {}
        }
        true
    }

    /// \[OVL-2\] b, \[OVL-4\]
    pub(crate) fn close(&mut self, id: DestId, active: bool) -> bool {
        let profile = self.profile;
        let dest = self.get_mut(id).unwrap();
        let of_its_kind = if active { dest.active } else { dest.total - dest.active };
        if of_its_kind == 0 {
            return false;
        }
        let before = dest.total;
        dest.total -= 1;
        dest.active -= u32::from(active);
        let DestConfig { upper_threshold: upper, lower_threshold: lower, .. } = dest.config;
        match profile {
            Profile::Classic if lower != 0 && dest.total >= lower => {}
            Profile::Classic if lower == 0 && upper != 0 && 4 * dest.total >= 3 * upper => {}
            Profile::Classic => dest.overloaded = false,
            Profile::Linux6_1_183 if before == bound(&dest.config) => {
                dest.overloaded = upper != 0 && dest.total >= upper;
            }
            Profile::Linux6_1_183 => {}
        }
        true
    }

    pub(crate) fn activate(&mut self, id: DestId) -> bool {
        let dest = self.get_mut(id).unwrap();
        let is_possible = dest.active < dest.total;
        dest.active += u32::from(is_possible);
        is_possible
    }

    pub(crate) fn deactivate(&mut self, id: DestId) -> bool {
        let dest = self.get_mut(id).unwrap();
        let is_possible = dest.active > 0;
        dest.active -= u32::from(is_possible);
        is_possible
    }
}

impl Dest {
    pub(crate) fn weight(&self) -> u32 {
        self.config.weight
    }

    /// \[SCH-4\]
    pub(crate) fn is_eligible(&self) -> bool {
        !self.overloaded && self.weight() > 0
    }
}

/// \[OVL-1\]
fn bound(config: &DestConfig) -> u32 {
    match config.lower_threshold {
        0 => config.upper_threshold - config.upper_threshold / 4,
        lower => lower,
    }
}
