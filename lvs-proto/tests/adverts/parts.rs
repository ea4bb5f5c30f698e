//! The parts of an advertisement, any of them.

use std::net::IpAddr;

use arbitrary::Unstructured;
use lvs_proto::vrrp::{
    Advert, AdvertInterval, AdvertMeta, AdvertPolicy, ChecksumAccept, ChecksumForm, EncodeError,
    GROUP_V4, GROUP_V6, Priority, Version, Vrid, encode,
};
use lvs_proto::{AddressPair, Family};

/// The longest message: 255 IPv6 addresses.
pub(crate) const ROOM: usize = 8 + 255 * 16;

/// What an advert is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) version: Version,
    pub(crate) source: IpAddr,
    pub(crate) priority: u8,
    pub(crate) interval: AdvertInterval,
    pub(crate) checksum: ChecksumForm,
    pub(crate) addresses: Vec<IpAddr>,
}

pub(crate) const VRID: u8 = 51;

impl Parts {
    pub(crate) fn v3() -> Self {
        Self {
            version: Version::V3,
            source: [192, 0, 2, 1].into(),
            priority: 100,
            interval: AdvertInterval::DEFAULT,
            checksum: ChecksumForm::MessageOnly,
            addresses: vec![[192, 0, 2, 100].into()],
        }
    }

    pub(crate) fn arbitrary(u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let (version, family) = *u.choose(&[
            (Version::V2, Family::V4),
            (Version::V3, Family::V4),
            (Version::V3, Family::V6),
        ])?;
        let address = |u: &mut Unstructured<'_>| match family {
            Family::V4 => u.arbitrary().map(IpAddr::V4),
            Family::V6 => u.arbitrary().map(IpAddr::V6),
        };
        let at_least = if version == Version::V3 { 1 } else { 0 };
        let count = if u.ratio(1, 20)? { 255 } else { u.int_in_range(at_least..=6)? };
        let mut addresses: Vec<IpAddr> = Vec::new();
        for _ in 0..count {
            addresses.push(address(u)?);
        }
        addresses.sort_unstable();
        addresses.dedup();
        let interval = match version {
            Version::V2 => AdvertInterval::from_seconds(u.int_in_range(1..=255)?),
            Version::V3 => AdvertInterval::from_centiseconds(u.int_in_range(1..=4095)?),
        };
        let checksum = match (version, family) {
            (Version::V2, _) => ChecksumForm::MessageOnly,
            (_, Family::V6) => ChecksumForm::PseudoHeader,
            _ => *u.choose(&[ChecksumForm::MessageOnly, ChecksumForm::PseudoHeader])?,
        };
        let source = address(u)?;
        let interval = interval.unwrap();
        Ok(Self { version, source, priority: u.arbitrary()?, interval, checksum, addresses })
    }

    pub(crate) fn advert(&self) -> Advert<'_> {
        Advert {
            version: self.version,
            vrid: Vrid::new(VRID).unwrap(),
            priority: Priority::new(self.priority),
            interval: self.interval,
            checksum: self.checksum,
            addresses: self.addresses[..].into(),
            sequence: None,
        }
    }

    pub(crate) fn pair(&self) -> AddressPair {
        match self.source {
            IpAddr::V4(source) => AddressPair::V4 { source, destination: GROUP_V4 },
            IpAddr::V6(source) => AddressPair::V6 { source, destination: GROUP_V6 },
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![0; ROOM];
        let length = encode(&self.advert(), self.pair(), &mut out)?;
        out.truncate(length);
        Ok(out)
    }

    pub(crate) fn meta(&self) -> AdvertMeta {
        AdvertMeta::new(self.pair(), 255)
    }

    /// A receiver that takes this checksum form alone: that a damaged message verifies in the
    /// other one is unlikely, not impossible.
    pub(crate) fn policy(&self) -> AdvertPolicy<'static> {
        let checksum = ChecksumAccept {
            message_only: self.checksum == ChecksumForm::MessageOnly,
            pseudo_header: self.checksum == ChecksumForm::PseudoHeader,
            group_pseudo_header: false,
        };
        let vrid = Vrid::new(VRID).unwrap();
        let family = Family::of(self.source);
        AdvertPolicy { checksum, ..AdvertPolicy::new(self.version, vrid, family) }
    }
}
