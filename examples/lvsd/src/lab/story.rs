//! What the laboratory does with its cluster, and how it judges it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, bail};

use super::plan::{self, DIRECTORS, SERVERS, TRIALS, Trial};
use super::promise::promised;

/// The cluster that the story is played on: the real one, or one in simulated time.
pub(crate) trait Cluster {
    /// The clients' addresses.
    fn clients(&self) -> &[IpAddr];

    /// Time since the cluster was built.
    fn now(&self) -> Duration;

    /// Lets time pass.
    fn pause(&mut self, span: Duration) -> Result<()>;

    /// Lets `client` ask for the page at `port` of the virtual address: the number of the server
    /// that answered, or `None` if nobody did within `timeout`.
    fn request(&mut self, client: IpAddr, port: u16, timeout: Duration) -> Result<Option<usize>>;

    /// Lets a client begin the long download, which goes on beside everything else.
    fn begin_download(&mut self) -> Result<()>;

    /// Whether the download came whole, once it has ended; `None` while it goes on.
    fn end_download(&mut self) -> Result<Option<bool>>;

    /// Starts a director.
    fn start(&mut self, director: usize) -> Result<()>;

    /// Ends a director at once, as a power cut would.
    fn kill(&mut self, director: usize) -> Result<()>;

    /// Every change of a director's role so far, in order of time.
    fn changes(&self) -> Vec<Change>;
}

/// A director became Active, or ceased to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// When, since the cluster was built.
    pub(crate) at: Duration,
    /// Which director.
    pub(crate) director: usize,
    /// Whether it is Active from then on.
    pub(crate) active: bool,
}

/// Plays the whole story; `say` gets each line of the report as soon as it is known.
///
/// # Errors
/// The cluster could not be worked with at all. That it behaved wrongly is in the [`Report`].
pub(crate) fn play(
    cluster: &mut impl Cluster,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    for director in 0..DIRECTORS {
        cluster.start(director)?;
    }
    let elected = await_active(cluster, 0, Duration::ZERO)?;
    say(&format!("director 1 is Active after {}", seconds(elected)));
    say(&format!("\n{:<22}{:>16}  server 1  server 2  server 3", "scheduler", "weights"));
    for trial in &TRIALS {
        try_scheduler(cluster, trial, report, say)?;
    }
    fail_over(cluster, report, say)?;
    say(&format!("Active: {}", roles(&cluster.changes())));
    Ok(())
}

/// What went wrong, if anything did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    failures: Vec<String>,
}

impl Report {
    /// Whether everything was as promised.
    #[must_use]
    pub(crate) fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// One line for people.
    #[must_use]
    pub(crate) fn verdict(&self) -> String {
        if self.passed() {
            "PASSED: every distribution exact, takeover in time, no open connection broken".into()
        } else {
            format!("FAILED: {}", self.failures.join("; "))
        }
    }

    /// Takes in whether something holds that was promised.
    pub(crate) fn expect(&mut self, holds: bool, failure: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(failure());
        }
    }

    /// Takes in where requests went.
    pub(crate) fn expect_shares(
        &mut self,
        name: &str,
        weights: &[u32],
        shares: &Shares,
        say: &mut dyn FnMut(&str),
    ) {
        let mut line = format!("{name:<22}{:>16}", format!("{weights:?}"));
        for share in &shares.answered {
            let _ = write!(line, "{share:>10}");
        }
        let exact = shares.kept == shares.requests;
        say(&format!("{line}  {}", if exact { "exactly as promised" } else { "NOT as promised" }));
        self.expect(exact, || {
            format!(
                "{name}: {} of {} requests went where they should",
                shares.kept, shares.requests
            )
        });
    }
}

/// Where requests went.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    /// How many there were.
    pub(crate) requests: usize,
    /// How many each server answered.
    pub(crate) answered: Vec<usize>,
    /// How many were answered by the server that was promised.
    pub(crate) kept: usize,
}

/// 300 requests, one after the other, from 30 clients in turn.
fn try_scheduler(
    cluster: &mut impl Cluster,
    trial: &Trial,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let clients = cluster.clients().iter().copied().cycle().take(plan::REQUESTS);
    let clients: Vec<IpAddr> = clients.collect();
    let mut answers = Vec::with_capacity(clients.len());
    for client in &clients {
        answers.push(cluster.request(*client, trial.port, plan::PATIENCE)?);
    }
    let promised = promised(trial.schedule, &trial.weights, &clients);
    let kept = answers.iter().zip(&promised).filter(|(got, want)| **got == Some(**want)).count();
    let share = |server| answers.iter().filter(|answer| **answer == Some(server)).count();
    let shares =
        Shares { requests: clients.len(), answered: (0..SERVERS).map(share).collect(), kept };
    report.expect_shares(trial.name, &trial.weights, &shares, say);
    Ok(())
}

/// Kills the Active director in the middle of a stream of requests, and later brings it back.
fn fail_over(
    cluster: &mut impl Cluster,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut stream = Stream::default();
    cluster.begin_download()?;
    stream.run_for(cluster, plan::DOWNLOAD_HEAD_START)?;
    say("\nkilling director 1 without a goodbye, in the middle of a long download");
    let killed = cluster.now();
    cluster.kill(0)?;
    let taken_over = stream.run_until_active(cluster, 1, killed)?;
    let whole = stream.run_until_downloaded(cluster)?;
    say(if whole { "the download went on and came whole" } else { "the download broke off" });
    report.expect(whole, || "the download did not survive the takeover".into());
    say("bringing director 1 back");
    let back = cluster.now();
    cluster.start(0)?;
    let returned = stream.run_until_active(cluster, 0, back)?;
    stream.run_for(cluster, Duration::from_millis(500))?;

    let bound = plan::takeover_bound();
    let took = taken_over.saturating_sub(killed);
    say(&format!("director 2 took over in {} (bound {})", seconds(took), seconds(bound)));
    report.expect(took <= bound, || format!("takeover took {}", seconds(took)));
    say(&format!(
        "director 1 took its role back {} after its start",
        seconds(returned.saturating_sub(back))
    ));
    let lost_before = stream.lost(Duration::ZERO, killed);
    let lost_after = stream.lost(taken_over, back);
    say(&format!(
        "{} requests, of which lost: {} before the kill, {} while nobody was Active, {} after the takeover, {} at the return",
        stream.requests.len(),
        lost_before,
        stream.lost(killed, taken_over),
        lost_after,
        stream.lost(back, Duration::MAX),
    ));
    report.expect(lost_before == 0, || format!("{lost_before} requests lost before the kill"));
    report
        .expect(lost_after == 0, || format!("{lost_after} connections failed after the takeover"));
    Ok(())
}

/// Requests without a break, and when each was opened.
#[derive(Default)]
struct Stream {
    requests: Vec<(Duration, bool)>,
}

impl Stream {
    fn run_for(&mut self, cluster: &mut impl Cluster, span: Duration) -> Result<()> {
        let end = cluster.now() + span;
        while cluster.now() < end {
            self.step(cluster)?;
        }
        Ok(())
    }

    /// Runs until `director` is Active after `since`, and gives the moment it became so.
    fn run_until_active(
        &mut self,
        cluster: &mut impl Cluster,
        director: usize,
        since: Duration,
    ) -> Result<Duration> {
        while cluster.now() < since + plan::PATIENCE {
            self.step(cluster)?;
            if let Some(at) = became_active(cluster, director, since) {
                return Ok(at);
            }
        }
        bail!("director {} did not become Active", director + 1)
    }

    /// Runs until the download has ended; whether it came whole.
    fn run_until_downloaded(&mut self, cluster: &mut impl Cluster) -> Result<bool> {
        let end = cluster.now() + plan::PATIENCE;
        while cluster.now() < end {
            self.step(cluster)?;
            if let Some(whole) = cluster.end_download()? {
                return Ok(whole);
            }
        }
        Ok(false)
    }

    fn step(&mut self, cluster: &mut impl Cluster) -> Result<()> {
        let opened = cluster.now();
        let clients = cluster.clients();
        let client = clients[self.requests.len() % clients.len()];
        let answer = cluster.request(client, TRIALS[0].port, plan::STREAM_TIMEOUT)?;
        self.requests.push((opened, answer.is_some()));
        cluster.pause(plan::STREAM_GAP)
    }

    fn lost(&self, from: Duration, to: Duration) -> usize {
        self.requests
            .iter()
            .filter(|(opened, answered)| *opened >= from && *opened < to && !answered)
            .count()
    }
}

fn await_active(cluster: &mut impl Cluster, director: usize, since: Duration) -> Result<Duration> {
    while cluster.now() < since + plan::PATIENCE {
        if let Some(at) = became_active(cluster, director, since) {
            return Ok(at);
        }
        cluster.pause(Duration::from_millis(10))?;
    }
    bail!("director {} did not become Active", director + 1)
}

fn became_active(cluster: &impl Cluster, director: usize, since: Duration) -> Option<Duration> {
    let change = cluster
        .changes()
        .into_iter()
        .find(|change| change.director == director && change.active && change.at >= since);
    change.map(|change| change.at)
}

/// Who was Active when.
fn roles(changes: &[Change]) -> String {
    let active = changes.iter().filter(|change| change.active);
    let spans = active.map(|start| {
        let end = changes.iter().find(|change| {
            change.at > start.at && change.active != (change.director == start.director)
        });
        let end = end.map_or_else(|| "the end".into(), |end| seconds(end.at));
        format!("director {} {} to {end}", start.director + 1, seconds(start.at))
    });
    spans.collect::<Vec<_>>().join(", ")
}

pub(crate) fn seconds(span: Duration) -> String {
    format!("{}.{:03} s", span.as_secs(), span.subsec_millis())
}
