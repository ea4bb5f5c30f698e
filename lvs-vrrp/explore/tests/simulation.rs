//! Ten hosts with a hundred virtual routers, and a minute of trouble. A failure names its seed, and
//! `LVS_SEED=N cargo test -p lvs-explore --test simulation` has it again; `LVS_SEEDS=N` tries so many.
#![allow(clippy::panic, reason = "a failed test panics")]

use lvs_explore::simulate;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// [CORE-4 a], [FSM-15], [X-13]
#[test]
fn large_worlds_settle_after_any_trouble() {
    let seeds = match number("LVS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LVS_SEEDS").unwrap_or(50),
    };
    for seed in seeds {
        match simulate(seed) {
            Ok(summary) => println!("seed {seed}: {summary:?}"),
            Err(error) => panic!("LVS_SEED={seed}: {error}"),
        }
    }
}

/// [CORE-3]
#[test]
fn the_same_seed_does_the_same() {
    let [one, other] = [1, 1].map(|seed| simulate(seed).map(|summary| format!("{summary:?}")));
    assert_eq!(one, other);
}
