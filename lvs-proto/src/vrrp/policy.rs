//! What a receiver knows of an advertisement before it reads it: the virtual router's side and the
//! packet's.

use core::net::IpAddr;

#[cfg(feature = "auth-legacy")]
use super::Password;
#[cfg(feature = "auth-hmac")]
use super::TrailerPolicy;
use super::{AuthenticationHeader, GROUP_V4, GROUP_V6, HOP_LIMIT, Version, Vrid};
use crate::{AddressPair, Family};

/// What a virtual router expects of an advertisement.
///
/// ```
/// use lvs_proto::Family;
/// use lvs_proto::vrrp::{AdvertPolicy, ChecksumAccept, Version, Vrid};
///
/// let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
/// let strict = AdvertPolicy {
///     checksum: ChecksumAccept::MESSAGE_ONLY,
///     ..AdvertPolicy::new(Version::V3, vrid, Family::V4)
/// };
/// assert!(!strict.checksum.pseudo_header);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AdvertPolicy<'a> {
    /// The version of the virtual router.
    pub version: Version,
    /// The virtual router.
    pub vrid: Vrid,
    /// The checksum forms that pass.
    pub checksum: ChecksumAccept,
    /// Whom adverts go to and may come from.
    pub path: AdvertPath<'a>,
    /// What proves that the sender may speak.
    pub authentication: Authentication<'a>,
    /// Whether version 2 over IPv6 passes, as keepalived speaks it \[W-3\]: without authentication
    /// data, the checksum with a pseudo-header.
    pub v2_over_ipv6: bool,
    /// Whether octets behind the message pass; both daemons in the field drop them.
    pub trailing_octets: bool,
}

impl AdvertPolicy<'_> {
    /// The defaults: adverts go to the VRRP group of `family`, have any checksum form and no
    /// authentication.
    #[must_use]
    pub const fn new(version: Version, vrid: Vrid, family: Family) -> Self {
        Self {
            version,
            vrid,
            checksum: ChecksumAccept::ANY,
            path: AdvertPath::Multicast(group(family)),
            authentication: Authentication::None,
            v2_over_ipv6: false,
            trailing_octets: false,
        }
    }
}

/// The VRRP group of `family`.
#[must_use]
pub const fn group(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(GROUP_V4),
        Family::V6 => IpAddr::V6(GROUP_V6),
    }
}

/// Whom the adverts of a virtual router go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvertPath<'a> {
    /// A group, from TTL 255 only; [`group`] unless configured otherwise \[X-31\].
    Multicast(IpAddr),
    /// Each peer by itself \[X-28\].
    Unicast {
        /// The address that adverts of peers go to.
        own: IpAddr,
        /// Who may send them, and from how far. `None` lets anybody from anywhere, as keepalived
        /// does by default \[X-29\].
        peers: Option<&'a [Peer]>,
    },
}

impl AdvertPath<'_> {
    /// Whether an advert from `source` may have this TTL: 255 but for peers that are farther away
    /// \[SEC-2\].
    #[inline]
    pub(super) fn admits_hop_limit(&self, source: IpAddr, hop_limit: u8) -> bool {
        match self {
            Self::Multicast(_) => hop_limit == HOP_LIMIT,
            Self::Unicast { peers: None, .. } => true,
            Self::Unicast { peers: Some(peers), .. } => match find(peers, source) {
                Some(peer) => (peer.min_hop_limit..=peer.max_hop_limit).contains(&hop_limit),
                None => hop_limit == HOP_LIMIT,
            },
        }
    }

    /// Where adverts have to go to.
    pub(super) const fn destination(&self) -> IpAddr {
        match *self {
            Self::Multicast(group) => group,
            Self::Unicast { own, .. } => own,
        }
    }

    /// Whether adverts may come from `source`.
    #[inline]
    pub(super) fn admits(&self, source: IpAddr) -> bool {
        match self {
            Self::Multicast(_) | Self::Unicast { peers: None, .. } => true,
            Self::Unicast { peers: Some(peers), .. } => find(peers, source).is_some(),
        }
    }
}

/// Out of the way of those who have no peers.
#[inline(never)]
fn find(peers: &[Peer], source: IpAddr) -> Option<&Peer> {
    peers.iter().find(|peer| peer.address == source)
}

/// A router that adverts are exchanged with one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// The least TTL or hop limit that its adverts may have on arrival \[X-30\].
    pub min_hop_limit: u8,
    /// The greatest.
    pub max_hop_limit: u8,
}

impl Peer {
    /// A peer on the link: TTL or hop limit 255.
    #[must_use]
    pub const fn new(address: IpAddr) -> Self {
        Self { address, min_hop_limit: HOP_LIMIT, max_hop_limit: HOP_LIMIT }
    }
}

/// What proves that the sender of an advert may speak for the virtual router.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Authentication<'a> {
    /// Nothing; in version 2, authentication type 0.
    #[default]
    None,
    /// Version 2, type 1: a password in each advert, for all to read \[W-4\].
    #[cfg(feature = "auth-legacy")]
    Password(&'a Password),
    /// Version 2, type 2: an authentication header in front of each advert \[W-5\].
    #[cfg(feature = "auth-legacy")]
    Header(&'a Password),
    /// Either version: a trailer behind each advert \[W-37\].
    #[cfg(feature = "auth-hmac")]
    Trailer(TrailerPolicy<'a>),
    /// Never there; it holds the lifetime where no feature does.
    #[doc(hidden)]
    #[cfg(not(any(feature = "auth-legacy", feature = "auth-hmac")))]
    Never(core::convert::Infallible, core::marker::PhantomData<&'a ()>),
}

/// How the checksum of a version 3 advertisement over IPv4 covers the packet \[W-20\], \[W-21\].
///
/// Version 2 always covers the message alone and IPv6 always adds its pseudo-header; there the
/// choice does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ChecksumForm {
    /// The message alone, as RFC 9568 settled it.
    #[default]
    MessageOnly,
    /// With a pseudo-header, as keepalived and FRR read RFC 5798.
    PseudoHeader,
    /// With a pseudo-header in which the VRRP group stands for the destination, although the packet
    /// goes to a peer: keepalived up to 1.3.6 \[W-22\].
    GroupPseudoHeader,
}

/// Which checksum forms a receiver takes on version 3 over IPv4 \[W-23\]; all by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ChecksumAccept {
    /// [`ChecksumForm::MessageOnly`].
    pub message_only: bool,
    /// [`ChecksumForm::PseudoHeader`].
    pub pseudo_header: bool,
    /// [`ChecksumForm::GroupPseudoHeader`], on packets to a peer.
    pub group_pseudo_header: bool,
}

impl ChecksumAccept {
    /// Any form.
    pub const ANY: Self =
        Self { message_only: true, pseudo_header: true, group_pseudo_header: true };

    /// What RFC 9568 says, to the letter.
    pub const MESSAGE_ONLY: Self =
        Self { message_only: true, pseudo_header: false, group_pseudo_header: false };

    /// What keepalived takes.
    pub const PSEUDO_HEADER: Self =
        Self { message_only: false, pseudo_header: true, group_pseudo_header: true };

    /// Whether adverts of that form pass.
    #[must_use]
    pub const fn contains(self, form: ChecksumForm) -> bool {
        match form {
            ChecksumForm::MessageOnly => self.message_only,
            ChecksumForm::PseudoHeader => self.pseudo_header,
            ChecksumForm::GroupPseudoHeader => self.group_pseudo_header,
        }
    }
}

impl Default for ChecksumAccept {
    fn default() -> Self {
        Self::ANY
    }
}

/// What the packet around a received advertisement said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AdvertMeta {
    /// Who sent it, and to whom.
    pub addresses: AddressPair,
    /// TTL or hop limit on arrival; anything but 255 came through a router.
    pub hop_limit: u8,
    /// The authentication header in front of the message.
    pub authentication: Option<AuthenticationHeader>,
    /// Whether somebody has verified the checksum already, as kernels do on IPv6 raw sockets
    /// \[W-25\]. Over IPv4 it is verified all the same, to tell its form.
    pub checksum_verified: bool,
}

impl AdvertMeta {
    /// A packet without authentication header whose checksum nobody has looked at.
    #[must_use]
    pub const fn new(addresses: AddressPair, hop_limit: u8) -> Self {
        Self { addresses, hop_limit, authentication: None, checksum_verified: false }
    }
}
