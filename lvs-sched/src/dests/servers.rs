//! Which packets come from a real server, whose replies should have been translated.

use lvs_proto::{Method, Protocol};

use super::dest::Dest;
use crate::hash::{Address, Seed};
use crate::map::HashMap;
use crate::{OutOfMemory, ServiceKey};

/// How many destinations by [`Method::Nat`] there are at each protocol, address and port; those of
/// marks are of any protocol \[NAT-8\].
#[derive(Debug)]
pub(super) struct Servers(HashMap<(Address, u16, Option<Protocol>), u32, Seed>);

impl Servers {
    /// None yet. Strangers add nothing to the table, so no secret is needed.
    pub(super) const fn new() -> Self {
        Self(HashMap::with_hasher(Seed([0; 2])))
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        self.0.try_reserve(additional).map_err(|_| OutOfMemory)
    }

    pub(super) fn add(&mut self, dest: Dest<'_>) {
        if let Some(key) = key(dest) {
            let count = self.0.get(&key).map_or(1, |count| count + 1);
            self.0.insert(key, count);
        }
    }

    pub(super) fn remove(&mut self, dest: Dest<'_>) {
        let Some(key) = key(dest) else { return };
        let Some(count) = self.0.get_mut(&key) else { return };
        *count -= 1;
        if *count == 0 {
            self.0.remove(&key);
        }
    }

    pub(super) fn contains(&self, protocol: Protocol, address: Address, port: u16) -> bool {
        [Some(protocol), None].iter().any(|&of| self.0.contains_key(&(address, port, of)))
    }
}

fn key(dest: Dest<'_>) -> Option<(Address, u16, Option<Protocol>)> {
    let protocol = match dest.service()? {
        ServiceKey::Address { protocol, .. } => Some(*protocol),
        ServiceKey::Mark { .. } => None,
    };
    let translated = dest.method() == Method::Nat && dest.is_available();
    translated.then_some((Address(dest.address()), dest.port(), protocol))
}
