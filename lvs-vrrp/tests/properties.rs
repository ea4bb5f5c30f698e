//! What holds whatever happens \[CORE-4\]: random routers, random inputs, random times.

#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use core::net::IpAddr;
use core::time::Duration;

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use common::*;
use lvs_proto::vrrp::{AdvertInterval, Peer, Priority, Version};
use lvs_vrrp::{
    Action, Announcements, Config, LateActive, LateBackup, LosingAdvert, Router, State, Tracked,
};

fn interval(u: &mut Unstructured<'_>) -> Result<AdvertInterval> {
    Ok(AdvertInterval::from_seconds(u.int_in_range(1..=3)?).unwrap_or_default())
}

/// Any profile, priority 1 to `max_priority`.
fn config(u: &mut Unstructured<'_>, max_priority: u8) -> Result<Config> {
    let profile = match u.int_in_range(0..=4)? {
        0 => Config::rfc9568(vrid()),
        1 => Config::rfc5798(vrid()),
        2 => Config::rfc3768(vrid()),
        3 => Config::keepalived(Version::V2, vrid()),
        _ => Config::keepalived(Version::V3, vrid()),
    };
    let priority = Priority::new(u.int_in_range(1..=max_priority)?);
    Ok(Config { priority, interval: interval(u)?, preempt: u.arbitrary()?, ..profile })
}

/// Any options as well.
fn any_config(u: &mut Unstructured<'_>) -> Result<Config> {
    let span =
        |u: &mut Unstructured<'_>| Ok(Duration::from_millis(*u.choose(&[10, 700, 1_000, 5_000])?));
    let announcements = Announcements {
        rounds: u.int_in_range(0..=4)?,
        rounds_on_losing: u.int_in_range(0..=4)?,
        repeat: u.int_in_range(0..=3)?,
        gap: span(u)?,
        refresh: if u.arbitrary()? { span(u)? } else { Duration::ZERO },
        refresh_repeat: u.int_in_range(0..=3)?,
    };
    Ok(Config {
        announcements,
        preempt_delay: if u.arbitrary()? { span(u)? } else { Duration::ZERO },
        advert_before_demotion: u.arbitrary()?,
        advert_on_priority_change: u.arbitrary()?,
        late_backup: *u.choose(&[LateBackup::Grace, LateBackup::Promote])?,
        late_active: *u.choose(&[LateActive::Reassert, LateActive::StepDown])?,
        ..config(u, 255)?
    })
}

/// One random input; adverts come as octets, some of them spoilt.
fn input(u: &mut Unstructured<'_>, router: &mut TestRouter, micros: u64) -> Result<()> {
    let now = at(micros);
    match u.int_in_range(0..=13)? {
        10 => router.resumed(now, Duration::from_millis(u.int_in_range(0..=9_000)?)),
        11 => {
            let priority = Priority::new(u.arbitrary()?);
            router.track(now, Tracked { priority, fault: u.ratio(1, 3)? });
        }
        12 => router.hold_announcements(at(micros.saturating_add(u.arbitrary::<u32>()?.into()))),
        13 => {
            let Config { version, vrid, .. } = *router.config();
            let config = Config { version, vrid, ..any_config(u)? };
            let _ = router.apply(now, config, addresses(router.family()), []);
        }
        0 => router.startup(now),
        1 => router.shutdown(now),
        2 => router.interface_up(now),
        3 => router.interface_down(now),
        4 => router.set_priority(now, u.arbitrary::<u8>().map(Priority::new)?),
        5 => router.set_source(now, ip(u.choose(&["10.0.0.5", "10.0.0.6"])?)).unwrap_or_default(),
        6 | 7 => router.handle_timeout(now),
        _ => {
            let from = *u.choose(&["10.0.0.1", "10.0.0.5", "10.0.0.9"])?;
            let priority = *u.choose(&[0, 1, 100, 254, 255])?;
            let heard = Heard { interval: interval(u)?, ..Heard::new(from, priority) };
            let mut message = heard.message(router.config().version);
            if u.ratio(1, 4)? {
                let index = u.choose_index(message.len())?;
                message[index] ^= u.arbitrary::<u8>()?;
            }
            receive(router, now, &message, &heard.meta());
        }
    }
    Ok(())
}

/// Never a panic; after a timeout was handled no deadline lies in the past, and the next wait is a
/// real one; resignations are as many as the ends of being Active \[CORE-4 f\].
#[test]
fn core_4_f_any_inputs_at_any_times() {
    arbtest(any_inputs_at_any_times);
}

pub(crate) fn any_inputs_at_any_times(u: &mut Unstructured<'_>) -> Result<()> {
    let mut router = router(any_config(u)?, "10.0.0.5");
    let mut now = 0;
    let (mut resigned, mut left) = (0, 0);
    while !u.is_empty() {
        let jump = *u.choose(&[0, 1, 9_999, 10_000, SECOND, 4 * SECOND, 1 << 40])?;
        let moment = if u.ratio(1, 8)? { u.arbitrary::<u32>()?.into() } else { now + jump };
        now = now.max(moment);
        input(u, &mut router, moment)?;
        for action in drain(&mut router) {
            match action {
                Action::SendAdvert { priority: Priority::RESIGN } => resigned += 1,
                Action::Notify(event) if event.from == State::Active => {
                    left += u32::from(event.to == State::Initialize);
                }
                _ => {}
            }
        }
        router.handle_timeout(at(now));
        assert!(router.next_deadline().is_none_or(|deadline| deadline >= at(now)));
        router.handle_timeout(at(now));
        assert!(router.next_deadline().is_none_or(|deadline| deadline > at(now)));
        assert_eq!(router.next_deadline().is_none(), router.state() == State::Initialize);
        drain(&mut router);
    }
    assert_eq!(resigned, left);
    Ok(())
}

/// The end of time is no panic either.
#[test]
fn moments_saturate() {
    arbtest(|u| {
        let mut router = router(any_config(u)?, "10.0.0.5");
        while !u.is_empty() {
            let moment = *u.choose(&[0, u64::MAX - 1, u64::MAX])?;
            input(u, &mut router, moment)?;
            drain(&mut router);
        }
        Ok(())
    });
}

/// A message that is refused changes nothing but one counter \[CORE-4 c\], \[RX-2\].
#[test]
fn core_4_c_refused_messages_are_no_ops() {
    arbtest(|u| {
        let config = config(u, 254)?;
        let (mut router, _) = if u.arbitrary()? {
            active(config, "10.0.0.5")
        } else {
            (started(config, "10.0.0.5"), 0)
        };
        let heard = Heard::new("10.0.0.9", u.arbitrary()?);
        let mut message = heard.message(config.version);
        let bit = u.choose_index(message.len() * 8)?;
        message[bit / 8] ^= 1 << (bit % 8);
        let before = machine(&router);
        receive(&mut router, at(u.arbitrary::<u32>()?.into()), &message, &heard.meta());
        assert_eq!(machine(&router), before);
        assert_eq!(drain(&mut router), []);
        assert_eq!(router.counters().adv_rcvd, 0);
        Ok(())
    });
}

/// Whatever losing adverts and resignations arrive, an Active router goes on advertising at least
/// once an interval \[CORE-4 e\], and answers at most once in a gap \[CORE-4 d\], \[FSM-15\].
#[test]
fn core_4_d_e_active_is_neither_silenced_nor_provoked() {
    arbtest(|u| {
        let losing_advert =
            *u.choose(&[LosingAdvert::Ignore, LosingAdvert::Reply, LosingAdvert::ReplyAndRearm])?;
        let config = Config { losing_advert, interval: interval(u)?, ..v3(200) };
        let (interval, gap) =
            (micros(config.interval.duration()), micros(config.interval.duration() / 8));
        let (mut router, since) = active(config, "10.0.0.5");
        let mut sent = vec![since];
        let mut now = since;
        while !u.is_empty() {
            let arrival = now + u64::from(u.int_in_range(0..=200_u32)?) * 1_000;
            while let Some(deadline) = router.next_deadline().filter(|next| *next <= at(arrival)) {
                router.handle_timeout(deadline);
                let adverts = adverts(&drain(&mut router));
                sent.extend((0..adverts).map(|_| deadline.as_micros()));
            }
            now = arrival;
            let actions = Heard::new("10.0.0.1", *u.choose(&[0, 1, 199])?).by(&mut router, now);
            sent.extend((0..adverts(&actions)).map(|_| now));
        }
        assert_eq!(router.state(), State::Active);
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] <= interval));
        let span = now - since;
        assert!(sent.len() as u64 <= 3 + span / interval + span / gap);
        Ok(())
    });
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Several routers of one profile and interval, priorities 1 to 254 as they come.
fn lab(u: &mut Unstructured<'_>) -> Result<Lab> {
    let profile = config(u, 254)?;
    let mut routers = Vec::new();
    for host in 1..=u.int_in_range(2..=5)? {
        let priority = Priority::new(u.int_in_range(1..=254)?);
        let config = Config { priority, preempt: u.arbitrary()?, ..profile };
        routers.push(router(config, &format!("10.0.0.{host}")));
    }
    Ok(Lab::new(routers))
}

/// Down(1) at the greatest interval of [`interval`].
const LONGEST_DOWN: u64 = 4 * 3 * SECOND;

/// Starts all routers at random moments and lets them settle.
fn settle(lab: &mut Lab, u: &mut Unstructured<'_>) -> Result<()> {
    for index in 0..lab.routers.len() {
        let pause: u64 = u.int_in_range(0..=8 * SECOND)?;
        lab.run(lab.now + pause);
        lab.input(index, Router::startup);
    }
    lab.run(lab.now + 3 * LONGEST_DOWN);
    Ok(())
}

/// On a link that loses nothing there is one Active router in the end, and it stays
/// \[CORE-4 a\]. If one router that preempts is above all others, it is the one.
#[test]
fn core_4_a_one_active() {
    arbtest(|u| {
        let mut lab = lab(u)?;
        settle(&mut lab, u)?;
        let actives = lab.actives();
        assert_eq!(actives.len(), 1);
        let priority = |index: usize| lab.routers[index].priority();
        let best = (0..lab.routers.len()).max_by_key(|index| priority(*index)).unwrap_or_default();
        let alone = (0..lab.routers.len()).all(|i| i == best || priority(i) < priority(best));
        if alone && lab.routers[best].config().preempt {
            assert_eq!(actives, [best]);
        }
        lab.run(lab.now + 10 * LONGEST_DOWN);
        assert_eq!(lab.actives(), actives);
        Ok(())
    });
}

/// After a crash of the Active router exactly one Backup router takes over, the one whose timer
/// fires first, within its down interval \[CORE-4 b\].
#[test]
fn core_4_b_one_successor() {
    arbtest(|u| {
        let mut lab = lab(u)?;
        settle(&mut lab, u)?;
        let [crashed] = lab.actives()[..] else { panic!("one is Active") };
        lab.crashed[crashed] = true;
        let down = lab.routers.iter().map(Router::active_down_interval).max();
        let within = lab.now + down.map_or(0, micros);
        let (deadline, heir) = (0..lab.routers.len())
            .filter(|index| *index != crashed)
            .filter_map(|index| lab.routers[index].next_deadline().map(|at| (at, index)))
            .min()
            .unwrap();
        assert!(deadline <= at(within));
        lab.log.clear();
        lab.run(deadline.as_micros());
        assert_eq!(lab.actives(), [heir]);
        lab.run(within);
        assert_eq!(lab.sent().iter().filter(|sent| sent.1 != heir).count(), 0);
        Ok(())
    });
}

/// The same inputs give the same outputs \[CORE-3\].
#[test]
fn core_3_determinism() {
    arbtest(|u| {
        let config = any_config(u)?;
        let mut twins = [router(config, "10.0.0.5"), router(config, "10.0.0.5")];
        let mut inputs = Vec::new();
        while !u.is_empty() {
            inputs.push(u.bytes(16.min(u.len()))?.to_vec());
        }
        let mut now = 0;
        for bytes in inputs {
            now += 500_000;
            let outputs = twins.each_mut().map(|router| {
                input(&mut Unstructured::new(&bytes), router, now).unwrap_or_default();
                drain(router)
            });
            assert_eq!(outputs[0], outputs[1]);
        }
        Ok(())
    });
}

/// [S-1] Whatever its lists take comes on top.
#[test]
fn s_1_a_router_takes_512_octets_at_most() {
    assert!(size_of::<Router<[IpAddr; 0]>>() <= 512);
    assert!(size_of::<Router<[IpAddr; 0], [Peer; 0], 0>>() <= 448);
}
