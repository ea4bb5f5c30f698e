//! What virtual routers follow besides adverts: `vrrp_script`, `track_script` and their like.

use std::collections::BTreeMap;
use std::time::Duration;

use lvs_vrrp::InterfaceDelays;

use super::keyword::{Input, Keyword, Outcome, unexpected, used};
use super::report::Verdict;

/// A `vrrp_script`: a command whose success counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VrrpScript {
    /// Its line.
    pub line: usize,
    /// What it is tracked by.
    pub name: String,
    /// What is run.
    pub command: String,
    /// The time from run to run.
    pub interval: Duration,
    /// The time after which a run has failed; the interval unless said.
    pub timeout: Option<Duration>,
    /// What it does to priorities, where the tracking does not say.
    pub weight: Weight,
    /// Successes in a row after which it counts as up.
    pub rise: u32,
    /// Failures in a row after which it counts as down.
    pub fall: u32,
    /// Whether it counts as down before its first run.
    pub init_fail: bool,
}

impl VrrpScript {
    pub(super) fn new(line: usize, name: &str) -> Self {
        Self {
            line,
            name: name.to_owned(),
            command: String::new(),
            interval: Duration::from_secs(1),
            timeout: None,
            weight: Weight::default(),
            rise: 1,
            fall: 1,
            init_fail: false,
        }
    }
}

pub(super) const SCRIPT: &[Keyword<VrrpScript>] = &[
    used("script", |script, input| {
        script.command = input.line_of_words()?;
        Ok(())
    }),
    used("interval", |script, input| {
        script.interval = input.seconds(LONGEST_SECS)?;
        Ok(())
    }),
    used("timeout", |script, input| {
        script.timeout = Some(input.seconds(LONGEST_SECS)?);
        Ok(())
    }),
    used("weight", |script, input| {
        script.weight = weight(input, 253)?;
        Ok(())
    }),
    used("rise", |script, input| {
        script.rise = input.number(1..=u32::MAX)?;
        Ok(())
    }),
    used("fall", |script, input| {
        script.fall = input.number(1..=u32::MAX)?;
        Ok(())
    }),
    used("user", |_, input| input.line_of_words().map(drop)),
    used("init_fail", |script, _| {
        script.init_fail = true;
        Ok(())
    }),
];

/// About a day; whoever waits longer has mistyped.
pub(super) const LONGEST_SECS: u64 = 86_400;

/// What a tracked thing does to a priority \[X-44\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// -254 to 254; 0 means FAULT when it is down.
    pub value: i16,
    /// Whether down and up change places.
    pub reverse: bool,
}

/// An entry of `track_script`, `track_interface` and their like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Its line.
    pub line: usize,
    /// What is tracked.
    pub name: String,
    /// What it does, if that is said here.
    pub weight: Option<Weight>,
}

impl Tracked {
    /// Whether it counts for a priority, or the other way round.
    pub(super) fn has_weight(&self) -> bool {
        self.weight.is_some_and(|weight| weight != Weight::default())
    }
}

/// `NAME [weight N [reverse]]`, line by line.
pub(super) fn tracked(input: &mut Input<'_>, list: &mut Vec<Tracked>, most: i16) -> Outcome {
    input.list(|entry| {
        let (line, name) = (entry.line, entry.word()?.to_owned());
        let weight = match entry.next_word() {
            None => None,
            Some("weight") => Some(weight(entry, most)?),
            Some(word) => return Err(unexpected(word, "`weight`")),
        };
        list.push(Tracked { line, name, weight });
        Ok(())
    })
}

fn weight(input: &mut Input<'_>, most: i16) -> Outcome<Weight> {
    let value = input.number(-most..=most)?;
    match input.next_word() {
        None | Some("noreverse" | "no_reverse") => Ok(Weight { value, reverse: false }),
        Some("reverse") => Ok(Weight { value, reverse: true }),
        Some(word) => Err(unexpected(word, "`reverse`")),
    }
}

/// `NAME DOWN_DELAY [UP_DELAY]`, line by line; without the second the first holds for both \[X-42\].
pub(super) fn interface_delays(
    input: &mut Input<'_>,
    delays: &mut BTreeMap<String, InterfaceDelays>,
) -> Outcome {
    input.list(|entry| {
        let (name, down) = (entry.word()?.to_owned(), entry.seconds(LONGEST_LINK_DELAY_SECS)?);
        let up = if entry.is_at_end() { down } else { entry.seconds(LONGEST_LINK_DELAY_SECS)? };
        let proof = Duration::ZERO;
        match delays.insert(name, InterfaceDelays { up, down, proof }) {
            None => Ok(()),
            Some(_) => Err(Verdict::wrong("its delays were said before")),
        }
    })
}

/// As keepalived has it.
const LONGEST_LINK_DELAY_SECS: u64 = 255;
