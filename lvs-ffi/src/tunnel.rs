//! Tunnels.

use lvs_proto::{GueChecksum, Tunnel};

use self::lvs_tunnel_checksum::*;
use self::lvs_tunnel_kind::*;
use crate::lvs_status;
use crate::lvs_status::LVS_ERR_TUNNEL;

/// What stands between the outer IP header of a tunnel and the packet that it carries \[TUN-6\].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_tunnel_kind {
    /// Nothing (RFC 2003, RFC 2473, RFC 4213; --tun-type ipip) \[TUN-2\].
    LVS_TUNNEL_IPIP = 0,
    /// UDP and Generic UDP Encapsulation (--tun-type gue) \[TUN-3\].
    LVS_TUNNEL_GUE = 1,
    /// Generic Routing Encapsulation (RFC 2784; --tun-type gre) \[TUN-4\].
    LVS_TUNNEL_GRE = 2,
}

/// The checksum of a tunnel.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_tunnel_checksum {
    /// None (--tun-nocsum).
    LVS_TUNNEL_CHECKSUM_NONE = 0,
    /// That of UDP or of GRE (--tun-csum).
    LVS_TUNNEL_CHECKSUM = 1,
    /// Of GUE, as LVS_TUNNEL_CHECKSUM: in a frame from the wire no checksum is left for a receiver
    /// to finish (--tun-remcsum) \[TUN-3\].
    LVS_TUNNEL_CHECKSUM_REMOTE = 2,
}

/// How a packet is carried by LVS_METHOD_TUNNEL; zeros are IP in IP.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_tunnel {
    /// One of `enum lvs_tunnel_kind`.
    pub kind: u8,
    /// One of `enum lvs_tunnel_checksum`.
    pub checksum: u8,
    /// Of GUE the real server's UDP port, in host order.
    pub port: u16,
}

const _: () = assert!(size_of::<lvs_tunnel>() == 4);

impl From<Tunnel> for lvs_tunnel {
    #[inline]
    fn from(tunnel: Tunnel) -> Self {
        match tunnel {
            Tunnel::IpIp => Self::default(),
            Tunnel::Gue { port, checksum } => {
                let checksum = match checksum {
                    GueChecksum::None => LVS_TUNNEL_CHECKSUM_NONE,
                    GueChecksum::Udp => LVS_TUNNEL_CHECKSUM,
                    GueChecksum::Remote => LVS_TUNNEL_CHECKSUM_REMOTE,
                };
                Self { kind: LVS_TUNNEL_GUE as u8, checksum: checksum as u8, port }
            }
            Tunnel::Gre { checksum } => {
                Self { kind: LVS_TUNNEL_GRE as u8, checksum: checksum.into(), port: 0 }
            }
        }
    }
}

impl TryFrom<lvs_tunnel> for Tunnel {
    type Error = lvs_status;

    fn try_from(tunnel: lvs_tunnel) -> Result<Self, lvs_status> {
        let port = tunnel.port;
        let checksums = [GueChecksum::None, GueChecksum::Udp, GueChecksum::Remote];
        [Self::IpIp, Self::Gre { checksum: false }, Self::Gre { checksum: true }]
            .into_iter()
            .chain(checksums.map(|checksum| Self::Gue { port, checksum }))
            .find(|&known| lvs_tunnel { port, ..known.into() } == tunnel)
            .ok_or(LVS_ERR_TUNNEL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_numbers_do_not_pass() {
        for tunnel in [(3, 0), (0, 1), (1, 3), (2, 2)] {
            let tunnel = lvs_tunnel { kind: tunnel.0, checksum: tunnel.1, port: 9 };
            assert_eq!(Tunnel::try_from(tunnel), Err(LVS_ERR_TUNNEL));
        }
    }
}
