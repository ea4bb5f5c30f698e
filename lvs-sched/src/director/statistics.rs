//! What went through a director, and how fast.

use super::{Director, Service};
use crate::{Rates, ServiceError, ServiceKey, Statistics};

impl Director {
    /// What went through all services \[EST-1\].
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.dests.traffic().statistics
    }

    /// How fast it went, as of the last [`estimate`](Self::estimate).
    #[must_use]
    pub const fn rates(&self) -> &Rates {
        &self.dests.traffic().rates
    }

    /// Advances the rates of the director, its services and their destinations. Who shows rates
    /// calls this each [`Rates::PERIOD`]; nothing else depends on it, and so no deadline tells of
    /// it \[EST-3\].
    pub fn estimate(&mut self) {
        self.dests.estimate();
    }

    /// Counts a service and its destinations from zero again, or, if none is named, everything
    /// \[CTL-9\].
    ///
    /// # Errors
    ///
    /// See [`ServiceError`]; nothing has changed.
    pub fn zero(&mut self, service: Option<&ServiceKey>) -> Result<(), ServiceError> {
        match service {
            None => self.dests.zero(),
            Some(key) => {
                let entry = self.services.get(key).ok_or(ServiceError::NoSuchService)?;
                self.dests.zero_group(entry.group);
            }
        }
        Ok(())
    }
}

impl Service<'_> {
    /// What went through it.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.director.dests.group_traffic(self.entry.group).statistics
    }

    /// How fast it went, as of the last [`Director::estimate`].
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.director.dests.group_traffic(self.entry.group).rates
    }

    /// How many picks of `lblc` and `lblcr` could not be remembered because
    /// [`DirectorConfig::lblc`](crate::DirectorConfig::lblc) or its like was too small; they were
    /// made all the same.
    #[must_use]
    pub fn forgotten_picks(&self) -> u64 {
        self.director.dests.forgotten(self.entry.group)
    }
}
