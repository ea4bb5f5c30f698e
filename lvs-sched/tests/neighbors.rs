//! The neighbor cache: the tables of RFC 4861, its timers, and a naive model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use common::{ip, secs};
use lvs_proto::wire::arp::{Operation, Packet};
use lvs_proto::wire::ndp::{Advertisement, Message, Solicitation};
use lvs_proto::{Instant, MacAddr};
use lvs_sched::neighbors::{
    Action, NeighborState as State, Neighbors, NeighborsConfig, Resolution, StaticError,
};

const A: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 0xa]);
const B: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 0xb]);
const V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

fn cache(capacity: u32) -> Neighbors {
    Neighbors::new(NeighborsConfig { capacity, ..NeighborsConfig::default() }).unwrap()
}

fn drain(neighbors: &mut Neighbors) -> Vec<Action> {
    std::iter::from_fn(|| neighbors.poll_action()).collect()
}

fn advertisement(target_mac: Option<MacAddr>, solicited: bool, overrides: bool) -> Message {
    Message::Advertisement(Advertisement {
        target: V6,
        target_mac,
        router: false,
        solicited,
        overrides,
    })
}

fn solicitation(source: Ipv6Addr, source_mac: Option<MacAddr>) -> Message {
    Message::Solicitation(Solicitation { source, target: "fe80::1".parse().unwrap(), source_mac })
}

fn arp(operation: Operation, sender_mac: MacAddr) -> Packet {
    let target_ip = Ipv4Addr::new(192, 0, 2, 1);
    Packet { operation, sender_mac, sender_ip: V4, target_mac: B, target_ip }
}

/// A cache in which `address` is at [`A`] and stands like this, and the moment.
fn standing(address: IpAddr, state: State) -> (Neighbors, Instant) {
    let mut neighbors = cache(1);
    let mut now = secs(0);
    neighbors.resolve(now, address);
    drain(&mut neighbors);
    if state != State::Incomplete {
        match address {
            IpAddr::V6(_) => neighbors.handle_ndp(now, &advertisement(Some(A), true, true)),
            IpAddr::V4(_) => neighbors.handle_arp(now, &arp(Operation::Reply, A)),
        }
        drain(&mut neighbors);
    }
    if matches!(state, State::Stale | State::Delay | State::Probe) {
        now = secs(45);
    }
    if matches!(state, State::Delay | State::Probe) {
        assert_eq!(neighbors.resolve(now, address), Resolution::Known(A));
    }
    if state == State::Probe {
        now = secs(50);
        neighbors.handle_timeout(now);
        assert_eq!(drain(&mut neighbors), [Action::Request { address, to: Some(A) }]);
    }
    assert_eq!(neighbors.state(now, address), Some(state));
    (neighbors, now)
}

/// Appendix C of RFC 4861: what a message makes of an entry that is at [`A`].
#[test]
fn rfc_4861_appendix_c() {
    use State::{Delay, Incomplete, Probe, Reachable, Stale};
    let known = [Reachable, Stale, Delay, Probe];
    // Solicited, override, link address; states; what becomes of them and where they are.
    type Row<'a> = (bool, bool, Option<MacAddr>, &'a [State], Option<(State, MacAddr)>);
    let rows: [Row<'_>; 17] = [
        (true, false, Some(B), &[Incomplete], Some((Reachable, B))),
        (true, true, Some(B), &[Incomplete], Some((Reachable, B))),
        (false, false, Some(B), &[Incomplete], Some((Stale, B))),
        (false, true, Some(B), &[Incomplete], Some((Stale, B))),
        (true, true, None, &[Incomplete], None),
        (false, true, None, &[Incomplete], None),
        (true, false, Some(A), &known, Some((Reachable, A))),
        (true, false, Some(B), &[Reachable], Some((Stale, A))),
        (true, false, Some(B), &[Stale, Delay, Probe], None),
        (true, true, Some(A), &known, Some((Reachable, A))),
        (true, true, Some(B), &known, Some((Reachable, B))),
        (true, false, None, &known, Some((Reachable, A))),
        (false, false, Some(B), &[Reachable], Some((Stale, A))),
        (false, false, Some(B), &[Stale, Delay, Probe], None),
        (false, true, Some(A), &known, None),
        (false, true, Some(B), &known, Some((Stale, B))),
        (false, true, None, &known, None),
    ];
    for (solicited, overrides, mac, states, expected) in rows {
        for state in states {
            let (mut neighbors, now) = standing(V6.into(), *state);
            neighbors.handle_ndp(now, &advertisement(mac, solicited, overrides));
            assert_becomes(neighbors, now, V6.into(), *state, expected);
        }
    }
    // Solicitations of the neighbor's.
    for (mac, state, expected) in [
        (Some(B), Incomplete, Some((Stale, B))),
        (Some(B), Reachable, Some((Stale, B))),
        (Some(B), Probe, Some((Stale, B))),
        (Some(A), Reachable, None),
        (Some(A), Probe, None),
        (None, Incomplete, None),
        (None, Delay, None),
    ] {
        let (mut neighbors, now) = standing(V6.into(), state);
        neighbors.handle_ndp(now, &solicitation(V6, mac));
        assert_becomes(neighbors, now, V6.into(), state, expected);
    }
    // Upper-layer confirmation.
    for state in [Incomplete, Reachable, Stale, Delay, Probe] {
        let (mut neighbors, now) = standing(V6.into(), state);
        neighbors.confirm(now, V6.into());
        let expected = (state != Incomplete).then_some((Reachable, A));
        assert_becomes(neighbors, now, V6.into(), state, expected);
    }
}

/// An ARP reply counts as solicited if it is one; all else tells where its sender is.
#[test]
fn arp_confirms_only_what_was_asked() {
    use State::{Delay, Incomplete, Probe, Reachable, Stale};
    for (operation, mac, state, expected) in [
        (Operation::Reply, A, Incomplete, Some((Reachable, A))),
        (Operation::Request, A, Incomplete, Some((Stale, A))),
        (Operation::Reply, A, Probe, Some((Reachable, A))),
        (Operation::Reply, B, Probe, Some((Reachable, B))),
        (Operation::Request, A, Probe, None),
        (Operation::Reply, A, Stale, None),
        (Operation::Reply, A, Delay, None),
        (Operation::Reply, B, Reachable, Some((Stale, B))),
        (Operation::Reply, B, Delay, Some((Stale, B))),
        (Operation::Request, B, Stale, Some((Stale, B))),
    ] {
        let (mut neighbors, now) = standing(V4.into(), state);
        neighbors.handle_arp(now, &arp(operation, mac));
        assert_becomes(neighbors, now, V4.into(), state, expected);
    }
}

fn assert_becomes(
    mut neighbors: Neighbors,
    now: Instant,
    address: IpAddr,
    old: State,
    expected: Option<(State, MacAddr)>,
) {
    let resolved = expected.filter(|_| old == State::Incomplete);
    let resolved: Vec<_> =
        resolved.map(|(_, mac)| Action::Resolved { address, mac }).into_iter().collect();
    assert_eq!(drain(&mut neighbors), resolved, "{old:?} {expected:?}");
    let state = expected.map_or(old, |(state, _)| state);
    assert_eq!(neighbors.state(now, address), Some(state), "{old:?} {expected:?}");
    let mac = expected.map_or(A, |(_, mac)| mac);
    let resolution =
        if state == State::Incomplete { Resolution::Pending } else { Resolution::Known(mac) };
    assert_eq!(neighbors.resolve(now, address), resolution, "{old:?} {expected:?}");
}

/// Three requests a second apart, then nothing for as long.
#[test]
fn nobody_answers() {
    for address in [V4.into(), V6.into()] {
        let mut neighbors = cache(1);
        let everybody = Action::Request { address, to: None };
        assert_eq!(neighbors.resolve(secs(0), address), Resolution::Pending);
        for second in 0..3 {
            assert_eq!(neighbors.next_deadline(), Some(secs(second)));
            neighbors.handle_timeout(secs(second));
            assert_eq!(drain(&mut neighbors), [everybody]);
            assert_eq!(neighbors.resolve(secs(second), address), Resolution::Pending);
        }
        neighbors.handle_timeout(secs(3));
        assert_eq!(drain(&mut neighbors), [Action::Unreachable(address)]);
        assert_eq!(neighbors.next_deadline(), None);
        assert_eq!(neighbors.resolve(Instant::from_micros(5_999_999), address), Resolution::Failed);
        assert_eq!(neighbors.resolve(secs(6), address), Resolution::Pending);
        assert_eq!(drain(&mut neighbors), [everybody]);
        let counters = neighbors.counters();
        assert_eq!((counters.requests, counters.unreachable), (4, 1));
    }
}

/// One that is used again after its reachable time is believed for 5 s, asked itself three times,
/// then everybody is asked.
#[test]
fn a_neighbor_moves_away_in_silence() {
    let address = V4.into();
    let (mut neighbors, _) = standing(address, State::Stale);
    assert_eq!(neighbors.next_deadline(), None, "nobody looks after what is not used");
    assert_eq!(neighbors.resolve(secs(100), address), Resolution::Known(A));
    for second in 105..=107 {
        assert_eq!(neighbors.next_deadline(), Some(secs(second)));
        neighbors.handle_timeout(secs(second));
        assert_eq!(drain(&mut neighbors), [Action::Request { address, to: Some(A) }]);
        assert_eq!(neighbors.resolve(secs(second), address), Resolution::Known(A));
    }
    neighbors.handle_timeout(secs(108));
    assert_eq!(drain(&mut neighbors), [Action::Request { address, to: None }]);
    assert_eq!(neighbors.resolve(secs(108), address), Resolution::Pending);
    neighbors.handle_arp(secs(108), &arp(Operation::Reply, B));
    assert_eq!(drain(&mut neighbors), [Action::Resolved { address, mac: B }]);
    assert_eq!(neighbors.resolve(secs(108), address), Resolution::Known(B));
}

#[test]
fn strangers_and_groups_are_not_believed() {
    let mut neighbors = cache(4);
    neighbors.handle_arp(secs(0), &arp(Operation::Request, A));
    neighbors.handle_ndp(secs(0), &advertisement(Some(A), false, true));
    assert!(neighbors.is_empty(), "gratuitous messages make no entry");
    assert_eq!(neighbors.counters().unknown, 2);
    neighbors.resolve(secs(0), V4.into());
    let group = MacAddr::new([1, 0, 0x5e, 0, 0, 1]);
    for mac in [group, MacAddr::BROADCAST, MacAddr::default()] {
        neighbors.handle_arp(secs(0), &arp(Operation::Reply, mac));
        assert_eq!(neighbors.set_static(V4.into(), mac), Err(StaticError::Mac(mac)));
    }
    assert_eq!(neighbors.resolve(secs(0), V4.into()), Resolution::Pending);
    assert_eq!(neighbors.counters().bad_mac, 3);
    for address in ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"]
    {
        let address = ip(address);
        assert_eq!(neighbors.resolve(secs(0), address), Resolution::Failed, "{address}");
        assert_eq!(neighbors.set_static(address, A), Err(StaticError::Address(address)));
    }
    assert_eq!(neighbors.len(), 1);
}

#[test]
fn static_entries_stay() {
    let address = V4.into();
    let mut neighbors = cache(1);
    neighbors.resolve(secs(0), address);
    drain(&mut neighbors);
    assert_eq!(neighbors.set_static(address, A), Ok(()));
    assert_eq!(drain(&mut neighbors), [Action::Resolved { address, mac: A }]);
    neighbors.handle_arp(secs(1), &arp(Operation::Reply, B));
    assert_eq!(neighbors.resolve(secs(1_000_000), address), Resolution::Known(A));
    assert_eq!((neighbors.poll_action(), neighbors.next_deadline()), (None, None));
    assert_eq!(neighbors.set_static(address, B), Ok(()));
    assert_eq!(drain(&mut neighbors), [Action::Resolved { address, mac: B }]);
    assert_eq!(neighbors.set_static(V6.into(), A), Err(StaticError::Full));
    assert_eq!(neighbors.resolve(secs(1_000_000), V6.into()), Resolution::Failed);
    assert_eq!(neighbors.counters().full, 2);
    assert!(neighbors.remove(address) && !neighbors.remove(address));
    assert_eq!(neighbors.set_static(V6.into(), A), Ok(()));
}

/// Failed ones give way first, then the one that has been stale for the longest.
#[test]
fn who_gives_way() {
    let mut neighbors = cache(4);
    let address = |last: u8| IpAddr::from([192, 0, 2, last]);
    let answer = |neighbors: &mut Neighbors, now, last: u8| {
        neighbors.resolve(now, address(last));
        drain(neighbors);
        let sender_ip = Ipv4Addr::new(192, 0, 2, last);
        neighbors.handle_arp(now, &Packet { sender_ip, ..arp(Operation::Reply, A) });
        drain(neighbors);
    };
    neighbors.set_static(address(1), A).unwrap();
    answer(&mut neighbors, secs(0), 2);
    answer(&mut neighbors, secs(40), 3);
    neighbors.resolve(secs(80), address(4));
    for second in 80..=83 {
        neighbors.handle_timeout(secs(second));
        drain(&mut neighbors);
    }
    // 2 and 3 are stale, 4 has failed.
    for (now, newcomer, gone) in [(90, 5, 4), (91, 6, 2), (92, 7, 3)] {
        assert!(neighbors.state(secs(now), address(gone)).is_some());
        answer(&mut neighbors, secs(now), newcomer);
        assert_eq!(neighbors.state(secs(now), address(gone)), None);
    }
    assert_eq!(neighbors.resolve(secs(93), address(8)), Resolution::Failed, "all are reachable");
    assert_eq!((neighbors.counters().replaced, neighbors.counters().full), (3, 1));
    assert_eq!(neighbors.resolve(secs(93), address(1)), Resolution::Known(A));
}

/// Reachable times differ, between half and one and a half of what was configured.
#[test]
fn neighbors_do_not_grow_stale_together() {
    let mut neighbors = cache(100);
    let addresses: Vec<IpAddr> = (0..100).map(|last| [192, 0, 2, last].into()).collect();
    for address in &addresses {
        neighbors.resolve(secs(0), *address);
        drain(&mut neighbors);
        let IpAddr::V4(sender_ip) = *address else { panic!("IPv4") };
        neighbors.handle_arp(secs(0), &Packet { sender_ip, ..arp(Operation::Reply, A) });
    }
    drain(&mut neighbors);
    let reachable = |second| {
        let state = |address: &&IpAddr| neighbors.state(secs(second), **address);
        addresses.iter().filter(|address| state(address) == Some(State::Reachable)).count()
    };
    assert_eq!((reachable(14), reachable(45)), (100, 0));
    assert!((35..=65).contains(&reachable(30)), "{}", reachable(30));
}

#[test]
fn the_end_of_time_comes_to_an_end() {
    let reachable_time = Duration::MAX;
    let config = NeighborsConfig { capacity: 2, reachable_time, seed: [0; 2] };
    let mut neighbors = Neighbors::new(config).unwrap();
    neighbors.resolve(secs(0), V4.into());
    drain(&mut neighbors);
    neighbors.handle_arp(secs(0), &arp(Operation::Reply, A));
    drain(&mut neighbors);
    let end = Instant::from_micros(u64::MAX);
    neighbors.resolve(end, V4.into());
    neighbors.resolve(end, V6.into());
    assert!(drain(&mut neighbors).len() < 20);
    assert_eq!(neighbors.next_deadline(), None);
}

/// Whatever happens: there is never more than fits, an address that is pending is resolved or given
/// up, nobody is asked for more than once a second, and what was heard last is what is known.
#[test]
fn promises_are_kept() {
    arbtest::arbtest(promises).budget_ms(1_000);
}

pub(crate) fn promises(u: &mut Unstructured<'_>) -> Result<()> {
    let capacity = u.int_in_range(1..=4)?;
    let mut neighbors = cache(capacity);
    let (mut now, mut asked) = (secs(0), BTreeMap::new());
    let (mut waiting, mut told) = (BTreeSet::new(), BTreeMap::new());
    for _ in 0..u.int_in_range(0..=80)? {
        let sender_ip = Ipv4Addr::new(192, 0, 2, u.int_in_range(1..=6)?);
        let (address, mac) = (sender_ip.into(), *u.choose(&[A, B])?);
        match u.int_in_range(0..=9_u8)? {
            0 => {
                if neighbors.set_static(address, mac).is_ok() {
                    told.insert(address, mac);
                }
            }
            1 => {
                neighbors.remove(address);
                waiting.remove(&address);
                told.remove(&address);
                asked.remove(&address);
            }
            2..=4 => {
                let operation = *u.choose(&[Operation::Request, Operation::Reply])?;
                neighbors.handle_arp(now, &Packet { sender_ip, ..arp(operation, mac) });
                if neighbors.state(now, address).is_some() {
                    let known = Resolution::Known(*told.get(&address).unwrap_or(&mac));
                    assert_eq!(neighbors.resolve(now, address), known);
                }
            }
            _ => match neighbors.resolve(now, address) {
                Resolution::Pending => {
                    waiting.insert(address);
                }
                Resolution::Known(mac) => {
                    assert!(told.get(&address).is_none_or(|told| *told == mac));
                }
                Resolution::Failed => assert!(!told.contains_key(&address)),
            },
        }
        assert!(neighbors.len() <= capacity as usize);
        run(&mut neighbors, now, &mut waiting, &mut asked);
        now = now + Duration::from_millis(u.int_in_range(0..=3000)?);
        run(&mut neighbors, now, &mut waiting, &mut asked);
    }
    for _ in 0..4 {
        now = now + Duration::from_secs(1);
        run(&mut neighbors, now, &mut waiting, &mut asked);
    }
    assert!(waiting.is_empty(), "{waiting:?}");
    Ok(())
}

/// Lets time pass, perhaps late, and takes note of what is done.
fn run(
    neighbors: &mut Neighbors,
    now: Instant,
    waiting: &mut BTreeSet<IpAddr>,
    asked: &mut BTreeMap<IpAddr, Instant>,
) {
    // Whose place was taken by another is new when it comes back.
    asked.retain(|address, _| neighbors.state(now, *address).is_some());
    neighbors.handle_timeout(now);
    for action in drain(neighbors) {
        match action {
            Action::Request { address, .. } => {
                let last = asked.insert(address, now);
                assert!(last.is_none_or(|last| last + Duration::from_secs(1) <= now), "{address}");
            }
            Action::Resolved { address, .. } | Action::Unreachable(address) => {
                waiting.remove(&address);
            }
        }
    }
    assert!(neighbors.next_deadline().is_none_or(|deadline| deadline > now));
}
