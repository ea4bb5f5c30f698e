//! Adverts by themselves, for programs with a state machine of their own: an IP packet to what it
//! says, and back.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::net::{IpAddr, Ipv4Addr};

use lvs_proto::vrrp::{
    Advert, AdvertPath, AdvertPolicy, ChecksumForm, Priority, Vrid, decode, encode, from_ip_packet,
};
use lvs_proto::wire::ip;
use lvs_proto::{AddressPair, Family, Protocol, frames};

use self::lvs_advert_checksum::*;
use super::choices::{checksum_accept, lvs_vrrp_checksum_accept};
use super::config::{interval, version_octet, version_of};
use crate::door::{check_size, items, items_mut, read_sized, required, status, write_sized};
use crate::lvs_status::{
    LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_CHECKSUM_TRANSMIT, LVS_ERR_MIXED_FAMILIES,
    LVS_ERR_TOO_MANY_ADDRESSES, LVS_ERR_VRID,
};
use crate::{lvs_address, lvs_status};

/// The most addresses that an advert has.
pub const LVS_ADVERT_ADDRESSES_MAX: usize = 255;

/// What the checksum of an advert covers. Only in version 3 over IPv4 is there a choice \[W-20\].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_advert_checksum {
    /// The message alone, as RFC 9568 settled it.
    LVS_ADVERT_CHECKSUM_MESSAGE_ONLY = 0,
    /// With a pseudo-header, as keepalived and FRR read RFC 5798.
    LVS_ADVERT_CHECKSUM_PSEUDO_HEADER = 1,
    /// With a pseudo-header in which the group stands for the destination \[W-22\].
    LVS_ADVERT_CHECKSUM_GROUP_PSEUDO_HEADER = 2,
}

/// What an advert is to be like in order to be taken.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_advert_policy {
    /// The sizeof of this struct.
    pub size: usize,
    /// Where it goes to: a group, and then from TTL or hop limit 255 only, or an address of this
    /// host, from anywhere. Zeros are the group of VRRP of its family.
    pub destination: lvs_address,
    /// Its version, 2 or 3.
    pub version: u8,
    /// Its virtual router, 1 to 255.
    pub vrid: u8,
    /// Not 0 if version 2 over IPv6 is taken, as keepalived speaks it \[W-3\].
    pub v2_over_ipv6: u8,
    /// Not 0 if it may have more behind it; the daemons refuse that.
    pub trailing_octets: u8,
    /// One of `enum lvs_vrrp_checksum_accept`.
    pub checksum_accept: c_int,
}

/// An advert and the packet that it is in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_advert {
    /// The sizeof of this struct.
    pub size: usize,
    /// The virtual addresses in the sender's order.
    pub addresses: *const lvs_address,
    /// How many there are, at most LVS_ADVERT_ADDRESSES_MAX; only version 2 may have none.
    pub address_count: usize,
    /// Who sends it.
    pub source: lvs_address,
    /// Where it goes to.
    pub destination: lvs_address,
    /// The TTL or hop limit that it came with; those that are written have 255.
    pub hop_limit: u8,
    /// 2 or 3.
    pub version: u8,
    /// The virtual router that it speaks for, 1 to 255.
    pub vrid: u8,
    /// The sender's priority; 0 if it resigns.
    pub priority: u8,
    /// The sender's own interval: 1 to 4095 centiseconds; in version 2, 100 to 25500, whole seconds
    /// \[W-16\].
    pub interval_centiseconds: u16,
    /// One of `enum lvs_advert_checksum`.
    pub checksum: c_int,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_advert_policy>() == 40 && size_of::<lvs_advert>() == 72);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_advert_policy>() == 32 && size_of::<lvs_advert>() == 56);

/// Fills in the defaults: adverts to the group of VRRP with any checksum. `policy->size` is to be set
/// before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_VERSION`, `LVS_ERR_VRID`.
///
/// # Safety
/// `policy` points to a `struct lvs_advert_policy` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_advert_policy_init(
    policy: *mut lvs_advert_policy,
    version: u8,
    vrid: u8,
) -> lvs_status {
    status(|| {
        version_of(version)?;
        Vrid::new(vrid).ok_or(LVS_ERR_VRID)?;
        let defaults = lvs_advert_policy {
            size: size_of::<lvs_advert_policy>(),
            destination: lvs_address::default(),
            version,
            vrid,
            v2_over_ipv6: 0,
            trailing_octets: 0,
            checksum_accept: lvs_vrrp_checksum_accept::LVS_VRRP_CHECKSUM_ACCEPT_ANY as c_int,
        };
        // SAFETY: the caller's contract.
        unsafe { write_sized(policy, defaults) }
    })
}

/// Verifies an IP packet, header included, and reads the advert in it. Its addresses are written to
/// `addresses`; LVS_ADVERT_ADDRESSES_MAX are always enough. `out->size` is to be set before. Adverts
/// that prove who sends them are for virtual routers, by `lvs_vrrp_set_authentication`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`; of the policy
/// `LVS_ERR_VERSION`, `LVS_ERR_VRID`, `LVS_ERR_FAMILY`, `LVS_ERR_CHECKSUM_ACCEPT`; of the packet, by
/// the first check that it fails, `LVS_ERR_NOT_VRRP`, and -90 to -97, `LVS_ERR_V2_OVER_IPV6`,
/// `LVS_ERR_INTERVAL` and `LVS_ERR_NO_ADDRESSES` of `enum lvs_status` \[RX-7\].
///
/// # Safety
/// `packet` points to `length` octets, `policy` to a `struct lvs_advert_policy` of any version,
/// `addresses` to room for `capacity` addresses, `out` to a `struct lvs_advert` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_advert_parse(
    packet: *const u8,
    length: usize,
    policy: *const lvs_advert_policy,
    addresses: *mut lvs_address,
    capacity: usize,
    out: *mut lvs_advert,
) -> lvs_status {
    status(|| {
        // SAFETY: the caller's contract.
        unsafe { check_size(out) }?;
        // SAFETY: the caller's contract.
        let policy = unsafe { read_sized(policy) }?;
        // SAFETY: the caller's contract; any octets are an address.
        let room = unsafe { items_mut(addresses, capacity) }?;
        // SAFETY: the caller's contract.
        let (meta, message) = from_ip_packet(unsafe { items(packet, length) }?)?;
        let advert = decode(message, &meta, &policy.read(meta.addresses.family())?)?;
        let room = room.get_mut(..advert.addresses.len()).ok_or(LVS_ERR_BUFFER_TOO_SMALL)?;
        for (place, address) in room.iter_mut().zip(&advert.addresses) {
            *place = address.into();
        }
        let advert = lvs_advert {
            size: size_of::<lvs_advert>(),
            addresses: room.as_ptr(),
            address_count: room.len(),
            interval_centiseconds: advert.interval.centiseconds(),
            version: version_octet(advert.version),
            vrid: advert.vrid.get(),
            priority: advert.priority.get(),
            checksum: lvs_advert_checksum::from(advert.checksum) as c_int,
            source: meta.addresses.source().into(),
            destination: meta.addresses.destination().into(),
            hop_limit: meta.hop_limit,
        };
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, advert) }
    })
}

/// Writes the IP packet of an advert, header included, without authentication. `*length` is the octets
/// written; LVS_VRRP_FRAME_MAX are always enough. It takes 5 KiB of stack.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`,
/// `LVS_ERR_FAMILY`, `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_VERSION`, `LVS_ERR_VRID`,
/// `LVS_ERR_INTERVAL`, `LVS_ERR_CHECKSUM_TRANSMIT`, `LVS_ERR_V2_OVER_IPV6`, `LVS_ERR_NO_ADDRESSES`,
/// `LVS_ERR_TOO_MANY_ADDRESSES`, `LVS_ERR_DUPLICATE_ADDRESS`.
///
/// # Safety
/// `advert` points to a `struct lvs_advert` of any version with its addresses, `packet` to room for
/// `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_advert_write(
    advert: *const lvs_advert,
    packet: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let length = required(length)?;
        // SAFETY: the caller's contract.
        let advert = unsafe { read_sized(advert) }?;
        // SAFETY: the caller's contract.
        let addresses = unsafe { items(advert.addresses, advert.address_count) }?;
        // SAFETY: the caller's contract; any octets are octets.
        let packet = unsafe { items_mut(packet, capacity) }?;
        length.write(advert.write(addresses, packet)?);
        Ok(())
    })
}

impl lvs_advert_policy {
    /// The policy for a packet of that family.
    fn read(&self, family: Family) -> Result<AdvertPolicy<'static>, lvs_status> {
        let vrid = Vrid::new(self.vrid).ok_or(LVS_ERR_VRID)?;
        let defaults = AdvertPolicy::new(version_of(self.version)?, vrid, family);
        let path = if self.destination == lvs_address::default() {
            defaults.path
        } else {
            match IpAddr::try_from(self.destination)? {
                group if group.is_multicast() => AdvertPath::Multicast(group),
                own => AdvertPath::Unicast { own, peers: None },
            }
        };
        Ok(AdvertPolicy {
            checksum: checksum_accept(self.checksum_accept)?,
            path,
            v2_over_ipv6: self.v2_over_ipv6 != 0,
            trailing_octets: self.trailing_octets != 0,
            ..defaults
        })
    }
}

impl lvs_advert {
    fn write(&self, addresses: &[lvs_address], packet: &mut [u8]) -> Result<usize, lvs_status> {
        let (source, destination) = (self.source.try_into()?, self.destination.try_into()?);
        let ends = AddressPair::new(source, destination).ok_or(LVS_ERR_MIXED_FAMILIES)?;
        let mut read = [IpAddr::V4(Ipv4Addr::UNSPECIFIED); LVS_ADVERT_ADDRESSES_MAX];
        let read = read.get_mut(..addresses.len()).ok_or(LVS_ERR_TOO_MANY_ADDRESSES)?;
        for (place, &address) in read.iter_mut().zip(addresses) {
            *place = address.try_into()?;
        }
        let advert = Advert {
            version: version_of(self.version)?,
            vrid: Vrid::new(self.vrid).ok_or(LVS_ERR_VRID)?,
            priority: Priority::new(self.priority),
            interval: interval(self.interval_centiseconds)?,
            checksum: checksum_form(self.checksum)?,
            addresses: (&*read).into(),
            sequence: None,
        };
        let front = ip::header_len(ends.family());
        let (header, payload) =
            packet.split_at_mut_checked(front).ok_or(LVS_ERR_BUFFER_TOO_SMALL)?;
        let length = encode(&advert, ends, payload)?;
        // At most 8 + 255 * 16 octets.
        frames::advert_ip_header(ends, Protocol::VRRP, 0, length as u16, header)?;
        Ok(front + length)
    }
}

fn checksum_form(number: c_int) -> Result<ChecksumForm, lvs_status> {
    [ChecksumForm::MessageOnly, ChecksumForm::PseudoHeader, ChecksumForm::GroupPseudoHeader]
        .into_iter()
        .find(|&form| lvs_advert_checksum::from(form) as c_int == number)
        .ok_or(LVS_ERR_CHECKSUM_TRANSMIT)
}

impl From<ChecksumForm> for lvs_advert_checksum {
    fn from(form: ChecksumForm) -> Self {
        match form {
            ChecksumForm::MessageOnly => LVS_ADVERT_CHECKSUM_MESSAGE_ONLY,
            ChecksumForm::PseudoHeader => LVS_ADVERT_CHECKSUM_PSEUDO_HEADER,
            ChecksumForm::GroupPseudoHeader => LVS_ADVERT_CHECKSUM_GROUP_PSEUDO_HEADER,
        }
    }
}
