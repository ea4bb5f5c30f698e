//! Configurations: rules of ipvsadm, files of keepalived.

use lvs_sched::Rule;
use lvsd::keepalived_conf::Config;

/// A rule file: what is understood is what its text says.
pub fn rules(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    for line in text.lines() {
        match Rule::parse(line) {
            Ok(Some(rule)) => assert_eq!(Rule::parse(&rule.to_string()), Ok(Some(rule))),
            Ok(None) => {}
            Err(error) => assert!(line.get(error.range()).is_some(), "a word of the line"),
        }
    }
}

/// A `keepalived.conf`: it is read, or it is said where it cannot be.
pub fn keepalived_conf(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    match Config::parse(text) {
        Ok((_, report)) => drop(report.to_string()),
        Err(error) => drop(error.to_string()),
    }
}
