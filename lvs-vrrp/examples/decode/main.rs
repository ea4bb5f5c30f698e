//! Reads recorded packets, a line of JSON each, and says what a receiver makes of them.
//!
//! `decode [--receivers FILE] [--profile rfc|keepalived|frr] [--checksum rfc9568|pseudo|any] < VECTORS`
//!
//! A line has an `id`, the IP payload in `hex` and the IP header in `ip`; the receiver is that of
//! `receiver_vrid` in FILE, or a Backup router with the sender's own `config`. What comes out is a line
//! of `{"id", "verdict", "reason", "fields"}` each, with the field names of tshark.

mod daemon;
mod fields;
mod judge;
mod packet;
mod receiver;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use lvs_proto::vrrp::ChecksumAccept;

use crate::daemon::Profile;
use crate::judge::{Judge, Options, RECEIVERS};
use crate::packet::Error;

const USAGE: &str = "usage: decode [--receivers FILE] [--profile rfc|keepalived|frr] \
    [--checksum rfc9568|pseudo|any] < VECTORS";

fn main() -> ExitCode {
    match arguments().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Options, Error> {
    let (mut receivers, mut profile, mut checksum) = (RECEIVERS.to_owned(), Profile::Rfc, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match (option.as_str(), value.as_str()) {
            ("--receivers", file) => receivers = std::fs::read_to_string(file)?,
            ("--profile", "rfc" | "rfc9568" | "rfc5798" | "rfc3768") => profile = Profile::Rfc,
            ("--profile", "keepalived") => profile = Profile::Keepalived,
            ("--profile", "frr") => profile = Profile::Frr,
            ("--checksum", "rfc9568") => checksum = Some(ChecksumAccept::MESSAGE_ONLY),
            ("--checksum", "pseudo") => checksum = Some(ChecksumAccept::PSEUDO_HEADER),
            ("--checksum", "any") => checksum = Some(ChecksumAccept::ANY),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(Options { receivers: serde_json::from_str(&receivers)?, profile, checksum })
}

fn run(options: Options) -> Result<(), Error> {
    let mut judge = Judge::new(options);
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if !line.is_empty() {
            writeln!(output, "{}", judge.line(&serde_json::from_str(&line)?)?)?;
        }
    }
    Ok(())
}
