//! The pictures of the documentation: what a pick costs, and what a lookup costs.
#![allow(clippy::float_arithmetic, reason = "costs have fractions")]

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Parser;
use lvs_benches::{Lookups, SIZES, Setting, Shape, Who, Work, candidate, compare, lookups};
use lvs_sched::SchedulerKind;
use plotters::prelude::*;

/// Measures what a pick and a lookup cost, and draws it.
#[derive(Parser)]
struct Arguments {
    /// Where the pictures go.
    #[arg(default_value = "docs")]
    folder: PathBuf,
}

/// A name, and what it costs at each size.
type Line = (&'static str, Vec<(f64, f64)>);

fn main() -> Result<()> {
    let Arguments { folder } = Arguments::parse();
    let title = "wlc, random weights: nanoseconds per step, by destinations";
    draw(&folder.join("speed-step.svg"), title, &steps())?;
    let title = "a lookup: nanoseconds, by connections";
    draw(&folder.join("speed-lookup.svg"), title, &connections())
}

fn steps() -> Vec<Line> {
    let who = [Who::Walk, Who::Compact, Who::Ours];
    let mut lines = who.map(|who| (who.name(), Vec::new())).to_vec();
    for dests in SIZES {
        let setting = Setting::new(SchedulerKind::Wlc, dests, Shape::Random);
        let mut candidates = who.map(|who| candidate(who, &setting, Work::Step));
        for ((_, line), cost) in lines.iter_mut().zip(compare(&mut candidates)) {
            line.push((f64::from(dests), cost));
        }
    }
    lines
}

fn connections() -> Vec<Line> {
    let names = ["hashbrown", "one at a time", "burst of 32", "pipelined", "memory"];
    let mut lines = names.map(|name| (name, Vec::new())).to_vec();
    for connections in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let Lookups { siphash, each, bursts, pipelined, line } = lookups(connections);
        for ((_, at), cost) in lines.iter_mut().zip([siphash, each, bursts, pipelined, line]) {
            at.push((f64::from(connections), cost));
        }
    }
    lines
}

/// Both axes in decades.
fn draw(path: &std::path::Path, title: &str, lines: &[Line]) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", path.display());
    let points = || lines.iter().flat_map(|(_, line)| line);
    let range = |of: fn(&(f64, f64)) -> f64| {
        let all = || points().map(of);
        all().fold(f64::INFINITY, f64::min) / 1.2..all().fold(0.0, f64::max) * 1.2
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));

    let root = SVGBackend::new(path, (800, 480)).into_drawing_area();
    root.fill(&WHITE).map_err(|error| failed(&error))?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(32)
        .y_label_area_size(64)
        .build_cartesian_2d(x.log_scale(), y.log_scale())
        .map_err(|error| failed(&error))?;
    chart.configure_mesh().draw().map_err(|error| failed(&error))?;
    for (index, (name, line)) in lines.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(line.clone(), color.stroke_width(2)).point_size(3))
            .map_err(|error| failed(&error))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .map_err(|error| failed(&error))?;
    root.present().map_err(|error| failed(&error))
}
