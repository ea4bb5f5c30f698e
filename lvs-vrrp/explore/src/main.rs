//! Explores the larger worlds: every placing of two losses, a duplicate, a crash with restart, a partition
//! that heals and a reload in two routers, and of most of these in three. All of it takes about half an
//! hour of two processors.
//!
//! `cargo run --release -p lvs-explore [-- ROUTERS [NAME]]`

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
    let [routers, name] = [1, 2].map(|index| std::env::args().nth(index));
    let wanted = |argument: &Option<String>, value: &str| {
        argument.as_ref().is_none_or(|argument| argument == value)
    };
    for (count, faults) in [(2, TWO)].into_iter().chain(THREE.map(|faults| (3, faults))) {
        if !wanted(&routers, &count.to_string()) {
            continue;
        }
        println!("{count} routers, {faults:?}");
        for (title, scenario) in scenarios(count, faults) {
            if wanted(&name, title) {
                println!("  {title}: {}", Exploration(scenario).explore());
            }
        }
    }
}
