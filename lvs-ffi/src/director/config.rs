//! What a director is told once.

use core::ffi::c_int;
use core::num::{NonZeroU16, NonZeroU32};

use lvs_sched::{DirectorConfig, LblcConfig, LocalPorts, Timers};

use crate::door::{status, write_sized};
use crate::scheduler::{mh_table_index, profile};
use crate::{lvs_profile, lvs_status};

/// What a director is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_director_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// Whose decisions are made, one of `enum lvs_profile`.
    pub profile: c_int,
    /// Microseconds from one tick of the kernel's clock to the next: timers fire as late as the
    /// kernel's \[CONV-9\]. 4000 by default; 0 lets them fire when they are due.
    pub tick_micros: u32,
    /// The most connections and templates of IPv4; memory for them is taken at creation.
    pub connections: u32,
    /// The most of IPv6.
    pub connections_v6: u32,
    /// The most of them, at a time, of the kinds that need memory of their own: templates for
    /// calls, connections through a tunnel to a real server of the other family, and those that
    /// another one of the same client and port replaces before they have ended \[CON-12\].
    pub rare: u32,
    /// The most templates for SIP calls \[PE-2\]; memory for their Call-IDs is taken at creation.
    pub calls: u32,
    /// The most packets in fragments of which is remembered, for half a minute, what became of the
    /// first one, so that the others go the same way \[NAT-9\]. 0 is the kernel's way, which sees
    /// packets only when they have been put together: then later fragments are dropped.
    pub fragments: u32,
    /// Of each lblc service: addresses above which old ones are cleared away; half as many again
    /// is the most that the cache holds \[LBLC-1\]. Memory for them is taken with the service.
    pub lblc_capacity: u32,
    /// Of each lblc service: seconds after which an unused address is forgotten \[LBLC-8\].
    pub lblc_expiration_secs: u32,
    /// The same of each lblcr service.
    pub lblcr_capacity: u32,
    /// The same of each lblcr service, and after as many a set loses a member \[LBLCR-5\].
    pub lblcr_expiration_secs: u32,
    /// Of mh: the index of its table, 8 to 17; the kernel's 12 is 4093 slots \[MH-1\].
    pub mh_table_index: u32,
    /// Of rr and wrr: places after the head of the list where each walk begins, so that several
    /// directors do not all begin at one server. 0 is the kernel's way.
    pub start_offset: u32,
    /// The size of the connection table to show in the first line of listings; nothing else
    /// depends on it.
    pub table_size: u32,
    /// The lowest port of local addresses \[FN-1\], in host order.
    pub local_port_first: u16,
    /// The highest.
    pub local_port_last: u16,
    /// Of several directors that share local addresses the number of this one, from 0 on: it has
    /// the ports that leave this number when divided by `lcores`.
    pub lcore: u16,
    /// How many directors share local addresses; 0 counts as 1.
    pub lcores: u16,
    /// A secret: the speed of tables that strangers fill depends on it, the draws of twos, and which
    /// local port comes first.
    pub seed: [u64; 2],
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_director_config>() == 88);

/// Fills in the defaults: 65536 connections of each family, 4096 rare ones, 1024 calls, no packets
/// in fragments, a seed of zeros, and the kernel's figures. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_director_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_config_init(config: *mut lvs_director_config) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, DirectorConfig::default().into()) })
}

impl From<DirectorConfig> for lvs_director_config {
    fn from(config: DirectorConfig) -> Self {
        Self {
            size: size_of::<Self>(),
            profile: lvs_profile::from(config.profile) as c_int,
            tick_micros: match config.timers {
                Timers::Exact => 0,
                Timers::Ticks { length_micros } => length_micros.get(),
            },
            connections: config.connections,
            connections_v6: config.connections_v6,
            rare: config.rare,
            calls: config.calls,
            fragments: config.fragments,
            lblc_capacity: config.lblc.capacity,
            lblc_expiration_secs: config.lblc.expiration_secs,
            lblcr_capacity: config.lblcr.capacity,
            lblcr_expiration_secs: config.lblcr.expiration_secs,
            mh_table_index: u8::from(config.mh).into(),
            start_offset: config.start_offset,
            table_size: config.table_size,
            local_port_first: config.local_ports.first,
            local_port_last: config.local_ports.last,
            lcore: config.local_ports.lcore,
            lcores: config.local_ports.lcores.get(),
            seed: config.seed,
        }
    }
}

impl TryFrom<lvs_director_config> for DirectorConfig {
    type Error = lvs_status;

    fn try_from(config: lvs_director_config) -> Result<Self, lvs_status> {
        let ticks = |length_micros| Timers::Ticks { length_micros };
        Ok(Self {
            profile: profile(config.profile)?,
            timers: NonZeroU32::new(config.tick_micros).map_or(Timers::Exact, ticks),
            connections: config.connections,
            connections_v6: config.connections_v6,
            rare: config.rare,
            calls: config.calls,
            fragments: config.fragments,
            lblc: LblcConfig {
                capacity: config.lblc_capacity,
                expiration_secs: config.lblc_expiration_secs,
            },
            lblcr: LblcConfig {
                capacity: config.lblcr_capacity,
                expiration_secs: config.lblcr_expiration_secs,
            },
            mh: mh_table_index(config.mh_table_index)?,
            start_offset: config.start_offset,
            table_size: config.table_size,
            local_ports: LocalPorts {
                first: config.local_port_first,
                last: config.local_port_last,
                lcore: config.lcore,
                lcores: NonZeroU16::new(config.lcores).unwrap_or(NonZeroU16::MIN),
            },
            seed: config.seed,
            // Policy, defences and timeouts are set by calls of their own.
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_round_trip() {
        for timers in [Timers::Exact, Timers::hz(100)] {
            let config = DirectorConfig {
                timers,
                connections: 3,
                connections_v6: 2,
                rare: 1,
                calls: 4,
                fragments: 14,
                lblc: LblcConfig { capacity: 5, expiration_secs: 6 },
                lblcr: LblcConfig { capacity: 7, expiration_secs: 8 },
                mh: 9.try_into().unwrap(),
                start_offset: 10,
                table_size: 11,
                local_ports: LocalPorts {
                    first: 15,
                    last: 16,
                    lcore: 17,
                    lcores: NonZeroU16::new(18).unwrap(),
                },
                seed: [12, 13],
                ..DirectorConfig::default()
            };
            let numbers = lvs_director_config::from(config);
            assert_eq!(DirectorConfig::try_from(numbers), Ok(config));
        }
    }
}
