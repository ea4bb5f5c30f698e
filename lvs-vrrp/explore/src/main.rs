//! Explores the larger worlds: every placing of two losses, a duplicate, a crash with restart, a partition
//! that heals and a reload in two routers, and of most of these in three. Some minutes.
//!
//! `cargo run --release -p lvs-explore [-- NAME]`

use lvs_explore::{Exploration, Faults, scenarios};

/// With two routers everything at once.
const TWO: Faults = Faults { losses: 2, duplicates: 1, crashes: 1, partitions: 1, reloads: 1 };

/// With three routers what fits in memory.
const THREE: [Faults; 3] = [
    Faults { losses: 2, duplicates: 1, crashes: 1, ..Faults::NONE },
    Faults { losses: 1, partitions: 1, reloads: 1, ..Faults::NONE },
    Faults { crashes: 1, partitions: 1, ..Faults::NONE },
];

fn main() {
    let wanted = std::env::args().nth(1);
    for (routers, faults) in [(2, TWO)].into_iter().chain(THREE.map(|faults| (3, faults))) {
        println!("{routers} routers, {faults:?}");
        for (name, scenario) in scenarios(routers, faults) {
            if wanted.as_ref().is_none_or(|wanted| wanted == name) {
                println!("  {name}: {}", Exploration(scenario).explore());
            }
        }
    }
}
