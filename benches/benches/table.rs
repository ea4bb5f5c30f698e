//! Lookups and packets among a thousand to ten million connections.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lvs_benches::{Table, WINDOW};

/// Does a window of something.
type Work = fn(&mut Table);

fn table(criterion: &mut Criterion) {
    let works: [(&str, Work); 4] = [
        ("find_conn", |table| table.find_each(1)),
        ("find_conns", |table| table.find_bursts(1)),
        ("pipelined", |table| table.find_pipelined(1)),
        ("decide_burst", |table| table.refresh(1)),
    ];
    for connections in [1_000, 100_000, 1_000_000, 10_000_000] {
        let mut table = Table::new(connections);
        table.open(connections);
        let mut group = criterion.benchmark_group(connections.to_string());
        group.throughput(Throughput::Elements(WINDOW as u64));
        for (name, work) in works {
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| work(&mut table));
            });
        }
    }
}

criterion_group!(benches, table);
criterion_main!(benches);
