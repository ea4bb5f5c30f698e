//! One step of each scheduler, ours and the walk's: a pick, and what the connections around it do to
//! the counters.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lvs_benches::{Setting, Shape, Who, Work, candidate};
use lvs_sched::SchedulerKind;

fn step(criterion: &mut Criterion) {
    for kind in SchedulerKind::ALL {
        let mut group = criterion.benchmark_group(kind.name());
        for dests in [2, 16, 256, 4096, 10_000] {
            let setting = Setting::new(kind, dests, Shape::Random);
            for who in [Who::Ours, Who::Walk] {
                let mut run = candidate(who, &setting, Work::Step);
                group.bench_function(BenchmarkId::new(who.name(), dests), |bencher| {
                    bencher.iter_custom(|count| {
                        let start = Instant::now();
                        run(count);
                        start.elapsed()
                    });
                });
            }
        }
    }
}

criterion_group!(benches, step);
criterion_main!(benches);
