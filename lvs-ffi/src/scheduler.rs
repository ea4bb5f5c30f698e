//! Schedulers.

use core::ffi::c_int;

use lvs_sched::{MhTableIndex, Profile, SchedulerFlags, SchedulerKind};

use self::lvs_profile::*;
use self::lvs_scheduler::*;
use crate::lvs_status;
use crate::lvs_status::{
    LVS_ERR_MH_TABLE_INDEX, LVS_ERR_PROFILE, LVS_ERR_SCHEDULER, LVS_ERR_SCHEDULER_FLAGS,
};

/// Flag 1 of a scheduler; of sh it is sh-fallback, of mh mh-fallback: look further if the place is
/// unavailable.
pub const LVS_SCHEDULER_FLAG_1: u32 = 1;
/// Flag 2 of a scheduler; of sh it is sh-port, of mh mh-port: the client's port counts, too.
pub const LVS_SCHEDULER_FLAG_2: u32 = 2;
/// Flag 3 of a scheduler; means nothing yet.
pub const LVS_SCHEDULER_FLAG_3: u32 = 4;

/// Who picks destinations, by the names of ipvsadm -s.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_scheduler {
    /// Round robin: each in turn.
    LVS_SCHEDULER_RR = 0,
    /// Weighted round robin: each in turn, the heavier more often.
    LVS_SCHEDULER_WRR = 1,
    /// Least connection: where the fewest are.
    LVS_SCHEDULER_LC = 2,
    /// Weighted least connection: where the fewest are for its weight. The default.
    LVS_SCHEDULER_WLC = 3,
    /// Locality-based least connection: the same place for one destination address, for caches.
    LVS_SCHEDULER_LBLC = 4,
    /// The same with replication: a set of places for one destination address.
    LVS_SCHEDULER_LBLCR = 5,
    /// Destination hashing: a fixed place for each destination address.
    LVS_SCHEDULER_DH = 6,
    /// Source hashing: a fixed place for each client.
    LVS_SCHEDULER_SH = 7,
    /// Shortest expected delay: as wlc, the connection to come included.
    LVS_SCHEDULER_SED = 8,
    /// Never queue: as sed, but an idle one first.
    LVS_SCHEDULER_NQ = 9,
    /// Weighted failover: all to the heaviest.
    LVS_SCHEDULER_FO = 10,
    /// Weighted overflow: to the heaviest, and beyond its weight to the next.
    LVS_SCHEDULER_OVF = 11,
    /// Maglev hashing: a fixed place for each client, and few move when places come and go.
    LVS_SCHEDULER_MH = 12,
    /// The power of two choices: the less loaded of two that are drawn by weight.
    LVS_SCHEDULER_TWOS = 13,
}

/// Whose decisions are made, to the bit.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_profile {
    /// Those of almost every running kernel: an active connection weighs 256 inactive ones. The
    /// default.
    LVS_PROFILE_CLASSIC = 0,
    /// Those of Linux 6.1.183 and its likes: it weighs 257, and what came with that.
    LVS_PROFILE_LINUX_6_1_183 = 1,
}

impl From<SchedulerKind> for lvs_scheduler {
    fn from(kind: SchedulerKind) -> Self {
        match kind {
            SchedulerKind::Rr => LVS_SCHEDULER_RR,
            SchedulerKind::Wrr => LVS_SCHEDULER_WRR,
            SchedulerKind::Lc => LVS_SCHEDULER_LC,
            SchedulerKind::Wlc => LVS_SCHEDULER_WLC,
            SchedulerKind::Lblc => LVS_SCHEDULER_LBLC,
            SchedulerKind::Lblcr => LVS_SCHEDULER_LBLCR,
            SchedulerKind::Dh => LVS_SCHEDULER_DH,
            SchedulerKind::Sh => LVS_SCHEDULER_SH,
            SchedulerKind::Sed => LVS_SCHEDULER_SED,
            SchedulerKind::Nq => LVS_SCHEDULER_NQ,
            SchedulerKind::Fo => LVS_SCHEDULER_FO,
            SchedulerKind::Ovf => LVS_SCHEDULER_OVF,
            SchedulerKind::Mh => LVS_SCHEDULER_MH,
            SchedulerKind::Twos => LVS_SCHEDULER_TWOS,
        }
    }
}

impl From<Profile> for lvs_profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Classic => LVS_PROFILE_CLASSIC,
            Profile::Linux6_1_183 => LVS_PROFILE_LINUX_6_1_183,
        }
    }
}

pub(crate) fn scheduler(number: c_int) -> Result<SchedulerKind, lvs_status> {
    SchedulerKind::ALL
        .into_iter()
        .find(|&kind| lvs_scheduler::from(kind) as c_int == number)
        .ok_or(LVS_ERR_SCHEDULER)
}

pub(crate) fn profile(number: c_int) -> Result<Profile, lvs_status> {
    [Profile::Classic, Profile::Linux6_1_183]
        .into_iter()
        .find(|&profile| lvs_profile::from(profile) as c_int == number)
        .ok_or(LVS_ERR_PROFILE)
}

pub(crate) fn mh_table_index(number: u32) -> Result<MhTableIndex, lvs_status> {
    let index = u8::try_from(number).ok().and_then(|index| index.try_into().ok());
    index.ok_or(LVS_ERR_MH_TABLE_INDEX)
}

pub(crate) fn flags(bits: u32) -> Result<SchedulerFlags, lvs_status> {
    let flags = u8::try_from(bits).ok().and_then(|bits| bits.try_into().ok());
    flags.ok_or(LVS_ERR_SCHEDULER_FLAGS)
}

pub(crate) fn flag_bits(flags: SchedulerFlags) -> u32 {
    u8::from(flags).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_header_and_others_do_not_pass() {
        for kind in SchedulerKind::ALL {
            assert_eq!(scheduler(lvs_scheduler::from(kind) as c_int), Ok(kind));
        }
        for number in [-1, 14, c_int::MAX, c_int::MIN] {
            assert_eq!(scheduler(number), Err(LVS_ERR_SCHEDULER));
            assert_eq!(profile(number), Err(LVS_ERR_PROFILE));
        }
        assert_eq!(profile(1), Ok(Profile::Linux6_1_183));
    }

    #[test]
    fn adm_5_flags_are_bits() {
        for (bit, flag) in [
            (LVS_SCHEDULER_FLAG_1, SchedulerFlags::FLAG_1),
            (LVS_SCHEDULER_FLAG_2, SchedulerFlags::FLAG_2),
            (LVS_SCHEDULER_FLAG_3, SchedulerFlags::FLAG_3),
        ] {
            assert_eq!((flags(bit), flag_bits(flag)), (Ok(flag), bit));
        }
        for bits in 0..8 {
            assert_eq!(flags(bits).map(flag_bits), Ok(bits));
        }
        for bits in [8, 9, 256, u32::MAX] {
            assert_eq!(flags(bits), Err(LVS_ERR_SCHEDULER_FLAGS));
        }
    }
}
