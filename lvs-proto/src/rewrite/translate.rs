//! Address translation: other addresses and ports, and checksums that fit.

use core::net::IpAddr;

use super::direct_route::relink;
use super::header::{Edit, Header, V4, V6};
use super::{RewriteError, Route, message};
use crate::{Family, Frame, Layout};

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// Its port in host order; a protocol without ports ignores it.
    pub port: u16,
}

impl Endpoint {
    const fn parts(&self) -> (&IpAddr, u16) {
        (&self.address, self.port)
    }
}

/// Whom a packet is to come from, and where it is to go.
///
/// A request of [`Method::Nat`](crate::Method::Nat) gets another destination, its reply another
/// source; with both, it is what DPVS calls FULLNAT \[FN-1\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Translation {
    /// The new source; `None` for the old one.
    pub source: Option<Endpoint>,
    /// The new destination; `None` for the old one.
    pub destination: Option<Endpoint>,
}

/// Writes new addresses and ports into a packet, and brings the checksums up to date.
///
/// - Checksums of IP and TCP change by what changed, and so one that was wrong stays wrong
///   \[NAT-2\]. A UDP datagram without a checksum gets one, if it is whole \[NAT-3\]; an SCTP
///   packet gets a new one if a port changes \[NAT-4\].
/// - In later fragments only the addresses change \[NAT-5\].
/// - In an ICMP error, the packet that it quotes changes the other way round, without its
///   transport checksum \[ICMP-4\], \[ICMP-6\].
///
/// ```
/// use lvs_proto::wire::ethernet::{EtherType, header};
/// use lvs_proto::wire::ipv4;
/// use lvs_proto::{
///     Endpoint, Frame, MacAddr, Protocol, Route, Translation, parse_with_layout, translate,
/// };
///
/// let mac = MacAddr::new([2, 0, 0, 0, 0, 1]);
/// let packet = ipv4::Header {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
///     protocol: Protocol::UDP,
///     hop_limit: 64,
///     tos: 0,
///     total_len: 28,
/// };
/// let datagram = [0x9c, 0x40, 0, 53, 0, 8, 0, 0];
/// let link = header(mac, mac, EtherType::IPV4);
/// let mut octets = [&link[..], &packet.octets(), &datagram].concat();
///
/// let (_, layout) = parse_with_layout(&octets)?;
/// let server = Endpoint { address: [10, 0, 0, 1].into(), port: 5353 };
/// let to_server = Translation { source: None, destination: Some(server) };
/// translate(&mut Frame::from(&mut octets[..]), &layout, &to_server, &Route::Local)?;
///
/// let (flow, _) = parse_with_layout(&octets)?;
/// assert_eq!(flow.destination(), server.address);
/// assert_eq!(flow.transport.ports(), Some((40_000, 5353)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
/// [`RewriteError`]; the frame is unchanged.
pub fn translate(
    frame: &mut Frame<'_>,
    layout: &Layout,
    translation: &Translation,
    route: &Route,
) -> Result<(), RewriteError> {
    let Translation { source, destination } = translation;
    let [source, destination] = [source, destination].map(|end| end.as_ref().map(Endpoint::parts));
    apply(frame, layout, source, destination, route)
}

/// [`translate`], compiled for the ends that the caller knows.
#[inline(always)]
pub(super) fn apply(
    frame: &mut Frame<'_>,
    layout: &Layout,
    source: Option<(&IpAddr, u16)>,
    destination: Option<(&IpAddr, u16)>,
    route: &Route,
) -> Result<(), RewriteError> {
    let octets = frame.octets_mut();
    let packet = octets.get_mut(layout.packet()).ok_or(RewriteError::Layout)?;
    let onward = matches!(route, Route::Via(_));
    match layout.family {
        Family::V4 => {
            let edit = Edit::new::<V4<'_>>(source, destination, onward)?;
            rewrite_packet::<V4<'_>>(packet, layout, &edit, route)?;
        }
        Family::V6 => {
            let edit = Edit::new::<V6<'_>>(source, destination, onward)?;
            rewrite_packet::<V6<'_>>(packet, layout, &edit, route)?;
        }
    }
    if let Route::Via(path) = route {
        relink(octets, path.link);
    }
    Ok(())
}

#[inline(always)]
fn rewrite_packet<'a, H: Header<'a>>(
    packet: &'a mut [u8],
    layout: &Layout,
    edit: &Edit<H::Address>,
    route: &Route,
) -> Result<(), RewriteError> {
    let (header, message) =
        packet.split_at_mut_checked(layout.header_len()).ok_or(RewriteError::Layout)?;
    let header = H::of(header).ok_or(RewriteError::Layout)?;
    if let Route::Via(path) = route {
        header.check_onward(layout, path.mtu)?;
    }
    message::rewrite(header, message, layout, edit)
}
