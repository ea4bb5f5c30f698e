//! Runs each target on its seeds and on what a simple generator makes of them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// For mutations of each target's seeds.
const BUDGET: Duration = Duration::from_secs(2);

fn replay(target: &str, body: fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let seeds = fs::read_dir(seeds).unwrap().map(|seed| fs::read(seed.unwrap().path()).unwrap());
    let seeds: Vec<Vec<u8>> = seeds.collect();
    seeds.iter().for_each(|seed| body(seed));
    let begun = Instant::now();
    for seed in seeds.iter().cycle().take_while(|_| begun.elapsed() < BUDGET) {
        let mut octets = seed.clone();
        for _ in 0..random() % 4 {
            let place = random() as usize % octets.len().max(1);
            if let Some(octet) = octets.get_mut(place) {
                *octet = random() as u8;
            }
        }
        octets.truncate(octets.len() - random() as usize % (octets.len() + 1) / 4);
        body(&octets);
    }
}

#[test]
fn every_target() {
    for (target, body) in lvs_fuzz::TARGETS {
        replay(target, body);
    }
}
