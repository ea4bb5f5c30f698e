//! The IP packet of a line.

use std::net::{Ipv4Addr, Ipv6Addr};

use lvs_proto::checksum::Sum;
use serde_json::Value;

pub(crate) type Error = Box<dyn std::error::Error>;

/// What the IP packet carries: `hex`.
pub(crate) fn payload(vector: &Value) -> Result<Vec<u8>, Error> {
    octets(vector["hex"].as_str().ok_or("no hex")?)
}

/// The whole packet, with what is unusual about it.
pub(crate) fn of(vector: &Value) -> Result<Vec<u8>, Error> {
    let ip = &vector["ip"];
    let payload = payload(vector)?;
    let mut packet = match ip["version"].as_u64() {
        Some(4) => v4(ip, &payload)?,
        Some(6) => v6(ip, &payload)?,
        _ => return Err("an IP version is 4 or 6".into()),
    };
    packet.extend(unusual(ip, "pad")?);
    Ok(packet)
}

fn v4(ip: &Value, payload: &[u8]) -> Result<Vec<u8>, Error> {
    let options = unusual(ip, "opts")?;
    let header_len = 20 + options.len();
    let mut packet = vec![0x40 | (header_len / 4) as u8, number(ip, "tos") as u8];
    packet.extend(((header_len + payload.len()) as u16).to_be_bytes());
    packet.extend(number(ip, "id").to_be_bytes());
    packet.extend(number(ip, "flags_frag").to_be_bytes());
    packet.extend([number(ip, "ttl") as u8, number(ip, "proto") as u8, 0, 0]);
    packet.extend(address::<Ipv4Addr>(ip, "src")?.octets());
    packet.extend(address::<Ipv4Addr>(ip, "dst")?.octets());
    packet.extend(options);
    let mut checksum = Sum::new().add_octets(&packet).checksum();
    if ip["bad_header_checksum"].as_bool() == Some(true) {
        checksum ^= 1;
    }
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend(payload);
    Ok(packet)
}

/// Extension headers begin with a hop-by-hop header.
fn v6(ip: &Value, payload: &[u8]) -> Result<Vec<u8>, Error> {
    const HOP_BY_HOP: u8 = 0;
    let extensions = unusual(ip, "ext")?;
    let protocol = number(ip, "proto") as u8;
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(((extensions.len() + payload.len()) as u16).to_be_bytes());
    packet.push(if extensions.is_empty() { protocol } else { HOP_BY_HOP });
    packet.push(number(ip, "ttl") as u8);
    packet.extend(address::<Ipv6Addr>(ip, "src")?.octets());
    packet.extend(address::<Ipv6Addr>(ip, "dst")?.octets());
    packet.extend(extensions);
    packet.extend(payload);
    Ok(packet)
}

/// A field of the header; 0 where the line leaves it out.
fn number(ip: &Value, field: &str) -> u16 {
    ip[field].as_u64().unwrap_or_default() as u16
}

fn address<T: std::str::FromStr>(ip: &Value, field: &str) -> Result<T, Error> {
    let text = ip[field].as_str().unwrap_or_default();
    text.parse().map_err(|_| format!("{field} {text} is no address").into())
}

/// Octets that most lines do not have.
fn unusual(ip: &Value, field: &str) -> Result<Vec<u8>, Error> {
    octets(ip[field].as_str().unwrap_or_default())
}

fn octets(hex: &str) -> Result<Vec<u8>, Error> {
    let pair = |at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let octets: Option<_> = (0..hex.len()).step_by(2).map(pair).collect();
    octets.ok_or_else(|| format!("{hex} is not hexadecimal").into())
}
