//! Snapshots as octets, for those who cannot serialise.

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::{
    AdvertInterval, ChecksumAccept, ChecksumForm, Priority, TrailerTime, Version, Vrid,
};

use super::{FORMAT, STORED_SENDERS, Snapshot};
use crate::counters::{NewActiveReason, ProtoErrReason};
use crate::doubts::Doubts;
use crate::marks::Mark;
use crate::octets::{Stored, either, stored};
use crate::router::role::Role;
use crate::{
    AddressMismatch, Announcements, ChecksumTransmit, Config, Counters, DuplicateSource, Event,
    LateActive, LateBackup, LosingAdvert, OwnerAdverts, Reason, State,
};

/// Why octets are no [`Snapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// They are of another release, whose form this one does not know.
    #[error("a snapshot of form {0}, not {FORMAT}")]
    Format(u16),
    /// There are too few or too many.
    #[error("{0} octets, not {len}", len = Snapshot::LEN)]
    Length(usize),
    /// A field has a value that it cannot have.
    #[error("octets that no snapshot has")]
    Malformed,
}

impl Snapshot {
    /// Octets of any snapshot of this release.
    pub const LEN: usize = <Self as Stored>::LEN;

    /// The snapshot as octets, the same on all machines; they begin with the number of their form.
    ///
    /// ```
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::Vrid;
    /// use lvs_vrrp::{Config, Router, Snapshot};
    ///
    /// let config = Config::rfc9568(Vrid::new(51).ok_or("0 is no VRID")?);
    /// let router = Router::new(config, [192, 0, 2, 1].into(), [[192, 0, 2, 100].into()])?;
    /// let octets = router.snapshot().to_octets();
    /// assert_eq!(Snapshot::from_octets(&octets)?, router.snapshot());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_octets(&self) -> [u8; Self::LEN] {
        let mut octets = [0; Self::LEN];
        self.write(&mut octets.as_mut_slice());
        octets
    }

    /// The snapshot of these octets. That they are those of a possible router is for
    /// [`restore`](crate::Router::restore) to see.
    ///
    /// # Errors
    /// [`SnapshotError`] if they are not from [`to_octets`](Self::to_octets) of this release.
    pub fn from_octets(octets: &[u8]) -> Result<Self, SnapshotError> {
        let length = SnapshotError::Length(octets.len());
        match u16::read(&mut &*octets).ok_or(length)? {
            FORMAT if octets.len() == Self::LEN => {
                Self::read(&mut &*octets).ok_or(SnapshotError::Malformed)
            }
            FORMAT => Err(length),
            other => Err(SnapshotError::Format(other)),
        }
    }
}

stored!(
    struct Snapshot {
        format: u16,
        taken: Instant,
        role: Role,
        held_until: Instant,
        active_interval: AdvertInterval,
        header_sequence: u32,
        doubts: Doubts,
        priority: Priority,
        source: IpAddr,
        heard_form: Option<ChecksumForm>,
        started: bool,
        interface_up: bool,
        fault: bool,
        config: Config,
        counters: Counters,
        last_event: Option<Event>,
        marks: [Option<Mark>; STORED_SENDERS],
    }
);

stored!(
    struct Config {
        version: Version,
        vrid: Vrid,
        priority: Priority,
        interval: AdvertInterval,
        preempt: bool,
        preempt_delay: Duration,
        max_learned_interval: Option<AdvertInterval>,
        resign_by_active_only: bool,
        accept: bool,
        advert_count: u8,
        losing_advert: LosingAdvert,
        report_losing: bool,
        advert_before_demotion: bool,
        stagger_adverts: bool,
        advertised: Option<u8>,
        announcements: Announcements,
        announce_source: bool,
        advert_on_priority_change: bool,
        late_backup: LateBackup,
        late_active: LateActive,
        owner_adverts: OwnerAdverts,
        duplicate_source: DuplicateSource,
        address_mismatch: AddressMismatch,
        link_local_first: bool,
        group: Option<IpAddr>,
        check_peers: bool,
        checksum_transmit: ChecksumTransmit,
        checksum_accept: ChecksumAccept,
    }
);

stored!(
    struct Announcements {
        rounds: u8,
        rounds_on_losing: u8,
        repeat: u8,
        gap: Duration,
        refresh: Duration,
        refresh_repeat: u8,
    }
);

stored!(ChecksumTransmit as (Option<ChecksumForm>, Option<ChecksumForm>):
    |transmit| match *transmit {
        Self::Always(form) => (Some(form), None),
        Self::Follow(form) => (None, Some(form)),
    },
    |pair| either(pair, Self::Always, Self::Follow));
stored!(
    enum LosingAdvert {
        Ignore,
        Reply,
        ReplyAndRearm,
    }
);
stored!(
    enum OwnerAdverts {
        Process,
        Discard,
    }
);
stored!(
    enum DuplicateSource {
        Report,
        StepDown,
    }
);
stored!(
    enum AddressMismatch {
        Off,
        Count,
        DropUnlessOwner,
        Drop,
    }
);
stored!(
    enum LateBackup {
        Grace,
        Promote,
    }
);
stored!(
    enum LateActive {
        Reassert,
        StepDown,
    }
);

stored!(
    struct Counters {
        adv_rcvd: u64,
        prio_zero_rcvd: u64,
        pseudo_header_rcvd: u64,
        group_pseudo_header_rcvd: u64,
        adv_sent: u64,
        prio_zero_sent: u64,
        become_active: u64,
        release_active: u64,
        checksum_errors: u64,
        version_errors: u64,
        vrid_errors: u64,
        ip_ttl_errors: u64,
        invalid_type_packets: u64,
        packet_length_errors: u64,
        unexpected_trailers: u64,
        address_class_errors: u64,
        unknown_peers: u64,
        invalid_auth_type: u64,
        auth_type_mismatch: u64,
        auth_failures: u64,
        adv_interval_errors: u64,
        address_list_errors: u64,
        self_received: u64,
        owner_conflicts: u64,
        new_active_reason: NewActiveReason,
        proto_err_reason: ProtoErrReason,
    }
);
stored!(
    enum NewActiveReason {
        NotActive,
        Priority,
        Preempted,
        NoResponse,
    }
);
stored!(
    enum ProtoErrReason {
        NoError,
        IpTtl,
        Version,
        Checksum,
        VrId,
    }
);

stored!(
    struct Event {
        sequence: u64,
        at: Instant,
        from: State,
        to: State,
        reason: Reason,
    }
);
stored!(
    enum State {
        Initialize,
        Backup,
        Active,
    }
);
stored!(
    enum Reason {
        Startup,
        NoResponse,
        Resigned,
        Preempted,
        BetterAdvert,
        Shutdown,
        InterfaceDown,
        Fault,
        Group,
        Late,
        LosingAdvert,
        OneWayReachability,
        DuplicateSource,
    }
);
stored!(TrailerTime as [u8; 8]: |time| time.0.to_be_bytes(),
    |octets| Some(Self(u64::from_be_bytes(octets))));
