//! The table beside a naive list, the newest first.

use core::net::IpAddr;
use std::vec::Vec;

use arbitrary::{Result, Unstructured};
use lvs_proto::{AddressPair, Endpoint, Hop, Instant, Method, Protocol};

use super::{Capacity, Conn, ConnId, ConnKey, Conns, Due, NOWHERE};
use crate::Timers;
use crate::hash::Seed;

struct Named {
    id: ConnId,
    key: ConnKey,
    hop: Hop,
    /// The second at which it is gone.
    gone: u64,
    valid: bool,
}

/// Few of each, and real servers at virtual addresses, so that keys of clients and of servers meet.
fn address(u: &mut Unstructured<'_>, v6: bool) -> Result<IpAddr> {
    let last = u.int_in_range(1..=2_u8)?;
    Ok(if v6 { [0, 0, 0, 0, 0, 0, 0, last.into()].into() } else { [10, 0, 0, last].into() })
}

fn key(u: &mut Unstructured<'_>) -> Result<ConnKey> {
    let (v6, template) = (u.ratio(1, 4)?, u.ratio(1, 5)?);
    let addresses = AddressPair::new(address(u, v6)?, address(u, v6)?);
    Ok(ConnKey {
        protocol: Protocol::UDP,
        addresses: addresses.expect("one family"),
        client_port: if template { 0 } else { u.int_in_range(0..=2)? },
        virtual_port: u.int_in_range(1..=2)?,
        template,
    })
}

fn reply_key(conn: &Named) -> Option<ConnKey> {
    let (address, port) = match conn.hop.method {
        Method::Nat | Method::FullNat => (conn.hop.address, conn.hop.port),
        _ => (conn.key.virtual_address(), conn.key.virtual_port),
    };
    let client = Endpoint { address: conn.key.client(), port: conn.key.client_port };
    let seen = conn.hop.local.unwrap_or(client);
    let addresses = AddressPair::new(address, seen.address)?;
    let virtual_port = seen.port;
    Some(ConnKey { addresses, client_port: port, virtual_port, ..conn.key })
}

fn compare(conns: &Conns, model: &[Named], now: u64, key: &ConnKey) {
    let moment = Instant::from_secs(now);
    let found = model.iter().find(|conn| {
        let shown = conn.key.template || conn.key.client_port != 0;
        shown && conn.valid && conn.key == *key && conn.gone > now
    });
    assert_eq!(conns.find(moment, key), found.map(|conn| conn.id), "{key:?}");
    let key = ConnKey { template: false, ..*key };
    let replied = model.iter().find(|conn| {
        !conn.key.template && conn.gone > now && reply_key(conn).as_ref() == Some(&key)
    });
    let got = conns.find_reply(moment, &key, conns.hash(&key));
    assert_eq!(got, replied.map(|conn| conn.id), "{key:?}");
}

/// One more, if there is room.
fn open(u: &mut Unstructured<'_>, conns: &mut Conns, now: u64) -> Result<Option<Named>> {
    let key = key(u)?;
    let method = *u.choose(&[Method::Nat, Method::DirectRoute, Method::Tunnel, Method::FullNat])?;
    let v6 = key.client().is_ipv6() ^ (method == Method::Tunnel && u.arbitrary()?);
    let mut hop = Hop::new(method, address(u, v6)?, u.int_in_range(1..=2)?);
    if method == Method::FullNat && !key.template {
        hop.local = Some(Endpoint { address: address(u, v6)?, port: u.int_in_range(1..=2)? });
        hop.toa = u.arbitrary()?;
    }
    let timeout_secs = u.int_in_range(0..=9)?;
    let conn = Conn { timeout_secs, mark: 7, ..Conn::new(key, NOWHERE, hop) };
    let Some(id) = conns.insert(&conn, conns.hash(&conn.key), None) else {
        assert_eq!(conns.room(key.addresses.family()), 0);
        return Ok(None);
    };
    conns.arm(Instant::from_secs(now), id);
    Ok(Some(Named { id, key, hop, gone: now + u64::from(timeout_secs), valid: true }))
}

fn shows(conns: &Conns, conn: &Named) {
    let got = conns.get(conn.id).unwrap();
    let port = if conn.valid { conn.hop.port } else { u16::MAX };
    assert_eq!((got.hop, got.mark), (Hop { port, ..conn.hop }, 7));
    assert_eq!(got.key.client(), conn.key.client());
}

/// Duplicates, both indexes, all methods, both families, ends out of turn: always the newest that
/// lives \[CON-3\] \[CON-4\] \[CON-12\].
#[test]
fn equals_a_list_searched_from_its_head() {
    arbtest::arbtest(|u| {
        let capacity = Capacity { v4: 40, v6: 40, rare: 80, calls: 0 };
        let mut conns = Conns::new(capacity, Seed(u.arbitrary()?), Timers::Exact).unwrap();
        let mut model: Vec<Named> = Vec::new();
        let mut now = 0;
        for _ in 0..u.int_in_range(0..=60_u8)? {
            let moment = Instant::from_secs(now);
            match u.int_in_range(0..=7_u8)? {
                0 => now += u.int_in_range(0..=3)?,
                1 if !model.is_empty() => {
                    let gone = model.remove(u.choose_index(model.len())?);
                    assert!(conns.remove(gone.id).is_some());
                }
                2 if !model.is_empty() => {
                    let at = u.choose_index(model.len())?;
                    conns.expire(moment, model[at].id);
                    model[at].gone = now;
                }
                3 if !model.is_empty() => {
                    let at = u.choose_index(model.len())?;
                    if model[at].key.template {
                        conns.invalidate(model[at].id);
                        model[at].valid = false;
                    }
                }
                4 => {
                    if let Some(Due::Ended(_)) = conns.pop_due(conns.tick_of(moment)) {
                        let ended = |conn: &Named| conns.get(conn.id).is_none();
                        let at = model.iter().position(ended).unwrap();
                        assert!(model.remove(at).gone <= now);
                    }
                }
                _ => model.splice(..0, open(u, &mut conns, now)?).for_each(drop),
            }
            for _ in 0..4 {
                compare(&conns, &model, now, &key(u)?);
            }
            assert_eq!(conns.iter().count(), model.len());
            model.iter().for_each(|conn| shows(&conns, conn));
        }
        for conn in model {
            conns.remove(conn.id);
        }
        assert!(conns.replies.is_empty() && conns.rares.room() == 80, "all is given back");
        Ok(())
    })
    .budget_ms(2_000);
}

/// Tuples that collide under another seed, and one client port against every virtual port, lie as
/// random ones do: hardly any of them away from its own group.
#[test]
fn floods_spread_like_random_keys() {
    let flood = |seed, keys: &dyn Fn(u32) -> ConnKey| {
        let capacity = Capacity { v4: 65_535, v6: 0, rare: 0, calls: 0 };
        let mut conns = Conns::new(capacity, Seed(seed), Timers::default()).unwrap();
        for number in 1..=65_535 {
            let hop = Hop::new(Method::DirectRoute, [10, 2, 0, 1].into(), 0);
            let conn = Conn::new(keys(number), NOWHERE, hop);
            assert!(conns.insert(&conn, conns.hash(&conn.key), None).is_some());
        }
        conns.places.v4.displaced()
    };
    let tuple = |client: u32, virtual_port| ConnKey {
        protocol: Protocol::TCP,
        addresses: AddressPair::V4 { source: client.into(), destination: [10, 0, 0, 1].into() },
        client_port: 1,
        virtual_port,
        template: false,
    };
    let random = flood([3, 4], &|number| tuple(number.wrapping_mul(0x9e37_79b9), 80));
    let ports = flood([3, 4], &|number| tuple(7, number as u16));
    // All of one group of the table with another seed.
    let other = Seed([1, 2]);
    let capacity = Capacity { v4: 65_535, v6: 0, rare: 0, calls: 0 };
    let aimed_at = Conns::new(capacity, other, Timers::default()).unwrap();
    let is_aimed = |key: &ConnKey| aimed_at.hash(key) as u32 >> 24 == 0;
    let aimed = (0..).map(|client| tuple(client, 80)).filter(is_aimed);
    let aimed: Vec<_> = aimed.take(65_536).collect();
    let aimed = flood([3, 4], &|number| aimed[number as usize]);
    assert!(ports < random * 5 / 4 && aimed < random * 5 / 4, "{random} {ports} {aimed}");
}

/// What the documentation of the configuration says; the timers are two links for each place, and a
/// mark for each sixteen.
#[test]
fn octets_for_each_connection() {
    let count = 100_000;
    for (v4, v6, octets) in [(count, 0, 95), (0, count, 170)] {
        let capacity = Capacity { v4, v6, rare: 0, calls: 0 };
        let conns = Conns::new(capacity, Seed([1, 2]), Timers::default()).unwrap();
        let Conns { places, replies, .. } = &conns;
        let links = 8 * places.count() as usize + places.count() as usize / 2;
        let all = places.v4.octets() + places.v6.octets() + replies.octets() + links;
        assert!(all <= octets * count as usize, "{all}");
    }
}
