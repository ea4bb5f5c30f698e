//! Policies: what the kernel lets its administrator choose.

use core::ffi::c_int;

use lvs_sched::{Defence, Defences, Policy};

use self::lvs_defence::*;
use crate::door::{status, write_sized};
use crate::lvs_status;
use crate::lvs_status::{LVS_ERR_DEFENCE, LVS_ERR_POLICY};

/// The connections of a deleted destination end \[NOD-2\] \[NOD-3\], and those of a quiesced one
/// when they are opened anew \[REUSE-2\].
pub const LVS_POLICY_EXPIRE_NODEST_CONN: u32 = 1;
/// Templates of quiesced destinations are given up \[TPL-12\].
pub const LVS_POLICY_EXPIRE_QUIESCENT_TEMPLATE: u32 = 2;
/// A TCP connection may begin with any segment but a reset \[SVC-10\].
pub const LVS_POLICY_SLOPPY_TCP: u32 = 4;
/// An SCTP association may begin with any chunk but an abort \[SVC-10\].
pub const LVS_POLICY_SLOPPY_SCTP: u32 = 8;
/// Packets of a mark's service that has no destination to offer go where they are addressed, past
/// all caches, if that is another host \[SVC-12\].
pub const LVS_POLICY_CACHE_BYPASS: u32 = 16;
/// An ICMP error about no connection is scheduled as its client's packet would be \[ICMP-3\]. Of the
/// director's policy alone.
pub const LVS_POLICY_SCHEDULE_ICMP: u32 = 32;
/// A real server that is translated hears of it when it sends to a connection that is no more
/// \[NAT-8\]. Of the director's policy alone.
pub const LVS_POLICY_NAT_ICMP_SEND: u32 = 64;
/// Clients' packets pass untouched, for the time that this director is only the backup of another;
/// answers of real servers are seen to all the same \[IN-1\]. Of the director's policy alone.
pub const LVS_POLICY_BACKUP_ONLY: u32 = 128;

/// How packets are decided about; the kernel's defaults are no flags and mode 1.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_policy {
    /// The sum of some of `LVS_POLICY_*`.
    pub flags: u32,
    /// Whether a client that opens a connection anew in the place of one that is over gets it
    /// scheduled anew: 0 is no; bit 1 also counts FIN_WAIT as over where replies are not seen; at
    /// most 255 \[REUSE-3\].
    pub conn_reuse_mode: u32,
}

const _: () = assert!(size_of::<lvs_policy>() == 8);

/// When a defence against too many connections is on.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_defence {
    /// Never: mode 0. The default.
    LVS_DEFENCE_OFF = 0,
    /// As long as room is scarce, looked at every second: modes 1 and 2.
    LVS_DEFENCE_AUTOMATIC = 1,
    /// Always: mode 3.
    LVS_DEFENCE_ON = 2,
}

/// The defences of a director against too many connections. What is memory in the kernel is room in
/// the connection table here.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_defences {
    /// The sizeof of this struct.
    pub size: usize,
    /// Ends half-open and idle connections before their time, at random: some every second, and
    /// some when the table is full \[DEF-2\]. One of `enum lvs_defence`.
    pub drop_entry: c_int,
    /// Drops one in so many packets that would open a connection \[DEF-3\]. One of `enum
    /// lvs_defence`.
    pub drop_packet: c_int,
    /// Moves TCP connections by the tables that believe no client \[DEF-5\]. One of `enum
    /// lvs_defence`.
    pub secure_tcp: c_int,
    /// With LVS_DEFENCE_ON, `drop_packet` drops one in so many; 0 is none, 1 is all \[DEF-4\].
    pub am_droprate: u32,
    /// Room is scarce when fewer connections than these fit the table.
    pub amemthresh: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_defences>() == 32);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_defences>() == 24);

/// Fills in the kernel's defaults, all off. `defences->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `defences` points to a `struct lvs_defences` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_defences_init(defences: *mut lvs_defences) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(defences, Defences::default().into()) })
}

impl From<Policy> for lvs_policy {
    fn from(policy: Policy) -> Self {
        let Policy {
            conn_reuse_mode,
            expire_nodest_conn,
            expire_quiescent_template,
            sloppy_tcp,
            sloppy_sctp,
            cache_bypass,
            schedule_icmp,
            nat_icmp_send,
            backup_only,
        } = policy;
        let flags = [
            (expire_nodest_conn, LVS_POLICY_EXPIRE_NODEST_CONN),
            (expire_quiescent_template, LVS_POLICY_EXPIRE_QUIESCENT_TEMPLATE),
            (sloppy_tcp, LVS_POLICY_SLOPPY_TCP),
            (sloppy_sctp, LVS_POLICY_SLOPPY_SCTP),
            (cache_bypass, LVS_POLICY_CACHE_BYPASS),
            (schedule_icmp, LVS_POLICY_SCHEDULE_ICMP),
            (nat_icmp_send, LVS_POLICY_NAT_ICMP_SEND),
            (backup_only, LVS_POLICY_BACKUP_ONLY),
        ];
        let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum();
        Self { flags, conn_reuse_mode: conn_reuse_mode.into() }
    }
}

impl TryFrom<lvs_policy> for Policy {
    type Error = lvs_status;

    fn try_from(policy: lvs_policy) -> Result<Self, lvs_status> {
        let has = |flag| policy.flags & flag != 0;
        let known = Self {
            conn_reuse_mode: u8::try_from(policy.conn_reuse_mode).map_err(|_| LVS_ERR_POLICY)?,
            expire_nodest_conn: has(LVS_POLICY_EXPIRE_NODEST_CONN),
            expire_quiescent_template: has(LVS_POLICY_EXPIRE_QUIESCENT_TEMPLATE),
            sloppy_tcp: has(LVS_POLICY_SLOPPY_TCP),
            sloppy_sctp: has(LVS_POLICY_SLOPPY_SCTP),
            cache_bypass: has(LVS_POLICY_CACHE_BYPASS),
            schedule_icmp: has(LVS_POLICY_SCHEDULE_ICMP),
            nat_icmp_send: has(LVS_POLICY_NAT_ICMP_SEND),
            backup_only: has(LVS_POLICY_BACKUP_ONLY),
        };
        if lvs_policy::from(known) == policy { Ok(known) } else { Err(LVS_ERR_POLICY) }
    }
}

impl From<Defences> for lvs_defences {
    fn from(defences: Defences) -> Self {
        let number = |defence| lvs_defence::from(defence) as c_int;
        Self {
            size: size_of::<Self>(),
            drop_entry: number(defences.drop_entry),
            drop_packet: number(defences.drop_packet),
            secure_tcp: number(defences.secure_tcp),
            am_droprate: defences.am_droprate,
            amemthresh: defences.amemthresh,
        }
    }
}

impl TryFrom<lvs_defences> for Defences {
    type Error = lvs_status;

    fn try_from(defences: lvs_defences) -> Result<Self, lvs_status> {
        Ok(Self {
            drop_entry: defence(defences.drop_entry)?,
            drop_packet: defence(defences.drop_packet)?,
            secure_tcp: defence(defences.secure_tcp)?,
            am_droprate: defences.am_droprate,
            amemthresh: defences.amemthresh,
        })
    }
}

impl From<Defence> for lvs_defence {
    fn from(defence: Defence) -> Self {
        match defence {
            Defence::Off => LVS_DEFENCE_OFF,
            Defence::Automatic => LVS_DEFENCE_AUTOMATIC,
            Defence::On => LVS_DEFENCE_ON,
        }
    }
}

fn defence(number: c_int) -> Result<Defence, lvs_status> {
    [Defence::Off, Defence::Automatic, Defence::On]
        .into_iter()
        .find(|&defence| lvs_defence::from(defence) as c_int == number)
        .ok_or(LVS_ERR_DEFENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_bits_and_a_mode() {
        for flags in 0..256 {
            let policy = lvs_policy { flags, conn_reuse_mode: flags };
            assert_eq!(Policy::try_from(policy).map(lvs_policy::from), Ok(policy));
        }
        assert_eq!(
            lvs_policy::from(Policy::default()),
            lvs_policy { flags: 0, conn_reuse_mode: 1 }
        );
        for policy in [
            lvs_policy { flags: 256, conn_reuse_mode: 0 },
            lvs_policy { flags: 0, conn_reuse_mode: 256 },
        ] {
            assert_eq!(Policy::try_from(policy), Err(LVS_ERR_POLICY));
        }
    }

    #[test]
    fn defences_round_trip() {
        for drop_packet in [Defence::Off, Defence::Automatic, Defence::On] {
            let defences = Defences { drop_packet, am_droprate: 3, ..Defences::default() };
            assert_eq!(Defences::try_from(lvs_defences::from(defences)), Ok(defences));
        }
        assert_eq!(defence(3), Err(LVS_ERR_DEFENCE));
        assert_eq!(defence(-1), Err(LVS_ERR_DEFENCE));
    }
}
