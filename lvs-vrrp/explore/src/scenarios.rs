//! The worlds that are explored.

use lvs_proto::vrrp::{AdvertInterval, Priority, Version, Vrid};
use lvs_vrrp::Config;

use crate::{Faults, Scenario};

/// Two or three routers in all the ways in which they may differ, each with its name.
#[must_use]
pub fn scenarios(routers: usize, faults: Faults) -> Vec<(&'static str, Scenario)> {
    let Some(vrid) = Vrid::new(51) else { return Vec::new() };
    let rfc9568 = Config::rfc9568(vrid);
    let keepalived = Config::keepalived(Version::V2, vrid);
    let faster = AdvertInterval::from_centiseconds(50).unwrap_or_default();
    let scenario = |profile: Config, priorities: [u8; 3], reloaded: [u8; 3]| Scenario {
        configs: with(profile, &priorities[..routers]),
        reloaded: with(profile, &reloaded[..routers]),
        starts: [[0, 400, 1_300], [1_300, 400, 0], [0, 0, 0]]
            .map(|starts| starts[..routers].to_vec())
            .to_vec(),
        faults,
    };
    let ranked = ([200, 100, 150], [50, 250, 120]);
    let ranked = |profile| scenario(profile, ranked.0, ranked.1);
    let mut intervals = ranked(rfc9568);
    intervals.configs[1].interval = faster;
    intervals.reloaded[0].interval = faster;
    vec![
        ("priorities", ranked(rfc9568)),
        ("equals", scenario(rfc9568, [100; 3], [101, 99, 100])),
        ("owner", scenario(rfc9568, [255, 100, 150], [254, 150, 100])),
        ("no preemption", ranked(Config { preempt: false, ..rfc9568 })),
        ("a last word", ranked(Config { advert_before_demotion: true, ..rfc9568 })),
        ("intervals", intervals),
        ("rfc3768", ranked(Config::rfc3768(vrid))),
        ("keepalived", ranked(keepalived)),
    ]
}

fn with(profile: Config, priorities: &[u8]) -> Vec<Config> {
    let config = |priority: &u8| Config { priority: Priority::new(*priority), ..profile };
    priorities.iter().map(config).collect()
}
