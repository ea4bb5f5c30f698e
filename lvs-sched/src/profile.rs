//! Which Linux is meant where Linux changed.

/// Which kernel's decisions are made.
///
/// ```
/// use lvs_sched::Profile;
///
/// // One active connection weighs as much as 256 inactive ones, or more [OVH-3].
/// assert_eq!(Profile::Classic.overhead(1, 0), Profile::Classic.overhead(0, 256));
/// assert!(Profile::Linux6_1_183.overhead(1, 0) > Profile::Linux6_1_183.overhead(0, 256));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Profile {
    /// What almost every running kernel does: those before the change of mid-2026. But records of
    /// connections are refused as since then, whatever the profile: what the kernels took before is
    /// contradictory, and no kernel announces it \[BK-4\].
    #[default]
    Classic,
    /// The change of mid-2026, in the 6.1 stable line since 6.1.183.
    Linux6_1_183,
}

impl Profile {
    /// The load that `lc` and `wlc` compare: 256 (or 257) times the active plus the inactive
    /// connections, wrapped to 32 bits as the kernel's is \[CONV-2\] \[OVH-1\] \[OVH-2\] \[OVH-4\].
    #[must_use]
    pub const fn overhead(self, active_conns: u32, inactive_conns: u32) -> i32 {
        let total = active_conns.wrapping_add(inactive_conns);
        active_conns.wrapping_mul(self.active_surplus()).wrapping_add(total) as i32
    }

    /// What an active connection weighs beyond an inactive one.
    pub(crate) const fn active_surplus(self) -> u32 {
        match self {
            Self::Classic => 255,
            Self::Linux6_1_183 => 256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ovh_3_the_profiles_differ() {
        for (profile, active, idle) in
            [(Profile::Classic, 256, 256), (Profile::Linux6_1_183, 257, 256)]
        {
            assert_eq!((profile.overhead(1, 0), profile.overhead(0, 256)), (active, idle));
        }
    }

    #[test]
    fn ovh_4_many_active_conns_look_like_none() {
        assert!(Profile::Classic.overhead(1 << 23, 0) < 0);
    }
}
