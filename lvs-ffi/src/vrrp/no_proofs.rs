//! No proofs: what a build without ciphers has.

use lvs_proto::AddressPair;
use lvs_proto::vrrp::{Advert, Authentication, Secret, SequenceNumbers, TrailerTime, Version};

use super::lvs_vrrp_authentication;
use super::lvs_vrrp_authentication_kind::LVS_VRRP_AUTHENTICATION_NONE;
use crate::lvs_status::{LVS_ERR_AUTHENTICATION, LVS_ERR_KEY};
use crate::{lvs_status, lvs_time};

/// Nothing is kept of senders who prove nothing.
pub(super) const SENDERS: usize = 0;

/// A virtual router that proves nothing, and has nothing proven to it.
#[derive(Debug, Default)]
pub(super) struct Authenticator {}

impl Authenticator {
    /// # Safety
    /// None is asked for.
    pub(super) const unsafe fn new(
        of: &lvs_vrrp_authentication,
        _: Version,
    ) -> Result<Self, lvs_status> {
        match (of.kind, of.key_count) {
            (kind, 0) if kind == LVS_VRRP_AUTHENTICATION_NONE as _ => Ok(Self {}),
            (kind, _) if kind == LVS_VRRP_AUTHENTICATION_NONE as _ => Err(LVS_ERR_KEY),
            _ => Err(LVS_ERR_AUTHENTICATION),
        }
    }

    pub(super) const fn is_for(&self, _: Version) -> bool {
        true
    }

    pub(super) const fn replace(&mut self, _: Self) {}

    pub(super) const fn policy(&self, _: lvs_time) -> Authentication<'_> {
        Authentication::None
    }

    pub(super) fn write(
        &mut self,
        advert: &Advert<'_>,
        addresses: AddressPair,
        header: u32,
        _: (lvs_time, bool),
        out: &mut [u8],
    ) -> Result<usize, lvs_status> {
        let numbers = SequenceNumbers { header, trailer: TrailerTime(0) };
        Ok(Secret::None.packet(advert, addresses, numbers, out)?)
    }
}
