//! Values at their ends, and changes of everything while anything is due.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use core::net::IpAddr;
use core::time::Duration;

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use common::*;
use lvs_proto::vrrp::{
    AddressList, Advert, AdvertInterval, AdvertMeta, ChecksumForm, HOP_LIMIT, Peer, Priority,
    Sequence, Version,
};
use lvs_proto::{AddressPair, Family, Instant};
use lvs_vrrp::{
    Action, AddressMismatch, Announcements, Config, DuplicateSource, LateActive, LateBackup,
    LosingAdvert, OwnerAdverts, Plan, Router, Snapshot, State, Tracked,
};

type EdgeRouter = Router<Vec<IpAddr>, Vec<Peer>>;

/// The own address, the one before and the one after.
fn sources(family: Family) -> [IpAddr; 3] {
    match family {
        Family::V4 => ["10.0.0.5", "10.0.0.4", "10.0.0.6"].map(ip),
        Family::V6 => ["fe80::5", "fe80::4", "fe80::6"].map(ip),
    }
}

/// One of those spans, in microseconds.
fn edge(u: &mut Unstructured<'_>, edges: &[u64]) -> Result<Duration> {
    Ok(Duration::from_micros(*u.choose(edges)?))
}

fn interval(u: &mut Unstructured<'_>, version: Version) -> Result<AdvertInterval> {
    let number = match version {
        Version::V2 => *u.choose(&[100, 200, 25_500])?,
        Version::V3 => *u.choose(&[1, 2, 100, 4_095])?,
    };
    Ok(AdvertInterval::try_from(number).unwrap())
}

fn config(u: &mut Unstructured<'_>, version: Version) -> Result<Config> {
    let gaps = [10_000, 1_000_000, 1 << 40, u64::MAX];
    let announcements = Announcements {
        rounds: *u.choose(&[0, 1, 3, 255])?,
        rounds_on_losing: *u.choose(&[0, 1, 255])?,
        repeat: u.int_in_range(0..=2)?,
        gap: edge(u, &gaps)?,
        refresh: if u.arbitrary()? { edge(u, &gaps)? } else { Duration::ZERO },
        refresh_repeat: u.int_in_range(0..=2)?,
    };
    let profile = match version {
        Version::V2 => Config::rfc3768(vrid()),
        Version::V3 => Config::rfc9568(vrid()),
    };
    Ok(Config {
        priority: Priority::new(*u.choose(&[1, 2, 100, 253, 254, 255])?),
        interval: interval(u, version)?,
        preempt: u.arbitrary()?,
        preempt_delay: edge(u, &[0, 0, 1, 1_000_000, 1_000_000_000])?,
        max_learned_interval: if u.arbitrary()? { Some(interval(u, version)?) } else { None },
        resign_by_active_only: u.arbitrary()?,
        accept: u.arbitrary()?,
        advert_count: *u.choose(&[1, 3, 3, 100])?,
        losing_advert: *u.choose(&[
            LosingAdvert::Ignore,
            LosingAdvert::Reply,
            LosingAdvert::ReplyAndRearm,
        ])?,
        report_losing: u.arbitrary()?,
        advert_before_demotion: u.arbitrary()?,
        stagger_adverts: u.arbitrary()?,
        announcements,
        announce_source: u.arbitrary()?,
        advert_on_priority_change: u.arbitrary()?,
        late_backup: *u.choose(&[LateBackup::Grace, LateBackup::Promote])?,
        late_active: *u.choose(&[LateActive::Reassert, LateActive::StepDown])?,
        owner_adverts: *u.choose(&[OwnerAdverts::Process, OwnerAdverts::Discard])?,
        duplicate_source: *u.choose(&[DuplicateSource::Report, DuplicateSource::StepDown])?,
        address_mismatch: *u.choose(&[AddressMismatch::Count, AddressMismatch::Drop])?,
        ..profile
    })
}

fn list(u: &mut Unstructured<'_>, family: Family, version: Version) -> Result<Vec<IpAddr>> {
    let least = usize::from(version == Version::V3);
    let count = *u.choose(&[0, 1, 2, 3, 20, 255])?;
    let from: u32 = *u.choose(&[0, 1, 200])?;
    Ok((from..).take(count.max(least)).map(|number| address(family, number)).collect())
}

fn address(family: Family, number: u32) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4((0x0a01_0000 + number).into()),
        // Pairs share their solicited-node group.
        Family::V6 => IpAddr::V6(
            ((0xfe80_u128 << 112) | u128::from(number / 2) | u128::from(number % 2) << 32).into(),
        ),
    }
}

fn peers(u: &mut Unstructured<'_>, source: IpAddr, unicast: bool) -> Result<Vec<Peer>> {
    let others = sources(Family::of(source)).into_iter().filter(|other| *other != source);
    let count = if unicast { u.int_in_range(1..=2)? } else { 0 };
    Ok(others.take(count).map(Peer::new).collect())
}

/// What may happen.
#[derive(Debug)]
enum Input {
    Startup,
    Shutdown,
    Up,
    Down,
    Timeout,
    Resumed(Duration),
    Track(Priority, bool),
    Priority(Priority),
    Hold(Duration),
    PeerDown(IpAddr),
    Source(IpAddr),
    Apply(Box<Config>, Vec<IpAddr>, Vec<Peer>),
    Hear {
        from: IpAddr,
        priority: Priority,
        interval: AdvertInterval,
        sequence: Option<u32>,
        own: bool,
    },
}

fn input(u: &mut Unstructured<'_>, router: &EdgeRouter) -> Result<Input> {
    let (version, family) = (router.config().version, router.family());
    let own = router.priority().get();
    let priorities = [0, 1, own.wrapping_sub(1), own, own.wrapping_add(1), 254, 255];
    Ok(match u.int_in_range(0..=21)? {
        0 | 1 => Input::Startup,
        2 => Input::Shutdown,
        3 => Input::Up,
        4 => Input::Down,
        5 => Input::Resumed(edge(u, &[0, 10_000, 40_950_000, u64::MAX])?),
        6 => Input::Track(Priority::new(*u.choose(&priorities)?), u.ratio(1, 3)?),
        7 => Input::Priority(Priority::new(*u.choose(&priorities)?)),
        8 => Input::Hold(edge(u, &[0, 1, 5_000, 1_000_000, 1 << 40])?),
        9 => Input::PeerDown(*u.choose(&sources(family))?),
        10 => Input::Source(*u.choose(&sources(family))?),
        11 | 12 => {
            let config = config(u, version)?;
            let unicast = !router.peers().is_empty();
            Input::Apply(
                Box::new(config),
                list(u, family, version)?,
                peers(u, router.source(), unicast)?,
            )
        }
        13 => {
            let config = config(u, version)?;
            Input::Apply(Box::new(config), router.addresses().to_vec(), router.peers().to_vec())
        }
        14..=16 => Input::Timeout,
        _ => Input::Hear {
            from: *u.choose(&sources(family))?,
            priority: Priority::new(*u.choose(&priorities)?),
            interval: if u.arbitrary()? { router.config().interval } else { interval(u, version)? },
            sequence: if u.ratio(1, 4)? {
                Some(*u.choose(&[0, 1, u32::MAX - 1, u32::MAX])?)
            } else {
                None
            },
            own: u.arbitrary()?,
        },
    })
}

fn feed(router: &mut EdgeRouter, now: Instant, input: Input) {
    match input {
        Input::Startup => router.startup(now),
        Input::Shutdown => router.shutdown(now),
        Input::Up => router.interface_up(now),
        Input::Down => router.interface_down(now),
        Input::Timeout => router.handle_timeout(now),
        Input::Resumed(gap) => router.resumed(now, gap),
        Input::Track(priority, fault) => router.track(now, Tracked { priority, fault }),
        Input::Priority(priority) => router.set_priority(now, priority),
        Input::Hold(span) => router.hold_announcements(now + span),
        Input::PeerDown(peer) => router.peer_down(now, peer),
        Input::Source(source) => router.set_source(now, source).unwrap_or_default(),
        Input::Apply(config, addresses, peers) => {
            router.apply(now, *config, addresses.clone(), peers.clone()).unwrap();
            assert_eq!((router.config(), router.addresses()), (&*config, &addresses[..]));
            assert_eq!(router.peers(), &peers[..]);
        }
        Input::Hear { from, priority, interval, sequence, own } => {
            let to = router.advert_paths().next().map(AddressPair::destination);
            let to = if router.peers().is_empty() { to.unwrap() } else { router.source() };
            let Some(path) = AddressPair::new(from, to) else { return };
            let other = [address(router.family(), 1000)];
            let addresses = router.advertised_addresses().to_vec();
            let advert = Advert {
                version: router.config().version,
                vrid: vrid(),
                priority,
                interval,
                checksum: ChecksumForm::MessageOnly,
                addresses: AddressList::from(if own { &addresses[..] } else { &other[..] }),
                sequence: sequence.map(Sequence::Header),
            };
            router.handle_advert(now, &advert, &AdvertMeta::new(path, HOP_LIMIT));
        }
    }
}

fn drained(router: &mut EdgeRouter) -> Vec<Action> {
    core::iter::from_fn(|| router.poll_action()).collect()
}

fn any_router(u: &mut Unstructured<'_>) -> Result<EdgeRouter> {
    let (version, family) = *u.choose(&[
        (Version::V2, Family::V4),
        (Version::V3, Family::V4),
        (Version::V3, Family::V6),
    ])?;
    let source = sources(family)[0];
    let (config, list) = (config(u, version)?, list(u, family, version)?);
    let unicast = u.ratio(1, 3)?;
    Ok(Router::with_peers(config, source, list, peers(u, source, unicast)?).unwrap())
}

/// When `router`, which was last handed `now`, is handed the next input: at its deadline or next to it,
/// at once, before, or much later.
fn next_moment(u: &mut Unstructured<'_>, router: &EdgeRouter, now: u64) -> Result<u64> {
    let deadline = router.next_deadline().map_or(now, Instant::as_micros);
    let moment = match u.int_in_range(0..=9)? {
        0..=2 => now,
        3 | 4 => deadline,
        5 => deadline.saturating_add(1),
        6 => deadline.saturating_sub(1),
        7 => now.saturating_add(10_000),
        8 => now.saturating_add(1 << 32),
        _ => *u.choose(&[
            0,
            now.saturating_sub(1),
            now.saturating_add(41_000_000),
            now.saturating_add(1 << 50),
        ])?,
    };
    Ok(moment.min(END))
}

const END: u64 = 1 << 60;

/// Whatever changes whenever, and whether the process stays or not: all addresses are installed while
/// the router is Active and no longer, an unchanged configuration is right and changes nothing, no
/// deadline is farther away than the rules of its state allow, and what is due is done.
#[test]
fn core_4_whatever_changes_whenever() {
    arbtest(|u| {
        let mut router = any_router(u)?;
        let (mut now, mut installed) = (0, None);
        while !u.is_empty() {
            let moment = next_moment(u, &router, now)?;
            now = now.max(moment);
            let (input, before) = (input(u, &router)?, router.state());
            feed(&mut router, at(moment), input);
            // What is refused is no input, and the clock of a router stands still between inputs.
            router.peer_down(at(now), ip("192.0.2.1"));
            let actions = drained(&mut router);
            assert!(actions.len() <= 16 + router.addresses().len() * 6);
            if (before, router.state()) == (State::Active, State::Initialize) {
                assert_eq!(actions[0], send(0));
            }
            for action in actions {
                match action {
                    Action::InstallAddresses { accept } => {
                        installed = Some((router.addresses().to_vec(), accept));
                    }
                    Action::RemoveAddresses => installed = None,
                    _ => {}
                }
            }
            let is_active = router.state() == State::Active;
            let wanted = is_active.then(|| (router.addresses().to_vec(), router.accepts()));
            assert_eq!(installed, wanted);
            check(&router, now);
            let restored = restored(&router, at(now));
            check(&restored, now);
            assert_eq!(restored.next_deadline(), router.next_deadline());
            if u.ratio(1, 8)? {
                router = restored;
            }
        }
        Ok(())
    });
}

/// What is true of a router at any time.
fn check(router: &EdgeRouter, now: u64) {
    let config = router.config();
    let plan = router.plan(config, router.addresses(), router.peers());
    assert_eq!(plan, Ok(Plan::default()));
    assert_eq!(router.priority() == Priority::OWNER, config.is_owner());
    assert_ne!(router.priority(), Priority::RESIGN);
    if config.version == Version::V2 {
        assert_eq!(router.active_interval(), config.interval);
    }
    let grace = router.active_interval().duration() + router.skew();
    let longest = match router.state() {
        State::Initialize => None,
        State::Backup => Some(router.active_down_interval().max(grace)),
        State::Active => Some(config.interval.duration()),
    };
    let bound = longest.map(|longest| at(now) + longest);
    assert_eq!(router.next_deadline().is_some(), bound.is_some());
    assert!(router.next_deadline() <= bound);
    let mut clone = router.clone();
    for _ in 0..2 {
        clone.handle_timeout(at(now));
    }
    assert!(clone.next_deadline().is_none_or(|deadline| deadline > at(now)));
}

/// The router in another process.
fn restored(router: &EdgeRouter, now: Instant) -> EdgeRouter {
    let snapshot = Snapshot::from_octets(&router.snapshot().to_octets()).unwrap();
    let (addresses, peers) = (router.addresses().to_vec(), router.peers().to_vec());
    Router::restore(now, &snapshot, addresses, peers).unwrap()
}
