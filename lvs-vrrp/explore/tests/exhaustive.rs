//! Small worlds, explored to the end. `cargo run --release -p lvs-explore` explores larger ones.

use lvs_explore::{Exploration, Faults, Scenario, scenarios};
use lvs_proto::vrrp::{Priority, Vrid};
use lvs_vrrp::Config;

/// Explores all scenarios, and says how many states they have.
fn explore(routers: usize, faults: Faults) {
    for (name, scenario) in scenarios(routers, faults) {
        println!("{routers} routers, {name}: {}", Exploration(scenario).explore());
    }
}

/// [CORE-4 a], [CORE-4 b], [FSM-15], [X-13]
#[test]
fn two_routers_with_losses_and_duplicates() {
    explore(2, Faults { losses: 2, duplicates: 1, partitions: 1, ..Faults::NONE });
}

#[test]
fn two_routers_with_crashes_and_reloads() {
    explore(2, Faults { losses: 1, crashes: 1, reloads: 1, ..Faults::NONE });
}

#[test]
fn three_routers_with_one_fault_of_each_kind() {
    for faults in [
        Faults { losses: 2, ..Faults::NONE },
        Faults { duplicates: 1, reloads: 1, ..Faults::NONE },
        Faults { crashes: 1, ..Faults::NONE },
        Faults { partitions: 1, ..Faults::NONE },
    ] {
        explore(3, faults);
    }
}

/// What is wrong is found: owners that discard the adverts of others are both Active for good, as
/// RFC 5798 has it \[FSM-13\].
#[test]
#[should_panic(expected = "one is Active where all hear each other")]
fn two_owners_of_rfc_5798_stay_two() {
    let Some(vrid) = Vrid::new(51) else { return };
    let owner = Config { priority: Priority::OWNER, ..Config::rfc5798(vrid) };
    let configs = vec![owner; 2];
    let starts = vec![vec![0, 400]];
    let scenario = Scenario { reloaded: configs.clone(), configs, starts, faults: Faults::NONE };
    let _ = Exploration(scenario).explore();
}
