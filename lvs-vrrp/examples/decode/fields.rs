//! The fields of a message as tshark names and reads them, whatever becomes of the message.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::checksum::Sum;
use lvs_proto::vrrp::{AUTHENTICATION_HEADER_LEN, AuthenticationHeader, Message};
use lvs_proto::{AddressPair, Protocol};
use serde_json::{Map, Value, json};

use crate::packet::{self, Error};

/// All that can be read in the IP payload of the line, even if it ends in the middle of a header.
pub(crate) fn of(vector: &Value) -> Result<Value, Error> {
    let payload = packet::payload(vector)?;
    let mut fields = Map::new();
    let mut octets = &payload[..];
    if vector["ip"]["proto"] == 51 {
        let header: [u8; AUTHENTICATION_HEADER_LEN] = padded(octets);
        authentication_header(&mut fields, &header, octets.len());
        octets = octets.get(header.len()..).filter(|_| header[0] == 112).unwrap_or_default();
    }
    message(&mut fields, &vector["ip"], octets);
    Ok(fields.into())
}

fn authentication_header(fields: &mut Map<String, Value>, octets: &[u8; 24], len: usize) {
    let header = AuthenticationHeader { identification: 0, octets: *octets };
    if len >= 12 {
        fields.insert("ah.spi".into(), u32::from(header.spi()).into());
        fields.insert("ah.sequence".into(), header.sequence().into());
    }
    if len >= octets.len() {
        let icv: String = header.icv().iter().map(|octet| format!("{octet:02x}")).collect();
        fields.insert("ah.icv".into(), icv.into());
    }
}

fn message(fields: &mut Map<String, Value>, ip: &Value, octets: &[u8]) {
    let header: [u8; 8] = padded(octets);
    let Some(message) = Message::parse(if octets.len() < 8 { &header } else { octets }) else {
        return;
    };
    let mut put = |from_len: usize, name: &str, value: Value| {
        if octets.len() >= from_len {
            fields.insert(name.to_owned(), value);
        }
    };
    put(4, "version", message.version().into());
    put(4, "type", message.kind().into());
    put(4, "virt_rtr_id", message.vrid().into());
    put(4, "prio", message.priority().into());
    put(4, "addr_count", message.count().into());
    if message.version() == 3 {
        put(6, "reserved_mbz", message.reserved().into());
        put(6, "short_adver_int", message.max_advert_interval().into());
    } else {
        put(5, "auth_type", message.auth_type().into());
        put(6, "adver_int", message.advert_interval().into());
    }
    put(8, "checksum", format!("{:#06x}", message.checksum()).into());
    put(8, "checksum.status", u8::from(verifies(ip, &message, octets)).into());
    let (addresses, rest) = addresses(&message, ip["version"] == 6);
    if !addresses.is_empty() {
        put(8, "addresses", json!(addresses));
    }
    if let (2, 1, Some(password)) = (message.version(), message.auth_type(), password(rest)) {
        put(8, "auth_string", password);
    }
}

/// The first octets, zeros where there are none.
fn padded<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    padded.iter_mut().zip(octets).for_each(|(padded, octet)| *padded = *octet);
    padded
}

/// Whether the checksum verifies as tshark reads the standards: with a pseudo-header in version 3.
fn verifies(ip: &Value, message: &Message<'_>, octets: &[u8]) -> bool {
    let address = |field: &str| ip[field].as_str().and_then(|text| text.parse().ok());
    let pair = address("src").zip(address("dst")).and_then(|(a, b)| AddressPair::new(a, b));
    let sum = Sum::new().add_octets(octets);
    match pair {
        Some(pair) if message.version() == 3 => {
            sum.add_pseudo_header(pair, Protocol::VRRP, octets.len() as u32).verifies()
        }
        _ => sum.verifies(),
    }
}

/// As many addresses as the message says and has, and what follows them.
fn addresses<'a>(message: &Message<'a>, is_v6: bool) -> (Vec<IpAddr>, &'a [u8]) {
    let mut rest = message.body();
    let mut addresses = Vec::new();
    for _ in 0..message.count() {
        let next = if is_v6 {
            rest.split_first_chunk().map(|(address, rest)| (Ipv6Addr::from(*address).into(), rest))
        } else {
            rest.split_first_chunk().map(|(address, rest)| (Ipv4Addr::from(*address).into(), rest))
        };
        let Some((address, behind)) = next else { break };
        addresses.push(address);
        rest = behind;
    }
    (addresses, rest)
}

/// The password up to its zeros; a number if it has digits only, as tshark's JSON has it.
fn password(data: &[u8]) -> Option<Value> {
    let data = data.get(..8)?;
    let text = data.split(|&octet| octet == 0).next().filter(|text| !text.is_empty())?;
    let text = String::from_utf8_lossy(text).into_owned();
    let number = text.parse::<u32>().ok().filter(|number| number.to_string() == text);
    Some(number.map_or(text.into(), Value::from))
}
