//! Which status an error is.

use lvs_proto::BufferTooSmall;
use lvs_proto::sync::MessageError;
use lvs_proto::vrrp::{AdvertError, DatagramError, EncodeError};
use lvs_proto::wire::ethernet;
use lvs_sched::health::{RealServerError, VirtualServerError};
use lvs_sched::{
    DestError, LocalError, OpenError, OutOfMemory, ServiceError, StaleToken, SyncOutboxError,
    SyncThresholdError, TimeoutError,
};
use lvs_vrrp::{ConfigError, RestoreError, SnapshotError, SourceError, TrackerError};

use crate::lvs_status::{self, *};

impl From<OutOfMemory> for lvs_status {
    fn from(_: OutOfMemory) -> Self {
        LVS_ERR_NO_MEMORY
    }
}

impl From<DestError> for lvs_status {
    fn from(error: DestError) -> Self {
        match error {
            DestError::NoSuchService => LVS_ERR_NO_SUCH_SERVICE,
            DestError::WeightTooLarge { .. } => LVS_ERR_WEIGHT,
            DestError::ThresholdsCrossed { .. } => LVS_ERR_THRESHOLDS_CROSSED,
            DestError::UpperThresholdTooLarge { .. } => LVS_ERR_UPPER_THRESHOLD,
            DestError::NoTunnelPort => LVS_ERR_TUNNEL_PORT,
            DestError::FamilyMismatch { .. } => LVS_ERR_MIXED_FAMILIES,
            DestError::NotUnicast { .. } => LVS_ERR_NOT_UNICAST,
            DestError::AlreadyExists => LVS_ERR_DEST_EXISTS,
            DestError::NoSuchDestination => LVS_ERR_NO_SUCH_DEST,
            DestError::OutOfMemory(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<LocalError> for lvs_status {
    fn from(error: LocalError) -> Self {
        match error {
            LocalError::AlreadyExists { .. } => LVS_ERR_LOCAL_EXISTS,
            LocalError::NoSuchLocal { .. } => LVS_ERR_NO_SUCH_LOCAL,
            LocalError::NotUnicast { .. } => LVS_ERR_NOT_UNICAST,
            LocalError::OutOfMemory(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<ServiceError> for lvs_status {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::AlreadyExists => LVS_ERR_SERVICE_EXISTS,
            ServiceError::NoSuchService => LVS_ERR_NO_SUCH_SERVICE,
            ServiceError::UnsupportedProtocol { .. } => LVS_ERR_PROTOCOL,
            ServiceError::NetmaskFamily { .. } | ServiceError::NetmaskPrefix { .. } => {
                LVS_ERR_NETMASK
            }
            ServiceError::TooManyDestinations { .. } => LVS_ERR_TOO_MANY_DESTS,
            ServiceError::OutOfMemory(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<VirtualServerError> for lvs_status {
    fn from(error: VirtualServerError) -> Self {
        match error {
            VirtualServerError::AlreadyExists => LVS_ERR_SERVICE_EXISTS,
            VirtualServerError::NoSuchService => LVS_ERR_NO_SUCH_SERVICE,
            VirtualServerError::HysteresisTooLarge { .. } => LVS_ERR_QUORUM,
            VirtualServerError::OutOfMemory(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<RealServerError> for lvs_status {
    fn from(error: RealServerError) -> Self {
        match error {
            RealServerError::NoSuchService => LVS_ERR_NO_SUCH_SERVICE,
            RealServerError::AlreadyExists => LVS_ERR_DEST_EXISTS,
            RealServerError::NoSuchDestination => LVS_ERR_NO_SUCH_DEST,
            RealServerError::ZeroDelayLoop | RealServerError::ZeroConnectTimeout => LVS_ERR_CHECK,
            RealServerError::NoConnectPort => LVS_ERR_CONNECT_PORT,
            RealServerError::TooManyChecks { .. } => LVS_ERR_TOO_MANY_CHECKS,
            RealServerError::OutOfMemory(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<TimeoutError> for lvs_status {
    fn from(_: TimeoutError) -> Self {
        LVS_ERR_TIMEOUT
    }
}

impl From<SyncThresholdError> for lvs_status {
    fn from(_: SyncThresholdError) -> Self {
        LVS_ERR_SYNC_THRESHOLD
    }
}

impl From<SyncOutboxError> for lvs_status {
    fn from(error: SyncOutboxError) -> Self {
        match error {
            SyncOutboxError::MessageTooShort(_) => LVS_ERR_SYNC_LENGTH,
            SyncOutboxError::OutOfMemory(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<MessageError> for lvs_status {
    fn from(_: MessageError) -> Self {
        LVS_ERR_SYNC_MESSAGE
    }
}

impl From<OpenError> for lvs_status {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownDest => LVS_ERR_NO_SUCH_DEST,
            OpenError::TableFull => LVS_ERR_TABLE_FULL,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<StaleToken> for lvs_status {
    fn from(_: StaleToken) -> Self {
        LVS_ERR_STALE_CONN
    }
}

impl From<ConfigError> for lvs_status {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::PriorityZero => LVS_ERR_PRIORITY,
            ConfigError::AdvertCount(_) => LVS_ERR_ADVERT_COUNT,
            ConfigError::V2OverIpv6 => LVS_ERR_V2_OVER_IPV6,
            ConfigError::FractionalSeconds(_) | ConfigError::IntervalTooLong(_) => LVS_ERR_INTERVAL,
            ConfigError::NoAddresses => LVS_ERR_NO_ADDRESSES,
            ConfigError::TooManyAddresses(_) => LVS_ERR_TOO_MANY_ADDRESSES,
            ConfigError::Advertised(_) => LVS_ERR_ADVERTISED,
            ConfigError::MixedFamilies(_) => LVS_ERR_MIXED_FAMILIES,
            ConfigError::AddressNotUnicast(_) => LVS_ERR_NOT_UNICAST,
            ConfigError::Duplicate(_) => LVS_ERR_DUPLICATE_ADDRESS,
            ConfigError::PreemptDelay(_) => LVS_ERR_PREEMPT_DELAY,
            ConfigError::AnnouncementGap(_) => LVS_ERR_ANNOUNCEMENT_GAP,
            ConfigError::Peer(_) => LVS_ERR_PEER,
            ConfigError::Group(_) => LVS_ERR_GROUP,
            ConfigError::Source(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<SnapshotError> for lvs_status {
    fn from(_: SnapshotError) -> Self {
        LVS_ERR_SNAPSHOT
    }
}

impl From<RestoreError> for lvs_status {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Config(error) => error.into(),
            _ => LVS_ERR_SNAPSHOT,
        }
    }
}

impl From<TrackerError> for lvs_status {
    fn from(error: TrackerError) -> Self {
        match error {
            TrackerError::Weight(_) => LVS_ERR_TRACKER_WEIGHT,
            TrackerError::NoReports => LVS_ERR_NO_REPORTS,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<SourceError> for lvs_status {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::OtherFamily(_) => LVS_ERR_SOURCE_FAMILY,
            SourceError::NotUnicast(_) => LVS_ERR_SOURCE_NOT_UNICAST,
            SourceError::NotLinkLocal(_) => LVS_ERR_SOURCE_NOT_LINK_LOCAL,
            SourceError::Peer(_) => LVS_ERR_PEER,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<EncodeError> for lvs_status {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::V2OverIpv6 => LVS_ERR_V2_OVER_IPV6,
            EncodeError::V2Authentication => LVS_ERR_AUTHENTICATION,
            EncodeError::FractionalSeconds(_) | EncodeError::IntervalTooLong(_) => LVS_ERR_INTERVAL,
            EncodeError::NoAddresses => LVS_ERR_NO_ADDRESSES,
            EncodeError::TooManyAddresses(_) => LVS_ERR_TOO_MANY_ADDRESSES,
            EncodeError::OtherFamily(_) => LVS_ERR_MIXED_FAMILIES,
            EncodeError::Duplicate(_) => LVS_ERR_DUPLICATE_ADDRESS,
            EncodeError::BufferTooSmall(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<AdvertError> for lvs_status {
    fn from(error: AdvertError) -> Self {
        match error {
            AdvertError::ZeroVrid | AdvertError::OtherVrid { .. } => LVS_ERR_ADVERT_VRID,
            AdvertError::HopLimit(_) => LVS_ERR_ADVERT_HOP_LIMIT,
            AdvertError::UnknownVersion(_) | AdvertError::OtherVersion { .. } => {
                LVS_ERR_ADVERT_VERSION
            }
            AdvertError::V2OverIpv6 => LVS_ERR_V2_OVER_IPV6,
            AdvertError::UnknownType(_) => LVS_ERR_ADVERT_TYPE,
            AdvertError::HeaderTruncated(_) | AdvertError::Length { .. } => LVS_ERR_ADVERT_LENGTH,
            AdvertError::Checksum(_) => LVS_ERR_ADVERT_CHECKSUM,
            AdvertError::Destination(_) => LVS_ERR_ADVERT_DESTINATION,
            AdvertError::UnknownPeer(_) => LVS_ERR_PEER,
            AdvertError::UnexpectedTrailer
            | AdvertError::UnexpectedAuthenticationHeader
            | AdvertError::NoAuthenticationHeader
            | AdvertError::UnknownAuthType(_)
            | AdvertError::OtherAuthType { .. }
            | AdvertError::Unauthentic(_) => LVS_ERR_ADVERT_AUTHENTICATION,
            AdvertError::ZeroInterval => LVS_ERR_INTERVAL,
            AdvertError::NoAddresses => LVS_ERR_NO_ADDRESSES,
        }
    }
}

impl From<BufferTooSmall> for lvs_status {
    fn from(_: BufferTooSmall) -> Self {
        LVS_ERR_BUFFER_TOO_SMALL
    }
}

impl From<ethernet::Error> for lvs_status {
    fn from(_: ethernet::Error) -> Self {
        LVS_ERR_NOT_VRRP
    }
}

impl From<DatagramError> for lvs_status {
    fn from(_: DatagramError) -> Self {
        LVS_ERR_NOT_VRRP
    }
}
