//! Other configurations for virtual routers of an engine, which stay apart from the others there.

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::Peer;

use super::{Engine, RouterId};
use crate::config::check_new_source;
use crate::hearing::Hearing;
use crate::{ApplyError, Config, Plan, Router, SourceError};

/// Why a virtual router of an [`Engine`] cannot take another configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineApplyError {
    /// The id is that of no virtual router.
    #[error("no such virtual router")]
    UnknownRouter,
    /// It is wrong by itself, or that of another virtual router.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// By it the router would hear what another one of its VRID and family hears on the interface
    /// \[X-38\].
    #[error("the interface has a virtual router of that VRID and family that would hear the same")]
    Taken,
}

/// Why a virtual router of an [`Engine`] cannot send from an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineSourceError {
    /// The id is that of no virtual router.
    #[error("no such virtual router")]
    UnknownRouter,
    /// Adverts cannot come from the address.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There the router would hear what another one of its VRID and family hears on the interface
    /// \[X-38\].
    #[error("the interface has a virtual router of that VRID and family that would hear the same")]
    Taken,
}

impl<A, P, const SENDERS: usize> Engine<'_, A, P, SENDERS>
where
    A: AsRef<[IpAddr]>,
    P: AsRef<[Peer]>,
{
    /// What [`apply`](Self::apply) would change.
    ///
    /// # Errors
    /// [`EngineApplyError`], but another virtual router is no error: the plan says so.
    pub fn plan(
        &self,
        id: RouterId,
        config: &Config,
        addresses: &[IpAddr],
        peers: &[Peer],
    ) -> Result<Plan, EngineApplyError> {
        let router = self.get(id).ok_or(EngineApplyError::UnknownRouter)?;
        let plan = router.plan(config, addresses, peers).map_err(ApplyError::from)?;
        let hearing = Hearing::new(config, router.source(), peers);
        if !plan.restart && self.another_hears(id, &hearing) {
            return Err(EngineApplyError::Taken);
        }
        Ok(plan)
    }

    /// [`Router::apply`] of one router, which goes on hearing what no other one hears \[X-38\]. A
    /// reload gives every router its configuration; those that are unchanged do nothing \[FSM-26\].
    ///
    /// ```
    /// use core::net::IpAddr;
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::Vrid;
    /// use lvs_vrrp::{Block, Config, Engine, EngineApplyError, InterfaceId, Router, Slot};
    ///
    /// let config = Config::rfc9568(Vrid::new(51).ok_or("0 is no VRID")?);
    /// let other = Config { group: Some([224, 0, 0, 19].into()), ..config };
    /// let addresses = [IpAddr::from([192, 0, 2, 100])];
    /// let mut slots: [Slot<[IpAddr; 1]>; 2] = Default::default();
    /// let mut blocks = [Block::default()];
    /// let mut engine = Engine::new(&mut slots, &mut blocks);
    /// engine.add(InterfaceId(2), Router::new(config, [192, 0, 2, 1].into(), addresses)?)?;
    /// let second = Router::new(other, [192, 0, 2, 1].into(), addresses)?;
    /// let id = engine.add(InterfaceId(2), second)?;
    ///
    /// let faster = Config { advert_count: 2, ..other };
    /// assert!(engine.apply(Instant::EPOCH, id, faster, addresses, [])?.timers);
    /// let refused = engine.apply(Instant::EPOCH, id, config, addresses, []);
    /// assert_eq!(refused, Err(EngineApplyError::Taken));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`EngineApplyError`]; nothing has changed.
    pub fn apply(
        &mut self,
        now: Instant,
        id: RouterId,
        config: Config,
        addresses: A,
        peers: P,
    ) -> Result<Plan, EngineApplyError> {
        let plan = self.plan(id, &config, addresses.as_ref(), peers.as_ref())?;
        if plan.restart {
            return Err(ApplyError::Restart.into());
        }
        let enact = |router: &mut Router<A, P, SENDERS>| {
            router.enact(now, plan, config, addresses, peers);
        };
        self.input(id, enact).map_err(|_| EngineApplyError::UnknownRouter)?;
        Ok(plan)
    }

    /// [`Router::set_source`] of one router, which goes on hearing what no other one hears \[X-38\].
    ///
    /// # Errors
    /// [`EngineSourceError`]; nothing has changed.
    pub fn set_source(
        &mut self,
        now: Instant,
        id: RouterId,
        source: IpAddr,
    ) -> Result<(), EngineSourceError> {
        let router = self.get(id).ok_or(EngineSourceError::UnknownRouter)?;
        check_new_source(router.family(), source, router.peers())?;
        let hearing = Hearing::new(router.config(), source, router.peers());
        if self.another_hears(id, &hearing) {
            return Err(EngineSourceError::Taken);
        }
        let moved = self.input(id, |router| router.set_source(now, source));
        Ok(moved.map_err(|_| EngineSourceError::UnknownRouter)??)
    }

    /// Whether a router of the same name hears what this one would that hears so.
    fn another_hears(&self, id: RouterId, hearing: &Hearing<'_>) -> bool {
        let key = self.index.key(id.slot());
        let of_its_name = key.into_iter().flat_map(|key| self.index.find(key));
        self.is_heard_by(of_its_name.filter(|&at| at != id.slot()), hearing)
    }
}
