//! Changing a frame in place, so that it goes where the verdict says.
//!
//! Every function here checks all that may be wrong before it writes the first octet: when it
//! returns an error, the frame is as it was.

mod direct_route;
mod header;
mod message;
mod quote;
mod translate;
mod tunnel;

pub use direct_route::rewrite_direct_route;
pub use translate::{Endpoint, Translation, translate};

use core::net::{IpAddr, Ipv4Addr};

use direct_route::relink;
use header::{Edit, Header, V4, V6};
use translate::apply;

use crate::parse::ParseError;
use crate::{Family, Frame, Hop, Layout, MacAddr, Method, NoHeadroom, Origin};

/// The Ethernet addresses of one hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct LinkPair {
    /// The interface that the frame leaves by.
    pub source: MacAddr,
    /// Who takes it next.
    pub destination: MacAddr,
}

/// The way to whoever takes a frame next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// The link addresses of the next hop.
    pub link: LinkPair,
    /// Octets of the longest IP packet that may be sent \[RT-6\].
    pub mtu: u32,
    /// This host's address towards a real server: where tunnels to it begin \[RT-1\]. Unspecified
    /// if there are none.
    pub source: IpAddr,
    /// What tells a packet of a tunnel over IPv4 from those before it if it is sent in fragments: a
    /// number that counts up (RFC 6864 section 4.3).
    pub identification: u16,
    /// Whether a tunnel over IPv4 minds that a packet must not be sent in fragments: the sysctl
    /// `pmtu_disc` \[RT-7\] \[TUN-1\].
    pub path_mtu_discovery: bool,
}

impl Path {
    /// A path that no tunnels begin at; with one, `Path { source, ..Path::new(link, mtu) }`.
    #[must_use]
    pub const fn new(link: LinkPair, mtu: u32) -> Self {
        Self {
            link,
            mtu,
            source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            identification: 0,
            path_mtu_discovery: true,
        }
    }
}

/// Where a packet goes when it has been rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// To this host: it is the real server, or the client. Hand the frame to the local stack;
    /// only [translation](Method::is_translated) changed it \[RT-4\].
    Local,
    /// Out again.
    Via(Path),
}

/// Why a frame was not rewritten; it is unchanged. Count them by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// The frame holds no IP packet.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The layout is not that of the frame.
    #[error("the layout is another frame's")]
    Layout,
    /// TTL or hop limit does not allow another hop \[RT-5\]: answer with
    /// [`time_exceeded`](crate::frames::time_exceeded).
    #[error("the packet may go no further")]
    TimeExceeded,
    /// It is too long, and must not be sent in fragments \[RT-7\] \[RT-8\]: answer with
    /// [`packet_too_big`](crate::frames::packet_too_big).
    #[error("the packet is longer than {mtu} octets")]
    TooBig {
        /// Octets of the longest packet that may come this way.
        mtu: u32,
    },
    /// There is no room in front of the frame for the tunnel's headers.
    #[error(transparent)]
    NoHeadroom(#[from] NoHeadroom),
    /// The path takes packets that are too short for a tunnel \[RT-6\].
    #[error("a tunnel that carries no more than {mtu} octets")]
    TunnelMtu {
        /// Octets of the longest packet that the tunnel would carry.
        mtu: u32,
    },
    /// The path has no address of the real server's family that a tunnel could begin at.
    #[error("no own address to begin an {server} tunnel at")]
    NoTunnelSource {
        /// The real server's family.
        server: Family,
    },
    /// The outer packet would be longer than its length field can say.
    #[error("a packet of {length} octets is too long for IP")]
    TooLong {
        /// Octets that it would have.
        length: usize,
    },
    /// A packet cannot be given an address of the other family.
    #[error("a packet of {packet} is not translated to another family")]
    Family {
        /// The packet's.
        packet: Family,
    },
    /// The transport header is cut short \[SVC-10\].
    #[error("the transport header is cut short")]
    HeaderUnreadable,
    /// The checksum of an ICMP error does not verify \[ICMP-4\] \[ICMP-6\].
    #[error("the checksum of the ICMP error does not verify")]
    IcmpChecksum,
    /// An ICMP error in fragments, or one that quotes its packet too briefly to be translated
    /// \[ICMP-1\] \[ICMP-2\].
    #[error("the ICMP error does not quote its packet")]
    IcmpUnreadable,
    /// This build leaves the method out: see the features of the crate.
    #[error("this build does not send packets by {method:?}")]
    NotBuilt {
        /// What was asked for.
        method: Method,
    },
    /// Ports of SCTP cannot change in one fragment: its checksum covers all of them \[NAT-4\].
    #[error("the checksum of an SCTP packet in fragments is out of reach")]
    SctpFragment,
}

/// Sends a client's packet to its real server, as [`Verdict::Forward`](crate::Verdict::Forward)
/// says \[NAT-1\], \[DR-1\], \[TUN-1\], \[BYP-1\], \[FN-1\]; an ICMP error about a connection as well
/// \[ICMP-4\], \[ICMP-5\].
///
/// `layout` is that of [`parse_with_layout`](crate::parse_with_layout). A tunnel needs
/// [`Tunnel::overhead`](crate::Tunnel::overhead) of headroom, and leaves a frame that the layout
/// does not fit any more. A packet that is longer than the MTU and may be sent in fragments is not
/// refused: to make them is for whoever sends it.
///
/// # Errors
/// [`RewriteError`]; the frame is unchanged.
pub fn forward(
    frame: &mut Frame<'_>,
    layout: &Layout,
    hop: &Hop,
    route: &Route,
) -> Result<(), RewriteError> {
    match hop.method {
        Method::Nat => apply(frame, layout, None, Some((&hop.address, hop.port)), route),
        Method::FullNat if cfg!(feature = "full-nat") => {
            let server = Endpoint { address: hop.address, port: hop.port };
            let ends = Translation { source: hop.local, destination: Some(server) };
            translate(frame, layout, &ends, route)
        }
        Method::DirectRoute => pass_on(frame, layout, route),
        Method::Tunnel if cfg!(feature = "tunnels") => match route {
            Route::Local => Ok(()),
            Route::Via(path) => tunnel::encapsulate(frame, layout, hop, path),
        },
        method @ (Method::FullNat | Method::Tunnel) => Err(RewriteError::NotBuilt { method }),
    }
}

/// Sends a real server's answer to its client, as [`Verdict::Reply`](crate::Verdict::Reply) says
/// \[NAT-6\], \[NAT-7\], \[FN-1\]; an ICMP error about a connection as well \[ICMP-6\].
///
/// For the rest as [`forward`].
///
/// # Errors
/// [`RewriteError`]; the frame is unchanged.
pub fn reply(
    frame: &mut Frame<'_>,
    layout: &Layout,
    origin: &Origin,
    route: &Route,
) -> Result<(), RewriteError> {
    match origin.method {
        Method::Nat => apply(frame, layout, Some((&origin.address, origin.port)), None, route),
        Method::FullNat if cfg!(feature = "full-nat") => {
            let virtual_end = Endpoint { address: origin.address, port: origin.port };
            let ends = Translation { source: Some(virtual_end), destination: origin.client };
            translate(frame, layout, &ends, route)
        }
        Method::DirectRoute | Method::Tunnel => pass_on(frame, layout, route),
        method @ Method::FullNat => Err(RewriteError::NotBuilt { method }),
    }
}

/// Sends a packet on as it is, one hop less.
fn pass_on(frame: &mut Frame<'_>, layout: &Layout, route: &Route) -> Result<(), RewriteError> {
    let Route::Via(path) = route else { return Ok(()) };
    let packet = frame.octets_mut().get_mut(layout.packet()).ok_or(RewriteError::Layout)?;
    match layout.family {
        Family::V4 => next_hop::<V4<'_>>(packet, layout, path.mtu)?,
        Family::V6 => next_hop::<V6<'_>>(packet, layout, path.mtu)?,
    }
    relink(frame.octets_mut(), path.link);
    Ok(())
}

/// Takes one off TTL or hop limit \[RT-5\].
fn next_hop<'a, H: Header<'a>>(
    packet: &'a mut [u8],
    layout: &Layout,
    mtu: u32,
) -> Result<(), RewriteError> {
    let mut header = H::of(packet).ok_or(RewriteError::Layout)?;
    header.check_onward(layout, mtu)?;
    header.rewrite(&Edit::ONWARD);
    Ok(())
}
