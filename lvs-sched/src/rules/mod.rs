//! Rules in the words of `ipvsadm`: one line, one rule.

mod display;
mod error;
mod parse;
mod word;

use alloc::vec::Vec;
use core::net::IpAddr;

pub(crate) use display::write_flags;
pub use error::{RuleError, RuleErrorKind};

use crate::{DestConfig, Director, ServiceConfig, ServiceKey, Timeouts};

/// A change of a director's configuration, as `ipvsadm` says it and `ipvsadm -S -n` writes it
/// \[OUT-6\].
///
/// ```
/// use lvs_sched::Rule;
///
/// let rule = Rule::parse("-a -t 10.0.0.1:80 -r 10.2.0.1 -m --weight 3")?;
/// let saved = rule.map(|rule| rule.to_string());
/// assert_eq!(saved.as_deref(), Some("-a -t 10.0.0.1:80 -r 10.2.0.1:80 -m -w 3"));
/// assert_eq!(Rule::parse("# a comment")?, None);
///
/// let line = "-A -t 10.0.0.1:80 -s fair";
/// let error = Rule::parse(line).unwrap_err();
/// assert_eq!(line.get(error.range()), Some("fair"));
/// # Ok::<(), lvs_sched::RuleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Rule {
    /// `-A`
    AddService(ServiceConfig),
    /// `-E`: what is not said gets its default \[ADM-2\].
    EditService(ServiceConfig),
    /// `-D`
    DeleteService(ServiceKey),
    /// `-a`
    AddDest {
        /// Of which service.
        service: ServiceKey,
        /// What is added.
        dest: DestConfig,
    },
    /// `-e`: what is not said gets its default \[ADM-2\].
    EditDest {
        /// Of which service.
        service: ServiceKey,
        /// What it is to be.
        dest: DestConfig,
    },
    /// `-d`
    DeleteDest {
        /// Of which service.
        service: ServiceKey,
        /// The destination's address.
        address: IpAddr,
        /// The destination's port in host order.
        port: u16,
    },
    /// `-C`
    Clear,
    /// `-Z`: of one service, or of everything \[CTL-9\].
    Zero(Option<ServiceKey>),
    /// `--set`, in seconds; 0 leaves what there is \[TMO-2\].
    SetTimeouts(Timeouts),
}

impl Rule {
    /// The rule in a line; `None` for a blank line or a comment, which begins with `#`. The leading
    /// word `ipvsadm` may be left out. Addresses are numeric.
    ///
    /// # Errors
    ///
    /// See [`RuleError`], which says where in the line and what was expected there.
    pub fn parse(line: &str) -> Result<Option<Self>, RuleError> {
        parse::rule(line)
    }
}

/// The rules that make what a director has, services and destinations sorted.
pub(crate) fn save(director: &Director) -> Vec<Rule> {
    let mut rules = Vec::new();
    for service in director.sorted_services() {
        let config = *service.config();
        rules.push(Rule::AddService(config));
        let dests = service.sorted_dests().into_iter();
        rules.extend(dests.map(|dest| Rule::AddDest { service: config.key, dest: *dest.config() }));
    }
    rules
}
