//! One step of each scheduler: a pick, and what a connection's life does to the counters.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lvs_benches::{flow, pool};
use lvs_proto::Instant;
use lvs_sched::SchedulerKind;

fn step(criterion: &mut Criterion) {
    for scheduler in SchedulerKind::ALL {
        let mut group = criterion.benchmark_group(scheduler.name());
        for dests in [2, 16, 256, 4_096] {
            let (mut pool, _) = pool(scheduler, dests);
            let mut number = 0_u32;
            group.bench_function(BenchmarkId::from_parameter(dests), |bencher| {
                bencher.iter(|| {
                    number = number.wrapping_add(1);
                    let dest = pool.pick(Instant::EPOCH, &flow(black_box(number)));
                    if let Some(dest) = dest {
                        if let Ok(conn) = pool.open(dest) {
                            let life = pool.activate(conn).and_then(|()| pool.close(conn));
                            black_box(life.is_ok());
                        }
                    }
                });
            });
        }
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
