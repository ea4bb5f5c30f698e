//! Destinations.

use core::ffi::c_int;

use lvs_proto::Method;
use lvs_sched::{Dest, DestConfig};

use self::lvs_method::*;
use crate::door::{required, status, write_sized};
use crate::lvs_status::LVS_ERR_METHOD;
use crate::{lvs_address, lvs_status, lvs_tunnel};

/// Names a destination of one pool, and never another one that came after it.
pub type lvs_dest_id = u64;

/// No destination.
pub const LVS_NO_DEST: lvs_dest_id = u64::MAX;

/// How packets get to a destination.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_method {
    /// Addresses and ports are translated, both ways (ipvsadm -m).
    LVS_METHOD_NAT = 0,
    /// The packet stays as it is and goes to the server's link address (ipvsadm -g).
    LVS_METHOD_DIRECT_ROUTE = 1,
    /// The packet is carried in another IP packet (ipvsadm -i).
    LVS_METHOD_TUNNEL = 2,
    /// Addresses and ports of both ends are translated, both ways (--fullnat of DPVS).
    LVS_METHOD_FULL_NAT = 3,
}

/// What a destination is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct lvs_dest_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// The real server's address.
    pub address: lvs_address,
    /// The real server's port in host order; 0 keeps the packet's own.
    pub port: u16,
    /// The share of new connections, 0 to INT32_MAX; 0 is quiesced: no new ones \[DST-14\].
    pub weight: u32,
    /// One of `enum lvs_method`.
    pub method: c_int,
    /// How packets are carried there; LVS_METHOD_TUNNEL alone asks.
    pub tunnel: lvs_tunnel,
    /// At this many connections, active and inactive, the destination is overloaded; 0 is never
    /// \[OVL-1\].
    pub upper_threshold: u32,
    /// Below this many connections it is no longer overloaded; at most the upper one; 0 stands for
    /// three quarters of it \[OVL-1\].
    pub lower_threshold: u32,
}

/// What is known of a destination.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_dest {
    /// The sizeof of this struct.
    pub size: usize,
    /// The real server's address.
    pub address: lvs_address,
    /// The real server's port in host order.
    pub port: u16,
    /// The share of new connections; 0 is quiesced.
    pub weight: u32,
    /// How packets get there, one of `enum lvs_method`.
    pub method: c_int,
    /// How they are carried there; of LVS_METHOD_TUNNEL.
    pub tunnel: lvs_tunnel,
    /// Connections that are active \[CNT-6\].
    pub active_conns: u32,
    /// All other connections \[CNT-1\].
    pub inactive_conns: u32,
    /// Persistence templates \[CNT-3\].
    pub persistent_conns: u32,
    /// 1 if the thresholds keep new connections away \[OVL-5\], else 0.
    pub overloaded: u8,
    /// 1 if it is in the list; 0 if it was deleted and waits for its last connections \[DST-4\].
    pub available: u8,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_dest_config>() == 48 && size_of::<lvs_dest>() == 56);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_dest_config>() == 44 && size_of::<lvs_dest>() == 52);

/// Fills in a destination of weight 1 by direct routing, without thresholds, as ipvsadm does
/// \[ADM-1\]. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`.
///
/// # Safety
/// `config` points to a `struct lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_dest_config_init(
    config: *mut lvs_dest_config,
    address: Option<&lvs_address>,
    port: u16,
) -> lvs_status {
    status(|| {
        let dest = DestConfig::new((*required(address)?).try_into()?, port);
        // SAFETY: the caller's contract.
        unsafe { write_sized(config, dest.into()) }
    })
}

impl From<DestConfig> for lvs_dest_config {
    fn from(config: DestConfig) -> Self {
        Self {
            size: size_of::<Self>(),
            address: config.address.into(),
            port: config.port,
            weight: config.weight,
            method: lvs_method::from(config.method) as c_int,
            tunnel: config.tunnel.into(),
            upper_threshold: config.upper_threshold,
            lower_threshold: config.lower_threshold,
        }
    }
}

impl TryFrom<lvs_dest_config> for DestConfig {
    type Error = lvs_status;

    fn try_from(config: lvs_dest_config) -> Result<Self, lvs_status> {
        Ok(Self {
            address: config.address.try_into()?,
            port: config.port,
            weight: config.weight,
            method: method(config.method)?,
            tunnel: config.tunnel.try_into()?,
            upper_threshold: config.upper_threshold,
            lower_threshold: config.lower_threshold,
        })
    }
}

impl From<Dest<'_>> for lvs_dest {
    fn from(dest: Dest<'_>) -> Self {
        Self {
            size: size_of::<Self>(),
            address: dest.address().into(),
            port: dest.port(),
            weight: dest.weight(),
            method: lvs_method::from(dest.method()) as c_int,
            tunnel: dest.config().tunnel.into(),
            active_conns: dest.active_conns(),
            inactive_conns: dest.inactive_conns(),
            persistent_conns: dest.persistent_conns(),
            overloaded: dest.is_overloaded().into(),
            available: dest.is_available().into(),
        }
    }
}

impl From<Method> for lvs_method {
    fn from(method: Method) -> Self {
        match method {
            Method::Nat => LVS_METHOD_NAT,
            Method::DirectRoute => LVS_METHOD_DIRECT_ROUTE,
            Method::Tunnel => LVS_METHOD_TUNNEL,
            Method::FullNat => LVS_METHOD_FULL_NAT,
        }
    }
}

fn method(number: c_int) -> Result<Method, lvs_status> {
    [Method::Nat, Method::DirectRoute, Method::Tunnel, Method::FullNat]
        .into_iter()
        .find(|&method| lvs_method::from(method) as c_int == number)
        .ok_or(LVS_ERR_METHOD)
}

#[cfg(test)]
mod tests {
    use lvs_proto::Tunnel;

    use super::*;

    #[test]
    fn configurations_round_trip() {
        for method in [Method::Nat, Method::DirectRoute, Method::Tunnel, Method::FullNat] {
            let config = DestConfig {
                weight: 3,
                method,
                tunnel: Tunnel::Gre { checksum: true },
                upper_threshold: 9,
                lower_threshold: 4,
                ..DestConfig::new([192, 0, 2, 1].into(), 80)
            };
            assert_eq!(DestConfig::try_from(lvs_dest_config::from(config)), Ok(config));
        }
        assert_eq!(method(-1), Err(LVS_ERR_METHOD));
        assert_eq!(method(4), Err(LVS_ERR_METHOD));
    }
}
