//! What a packet or a timer leads to works in memory taken at configuration time.

use allocation_counter::measure;
use lvs_benches::{Ours, Pooled, Setting, Shape, Soak, flow};
use lvs_proto::Instant;
use lvs_sched::SchedulerKind;

#[test]
fn picking_and_counting_allocate_nothing() {
    for kind in SchedulerKind::ALL {
        for dests in [1, 3, 16, 300] {
            let setting = Setting::new(kind, dests, Shape::Random);
            let mut ours = Ours::new(&setting);
            let mut churn = setting.churn(&mut ours);
            let mut pool = Pooled::new(&setting);
            let mut pool_churn = setting.churn(&mut pool);
            // A cache fills up, and beyond.
            let steps = if setting.remembers() { 26_000 } else { 2_000 };
            let allocated = measure(|| {
                for step in 0..steps {
                    churn.step(&mut ours, &flow(step));
                    pool_churn.step(&mut pool, &flow(step));
                }
                ours.0.handle_timeout(Instant::from_secs(100_000));
                let flows = [flow(1); 40];
                assert_eq!(pool.0.pick_burst(Instant::EPOCH, &flows, &mut [None; 40]), 32);
                pool.0.handle_timeout(Instant::from_secs(100_000));
            });
            assert_eq!(allocated.count_total, 0, "{kind} over {dests}");
        }
    }
}

#[test]
fn deciding_refreshing_and_ending_allocate_nothing() {
    let mut soak = Soak::new(1);
    let allocated = measure(|| {
        soak.fill();
        soak.run(20);
    });
    assert_eq!(allocated.count_total, 0);
    assert!((90_000..110_000).contains(&soak.live()), "as many as a hundred seconds bring");
}
