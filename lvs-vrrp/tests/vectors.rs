//! Adverts of real daemons, and their verdicts on adverts made by hand.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[path = "../examples/decode/daemon.rs"]
mod daemon;
#[path = "../examples/decode/fields.rs"]
mod fields;
#[path = "../examples/decode/judge.rs"]
mod judge;
#[path = "../examples/decode/packet.rs"]
mod packet;
#[path = "../examples/decode/receiver.rs"]
mod receiver;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;
use lvs_proto::vrrp::ChecksumAccept;
use serde_json::Value;

use crate::daemon::Profile;
use crate::judge::{Judge, Options, RECEIVERS};

const VALID: &[u8] = include_bytes!("../../vectors/vrrp/valid.jsonl.gz");
const INJECTED: &[u8] = include_bytes!("../../vectors/vrrp/injected.jsonl.gz");
const README: &str = include_str!("../../vectors/vrrp/README.md");

/// Line, whose verdict, profile, our verdict.
type Difference = [String; 4];

fn lines(gzipped: &[u8]) -> impl Iterator<Item = Value> {
    let lines = BufReader::new(GzDecoder::new(gzipped)).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

/// Where a receiver of `profile` says other than `verdict` of the line.
fn differences(
    gzipped: &[u8],
    (who, checksum): (&str, Option<ChecksumAccept>),
    (name, profile): (&str, Profile),
    verdict: impl Fn(&Value) -> Option<bool>,
) -> BTreeSet<Difference> {
    let receivers = serde_json::from_str(RECEIVERS).unwrap();
    let mut judge = Judge::new(Options { receivers, profile, checksum });
    let mut differences = BTreeSet::new();
    for line in lines(gzipped) {
        let ours = judge.line(&line).unwrap();
        let accepted = ours["verdict"] == "accepted";
        if verdict(&line).is_some_and(|verdict| verdict != accepted) {
            let here = ours["reason"].as_str().unwrap_or("accepted");
            let id = line["id"].as_str().unwrap();
            differences.insert([id, who, name, here].map(str::to_owned));
        }
        if line["id"] != "inj-489" && name == "rfc" && who != "frr_nopseudo" {
            let read = line["tshark"].as_object().cloned().unwrap_or_default();
            assert_eq!(ours["fields"], Value::from(read), "{}", line["id"]);
        }
    }
    differences
}

/// The table of the README.
fn documented() -> BTreeSet<Difference> {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let mut differences = BTreeSet::new();
    for row in rows {
        let cells: Vec<_> = row.split(" | ").collect();
        for id in cells[0].split(' ') {
            for who in cells[1].split(", ") {
                for profile in cells[2].split(", ") {
                    // A daemon is only asked to agree with its own profile.
                    if profile == "rfc" || who == "sent" || who.starts_with(profile) {
                        differences.insert([id, who, profile, cells[3]].map(str::to_owned));
                    }
                }
            }
        }
    }
    differences
}

/// [W-23], [RX-3], [RX-5] and every receive check of section 2: the lines of the table and no others.
#[test]
fn verdicts_differ_from_those_of_the_daemons_where_the_table_says_so() {
    let rfc = ("rfc", Profile::Rfc);
    let keepalived = ("keepalived", Profile::Keepalived);
    let frr = ("frr", Profile::Frr);
    let verdict_of = |field: &'static str| {
        move |line: &Value| line[field].as_str().map(|verdict| verdict == "accepted")
    };
    let mut found = BTreeSet::new();
    for profile in [rfc, keepalived] {
        found.extend(differences(VALID, ("sent", None), profile, |_| Some(true)));
        let verdict = verdict_of("verdict_keepalived");
        found.extend(differences(INJECTED, ("keepalived", None), profile, verdict));
    }
    for profile in [rfc, frr] {
        let verdict = verdict_of("verdict_frr");
        found.extend(differences(INJECTED, ("frr", None), profile, verdict));
        let nopseudo = ("frr_nopseudo", Some(ChecksumAccept::MESSAGE_ONLY));
        let verdict = verdict_of("verdict_frr_nopseudo");
        found.extend(differences(INJECTED, nopseudo, profile, verdict));
    }
    let documented = documented();
    let missing: Vec<_> = found.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&found).collect();
    assert!(missing.is_empty() && stale.is_empty(), "missing {missing:#?}, stale {stale:#?}");
}
