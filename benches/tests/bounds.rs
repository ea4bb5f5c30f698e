//! `docs/bounds.md` has every call, and none of them allocates.

use allocation_counter::measure;
use lvs_benches::CALLS;

const PAGE: &str = include_str!("../../docs/bounds.md");

#[test]
fn what_packets_and_timers_lead_to_allocates_nothing() {
    for call in CALLS {
        let mut make_calls = (call.make)();
        let allocated = measure(|| make_calls(100));
        assert_eq!(allocated.count_total, 0, "{}", call.name);
    }
}

#[test]
fn the_page_has_all_of_them_in_order() {
    let (_, table) = PAGE.split_once("|---|---|---:|\n").unwrap();
    let (rows, _) = table.split_once("\n\n").unwrap();
    let names = rows.lines().map(|row| {
        let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
        assert!(cells[2].replace(' ', "").parse::<u32>().is_ok(), "{row}");
        cells[0]
    });
    assert_eq!(names.collect::<Vec<_>>(), CALLS.map(|call| call.name));
}
