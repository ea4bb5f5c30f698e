//! `docs/bounds.md` has every call, and none of them allocates.
#![allow(clippy::unwrap_used)]

use allocation_counter::measure;
use lvs_benches::{Size, calls, scheduler_calls};
use lvs_sched::SchedulerKind;

const PAGE: &str = include_str!("../../docs/bounds.md");

#[test]
fn what_packets_and_timers_lead_to_allocates_nothing() {
    let schedulers = SchedulerKind::ALL.into_iter().flat_map(scheduler_calls);
    for call in calls().into_iter().chain(schedulers) {
        let mut make_calls = call.make(Size::SMALL);
        let allocated = measure(|| make_calls(100));
        assert_eq!(allocated.count_total, 0, "{}", call.name);
    }
}

#[test]
fn the_page_has_all_of_them_in_order() {
    let expected = calls().into_iter().map(|call| [call.name, call.takes.words].map(str::to_owned));
    assert!(table("\n|---|---|---:|---:|\n", [0, 1]).eq(expected));
    let expected = SchedulerKind::ALL.map(|kind| {
        let [pick, count] = scheduler_calls(kind);
        [format!("`{kind}`"), pick.takes.words.to_owned(), count.takes.words.to_owned()]
    });
    assert!(table("\n|---|---|---:|---:|---|---:|---:|\n", [0, 1, 4]).eq(expected));
}

/// These columns of the table below that line.
fn table<const N: usize>(line: &str, columns: [usize; N]) -> impl Iterator<Item = [String; N]> {
    let (_, table) = PAGE.split_once(line).unwrap();
    let (rows, _) = table.split_once("\n\n").unwrap();
    rows.lines().map(move |row| {
        let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
        columns.map(|column| cells[column].to_owned())
    })
}
