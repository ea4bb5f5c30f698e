//! Those that compare: `lc`, `wlc`, `sed`, `nq`, `fo`, `ovf` and `twos`.

use lvs_sched::{Dest, DestConfig, DestId, PoolConfig, Profile, SchedulerKind};

use super::common;
use super::common::{secs, udp};
use super::pools::{add, config, connect, number, picks, pool, pool_of, syn, take};

#[test]
fn wlc_3_the_first_in_the_list_gets_the_first_connection() {
    assert_eq!(picks(&mut pool(SchedulerKind::Wlc, &[3, 1]), secs(0), &syn(), 2), [2, 1]);
}

#[test]
fn fo_1_the_heaviest_takes_all() {
    let mut pool = pool(SchedulerKind::Fo, &[1, 3, 0, 3]);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 3), [4, 4, 4]);
    pool.edit_dest(secs(0), config(4, 0)).unwrap();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 2), [2, 2]);
}

#[test]
fn ovf_1_ovf_2_a_weight_admits_one_more_and_inactive_ones_do_not_count() {
    let mut pool = pool(SchedulerKind::Ovf, &[1, 2]);
    let first = pool.dests().next().unwrap().0;
    let token = connect(&mut pool, first);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 4), [2, 2, 1, 1]);
    assert_eq!(pool.pick(secs(0), &syn()), None);
    pool.deactivate(token).unwrap();
    assert_eq!(pool.pick(secs(0), &syn()), Some(first));
}

#[test]
fn twos_4_the_less_loaded_of_two() {
    let mut pool = pool(SchedulerKind::Twos, &[1, 1]);
    assert!(pool.pick(secs(0), &syn()).is_some());
    let picked = picks(&mut pool, secs(0), &syn(), 200);
    let first = picked.iter().filter(|number| **number == 1).count();
    assert!((90..=110).contains(&first), "{first} of 200");
}

/// The restatements of lc, wlc, sed, nq, fo and ovf: every pair compared, nothing else \[LC-1\]
/// \[WLC-1\] \[SED-1\] \[NQ-1\] \[FO-1\] \[OVF-1\].
fn literal(kind: SchedulerKind, profile: Profile, dests: &[(DestId, Dest<'_>)]) -> Option<DestId> {
    if matches!(kind, SchedulerKind::Fo | SchedulerKind::Ovf) {
        let admits =
            |dest: &Dest<'_>| kind == SchedulerKind::Fo || dest.active_conns() <= dest.weight();
        let good = |dest: &Dest<'_>| !dest.is_overloaded() && dest.weight() > 0 && admits(dest);
        let good: Vec<_> = dests.iter().filter(|(_, dest)| good(dest)).collect();
        let heaviest = good.iter().map(|(_, dest)| dest.weight()).max()?;
        return good.iter().find(|(_, dest)| dest.weight() == heaviest).map(|(id, _)| *id);
    }
    let overhead =
        |dest: &Dest<'_>| i128::from(profile.overhead(dest.active_conns(), dest.inactive_conns()));
    let delay = |dest: &Dest<'_>| i128::from(dest.active_conns()) + 1;
    let load = |dest: &Dest<'_>| match kind {
        SchedulerKind::Lc | SchedulerKind::Wlc => overhead(dest),
        _ => delay(dest),
    };
    let share = |dest: &Dest<'_>| match kind {
        SchedulerKind::Lc => 1,
        _ => i128::from(dest.weight()),
    };
    let eligible: Vec<_> =
        dests.iter().filter(|(_, dest)| !dest.is_overloaded() && dest.weight() > 0).collect();
    if kind == SchedulerKind::Nq {
        if let Some((id, _)) = eligible.iter().find(|(_, dest)| dest.active_conns() == 0) {
            return Some(*id);
        }
    }
    let no_worse =
        |one: &Dest<'_>, other: &Dest<'_>| load(one) * share(other) <= load(other) * share(one);
    let best = eligible.iter().find(|(_, one)| eligible.iter().all(|(_, x)| no_worse(one, x)));
    best.map(|(id, _)| *id)
}

#[test]
fn stateless_kinds_equal_their_restatements() {
    arbtest::arbtest(|u| {
        let kinds = ["lc", "wlc", "sed", "nq", "fo", "ovf"];
        let scheduler = u.choose(&kinds)?.parse().unwrap();
        let profile = *u.choose(&common::PROFILES)?;
        let mut pool = pool_of(PoolConfig { scheduler, profile, ..Default::default() }, &[]);
        for number in 1..=u.int_in_range(1..=8_u8)? {
            let upper_threshold = u.int_in_range(0..=6)?;
            let weight = *u.choose(&[0, 1, 2, 3, 5, DestConfig::MAX_WEIGHT])?;
            let config = DestConfig { upper_threshold, ..config(number, weight) };
            pool.add_dest(secs(0), config).unwrap();
        }
        let mut tokens = Vec::new();
        for _ in 0..u.int_in_range(0..=60_u8)? {
            let dests: Vec<_> = pool.dests().collect();
            let expected = literal(scheduler, profile, &dests);
            let ids: Vec<_> = dests.iter().map(|(id, _)| *id).collect();
            let picked = pool.pick(secs(0), &syn());
            assert_eq!(picked, expected);
            let id = picked.unwrap_or(*u.choose(&ids)?);
            match u.int_in_range(0..=4_u8)? {
                0 => {
                    if let Some(token) = take(&mut tokens, &pool, id) {
                        pool.deactivate(token).unwrap();
                    }
                }
                1 => {
                    if let Some(token) = take(&mut tokens, &pool, id) {
                        pool.close(token).unwrap();
                    }
                }
                2 => tokens.push(pool.open(id).unwrap()),
                _ => tokens.push(connect(&mut pool, id)),
            }
        }
        Ok(())
    });
}

#[test]
fn ovh_1_ovh_2_the_profiles_pick_differently() {
    for (profile, expected) in [(Profile::Classic, 1), (Profile::Linux6_1_183, 2)] {
        let scheduler = SchedulerKind::Lc;
        let mut pool = pool_of(PoolConfig { scheduler, profile, ..Default::default() }, &[]);
        let [idle, active] = [2, 1].map(|number| add(&mut pool, number, 1));
        connect(&mut pool, active);
        for _ in 0..256 {
            pool.open(idle).unwrap();
        }
        assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [expected], "{profile:?}");
    }
}

#[test]
fn nq_3_udp_is_never_active() {
    for (scheduler, expected) in [(SchedulerKind::Nq, [3, 3]), (SchedulerKind::Sed, [2, 2])] {
        let mut pool = pool(scheduler, &[1, 3, 2]);
        let flow = udp("192.168.1.1", 4000, "10.0.0.1", 53);
        let picked = [(); 2].map(|()| {
            let id = pool.pick(secs(0), &flow).unwrap();
            pool.open(id).unwrap();
            number(pool.dest(id).unwrap())
        });
        assert_eq!(picked, expected);
    }
}

/// Of weights whose keys want more room over fewer destinations.
#[test]
fn wlc_1_a_list_gets_shorter_without_asking_for_memory() {
    let mut pool = pool(SchedulerKind::Wlc, &[1; 14]);
    for number in 1..=14 {
        let weight = if number == 1 { 88_279 } else { 88_592 };
        pool.edit_dest(secs(0), config(number, weight)).unwrap();
    }
    pool.delete_dest(secs(0), config(14, 0).address, 80).unwrap();
    let expected: Vec<_> = (1..=13).rev().collect();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 13), expected);
}
