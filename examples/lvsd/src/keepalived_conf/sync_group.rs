//! `vrrp_sync_group`.

use std::collections::HashSet;

use super::instance::{NO_TRACKING, PRINTED};
use super::keyword::{Keyword, ignored, unsupported, unsupported_for_now, used};
use super::report::{Finding, Verdict};
use super::tracking::{Tracked, tracked};
use super::{Config, VrrpInstance};

/// Virtual routers that move together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncGroup {
    /// Its line.
    pub line: usize,
    /// What it is called.
    pub name: String,
    /// Its virtual routers by line and name.
    pub members: Vec<(usize, String)>,
    /// The scripts that all of them follow.
    pub tracked_scripts: Vec<Tracked>,
    /// The interfaces that all of them follow.
    pub tracked_interfaces: Vec<Tracked>,
    /// Whether what is followed may count for a priority, and not only be there or not.
    pub tracking_weight: bool,
}

pub(super) const SYNC_GROUP: &[Keyword<SyncGroup>] = &[
    used("group", |group, input| {
        input.list(|entry| {
            while let Some(name) = entry.next_word() {
                group.members.push((entry.line, name.to_owned()));
            }
            Ok(())
        })
    }),
    used("track_interface", |group, input| tracked(input, &mut group.tracked_interfaces, 253)),
    used("sync_group_tracking_weight", |group, _| {
        group.tracking_weight = true;
        Ok(())
    }),
    unsupported_for_now("track_script", NO_TRACKING, |group, input| {
        tracked(input, &mut group.tracked_scripts, 253)
    }),
    unsupported("track_file", NO_TRACKING),
    unsupported("track_process", NO_TRACKING),
    unsupported("track_bfd", NO_TRACKING),
    unsupported("global_tracking", "the others do not follow what one of them follows"),
    unsupported("notify", PRINTED),
    unsupported("notify_master", PRINTED),
    unsupported("notify_backup", PRINTED),
    unsupported("notify_fault", PRINTED),
    unsupported("notify_stop", PRINTED),
    ignored("notify_priority_changes", "there is no FIFO"),
    ignored("smtp_alert", "no mail is sent"),
];

impl SyncGroup {
    /// Whether that instance is a member.
    #[must_use]
    pub fn has(&self, instance: &VrrpInstance) -> bool {
        self.members.iter().any(|(_, name)| *name == instance.name)
    }
}

impl Config {
    /// What cannot be said of sync groups before all of the file is read.
    pub(super) fn check_sync_groups(&self) -> Vec<Finding> {
        let names: HashSet<&str> = self.instances.iter().map(|it| it.name.as_str()).collect();
        let (mut findings, mut members) = (Vec::new(), HashSet::new());
        for group in &self.sync_groups {
            for (line, name) in &group.members {
                let reason = match (names.contains(name.as_str()), members.insert(name)) {
                    (true, true) => continue,
                    (true, false) => "it is in a vrrp_sync_group already",
                    (false, _) => "there is no vrrp_instance of that name",
                };
                findings.push(Finding::new(*line, name, Verdict::wrong(reason)));
            }
            findings.extend(self.check_weights(group));
            findings.extend(self.check_scripts(&group.tracked_scripts));
        }
        findings
    }

    /// keepalived takes the weight away \[X-61\].
    fn check_weights(&self, group: &SyncGroup) -> Vec<Finding> {
        if group.tracking_weight {
            return Vec::new();
        }
        let members = self.instances.iter().filter(|instance| group.has(instance));
        let tracked = members.flat_map(|instance| &instance.tracked_interfaces);
        let weighing =
            tracked.chain(&group.tracked_interfaces).filter(|tracked| tracked.has_weight());
        let reason = "in a vrrp_sync_group its weight wants sync_group_tracking_weight";
        let finding = |it: &Tracked| Finding::new(it.line, &it.name, Verdict::unsupported(reason));
        weighing.map(finding).collect()
    }
}
