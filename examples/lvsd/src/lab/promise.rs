//! What each scheduler promises for requests that come one after the other, restated in a few
//! plain lines that share nothing with `lvs-sched`.

use std::collections::HashMap;
use std::net::IpAddr;

/// The schedules that the laboratory shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// In turn.
    RoundRobin,
    /// In turn, by weight.
    WeightedRoundRobin,
    /// Least overhead for its weight.
    WeightedLeastConnection,
    /// By a hash of the client's address.
    SourceHash,
    /// As least connection for a client's first request; later ones follow the first.
    Persistent,
}

/// The servers, by number, that answer `clients`' requests, if server `n` was the `n`th to be added
/// (counted from 0) with that weight.
#[must_use]
pub(crate) fn promised(schedule: Schedule, weights: &[u32], clients: &[IpAddr]) -> Vec<usize> {
    match schedule {
        Schedule::RoundRobin => newest_first(weights).cycle().take(clients.len()).collect(),
        Schedule::WeightedRoundRobin => weighted_turns(weights).take(clients.len()).collect(),
        Schedule::WeightedLeastConnection => {
            let mut served = vec![0; weights.len()];
            clients.iter().map(|_| least_served(weights, &mut served)).collect()
        }
        Schedule::SourceHash => clients.iter().map(|client| hashed(weights, *client)).collect(),
        Schedule::Persistent => {
            let mut served = vec![0; weights.len()];
            let mut first = HashMap::new();
            let pick = |client: &IpAddr| {
                let known = first.get(client).copied();
                let server = known.unwrap_or_else(|| least(weights, &served));
                served[server] += 1;
                first.insert(*client, server);
                server
            };
            clients.iter().map(pick).collect()
        }
    }
}

/// The list order of IPVS: the newest server is at its head \[DST-1\].
fn newest_first(weights: &[u32]) -> impl Iterator<Item = usize> + Clone + use<> {
    (0..weights.len()).rev()
}

/// A first pass over all, for the threshold starts at the first server's lone step; then passes with
/// the threshold falling from the greatest weight to 1 \[WRR-6\], \[WRR-8\]. For weights whose
/// greatest common divisor is 1.
fn weighted_turns(weights: &[u32]) -> impl Iterator<Item = usize> {
    let greatest = weights.iter().copied().max().unwrap_or(0);
    let passes = (1..=greatest).rev().flat_map(|threshold| {
        newest_first(weights).filter(move |server| weights[*server] >= threshold)
    });
    newest_first(weights).chain(passes.collect::<Vec<_>>().into_iter().cycle())
}

/// Every earlier connection is closed, so overhead is the number of requests served; the first in
/// the list wins a tie \[WLC-1\].
fn least(weights: &[u32], served: &[u64]) -> usize {
    let heavier =
        |a: usize, b: usize| served[a] * u64::from(weights[b]) > served[b] * u64::from(weights[a]);
    newest_first(weights)
        .reduce(|best, server| if heavier(best, server) { server } else { best })
        .unwrap_or(0)
}

fn least_served(weights: &[u32], served: &mut [u64]) -> usize {
    let server = least(weights, served);
    served[server] += 1;
    server
}

/// 256 slots, filled in list order with runs of each server's weight \[SH-2\], \[SH-4\]. The words
/// of an IPv6 address are folded into one.
fn hashed(weights: &[u32], client: IpAddr) -> usize {
    let round: Vec<usize> = newest_first(weights)
        .flat_map(|server| std::iter::repeat_n(server, weights[server] as usize))
        .collect();
    let folded = match client {
        IpAddr::V4(client) => client.to_bits(),
        IpAddr::V6(client) => {
            let word = |shift: u32| (client.to_bits() >> shift) as u32;
            word(96) ^ word(64) ^ word(32) ^ word(0)
        }
    };
    let slot = folded.wrapping_mul(0x61c8_8647) >> 24;
    round[slot as usize % round.len()]
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn shares_follow_the_weights() {
        let clients: Vec<IpAddr> =
            (0..300_u32).map(|n| Ipv4Addr::from(0x0a00_0000 + n % 30).into()).collect();
        let shares = |schedule, weights: &[u32]| {
            let mut shares = vec![0; weights.len()];
            for server in promised(schedule, weights, &clients) {
                shares[server] += 1;
            }
            shares
        };
        assert_eq!(shares(Schedule::RoundRobin, &[1, 1, 1]), [100, 100, 100]);
        assert_eq!(shares(Schedule::WeightedRoundRobin, &[1, 2, 3]), [50, 100, 150]);
        assert_eq!(shares(Schedule::WeightedLeastConnection, &[1, 2, 3]), [50, 100, 150]);
    }

    #[test]
    fn sh_7() {
        assert_eq!(hashed(&[1, 2, 3], Ipv4Addr::new(192, 168, 1, 1).into()), 1);
    }
}
