//! Virtual routers as `lvs-vrrp` has them.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use lvs_proto::Family;
use lvs_proto::vrrp::{
    AdvertInterval, ChecksumAccept, ChecksumForm, Password, Priority, Secret, Version, Vrid,
};
use lvs_vrrp::{
    Announcements, ChecksumTransmit, Config as RouterConfig, LosingAdvert, OwnerAdverts,
    TrackerConfig,
};

use super::Config;
use super::announcements::GarpPlan;
use super::global::{GlobalDefs, SyncDaemon};
use super::instance::{AuthType, Authentication, InitialState, VrrpInstance};
use super::report::{Finding, Verdict};
use super::tracking::{Tracked, Weight};
use crate::virtual_router::{Setup, VirtualRouter};

impl VrrpInstance {
    /// The virtual router that it describes, as keepalived would run it.
    ///
    /// # Errors
    /// What is missing or not supported.
    pub fn setup(&self, global: &GlobalDefs) -> Result<Setup, Verdict> {
        let config = self.router_config(global)?;
        Ok(Setup {
            config,
            peers: self.unicast_peers.clone(),
            secret: self.secret(config.version),
            tracked: self.trackers(&self.tracked_interfaces).collect(),
        })
    }

    /// How that virtual router behaves.
    ///
    /// # Errors
    /// What is missing, or an interval that its version cannot advertise, or announcements that
    /// cannot be made so.
    pub fn router_config(&self, global: &GlobalDefs) -> Result<RouterConfig, Verdict> {
        let vrid =
            self.virtual_router_id.ok_or(Verdict::wrong("its virtual_router_id is missing"))?;
        let version = match (self.version, self.family()) {
            (Some(version), _) => version,
            (None, Family::V6) => Version::V3,
            (None, Family::V4) => global.vrrp_version.unwrap_or(Version::V2),
        };
        let interval = interval(self.advert_int, version);
        // MASTER clears both.
        let (preempt, preempt_delay) = match self.state {
            Some(InitialState::Master) => (true, Duration::ZERO),
            Some(InitialState::Backup) | None => (!self.nopreempt, self.preempt_delay),
        };
        let mut config = RouterConfig {
            priority: self.effective_priority(),
            interval: interval
                .ok_or(Verdict::wrong("its version cannot advertise its advert_int"))?,
            preempt,
            preempt_delay,
            accept: self.accept,
            announcements: self.announcements(global)?,
            group: self.group.or(match self.family() {
                Family::V4 => global.mcast_group4,
                Family::V6 => global.mcast_group6,
            }),
            check_peers: self.check_unicast_src || global.check_unicast_src,
            advert_before_demotion: self
                .higher_prio_send_advert
                .unwrap_or(global.higher_prio_send_advert),
            advertised: self.advertised()?,
            ..RouterConfig::keepalived(version, vrid)
        };
        if let Some(count) = self.down_timer_adverts.or(global.down_timer_adverts) {
            config.advert_count = count;
        }
        if self.lower_prio_no_advert.unwrap_or(global.lower_prio_no_advert) {
            config.losing_advert = LosingAdvert::Ignore;
        }
        if self.owner_ignore_adverts {
            config.owner_adverts = OwnerAdverts::Discard;
        }
        if self.v3_checksum_as_v2 {
            config.checksum_transmit = ChecksumTransmit::Always(ChecksumForm::MessageOnly);
            // From there on keepalived takes any [W-21].
            config.checksum_accept = ChecksumAccept::ANY;
        }
        Ok(config)
    }

    fn announcements(&self, global: &GlobalDefs) -> Result<Announcements, Verdict> {
        let least = if global.min_garp { GarpPlan::MINIMAL } else { GarpPlan::default() };
        self.garp.or(global.garp).or(least).announcements()
    }

    /// What its adverts carry; version 3 has no passwords.
    fn secret(&self, version: Version) -> Secret {
        let password = || Password::new(self.authentication.password.as_bytes());
        match (version, self.authentication.kind) {
            (Version::V3, _) | (Version::V2, AuthType::None) => Secret::None,
            (Version::V2, AuthType::Pass) => Secret::Password(password()),
            (Version::V2, AuthType::Ah) => Secret::Header(password()),
        }
    }

    /// What it follows of `tracked`. Its own interface is followed anyway.
    fn trackers(&self, tracked: &[Tracked]) -> impl Iterator<Item = (String, TrackerConfig)> {
        let is_own = |it: &&Tracked| !it.has_weight() && self.interface.as_ref() == Some(&it.name);
        tracked.iter().filter(move |it| !is_own(it)).map(|Tracked { name, weight, .. }| {
            let Weight { value: weight, reverse } = weight.unwrap_or_default();
            (name.clone(), TrackerConfig { weight, reverse, ..TrackerConfig::default() })
        })
    }

    /// Its addresses: those of its family that adverts carry, and then the excluded ones \[X-35\].
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let excluded = self.excluded_addresses.iter().map(|address| address.prefix.address);
        self.listed_addresses().chain(excluded).collect()
    }

    fn listed_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let addresses = self.virtual_addresses.iter().map(|address| address.prefix.address);
        addresses.filter(|&address| Family::of(address) == self.family())
    }

    /// How many of them adverts carry, if not all.
    fn advertised(&self) -> Result<Option<u8>, Verdict> {
        if self.excluded_addresses.is_empty() {
            return Ok(None);
        }
        let count = u8::try_from(self.listed_addresses().count());
        count.map(Some).map_err(|_| Verdict::wrong("an advert has 255 addresses at most"))
    }

    /// The family of the virtual router.
    #[must_use]
    pub fn family(&self) -> Family {
        let first = self.virtual_addresses.first();
        first.map_or(Family::V4, |address| Family::of(address.prefix.address))
    }

    /// Whether adverts come from the virtual MAC address.
    #[must_use]
    pub const fn sends_from_virtual_mac(&self) -> bool {
        self.use_vmac && !self.vmac_xmit_base
    }

    /// 100, or the owner's if it is to begin as MASTER \[X-1\].
    fn effective_priority(&self) -> Priority {
        self.priority.unwrap_or(match self.state {
            Some(InitialState::Master) => Priority::OWNER,
            Some(InitialState::Backup) | None => Priority::DEFAULT,
        })
    }

    /// What cannot be said of it before all of the file is read.
    fn check(&self, global: &GlobalDefs) -> Result<(), Verdict> {
        let setup = self.setup(global)?;
        let is_owner = setup.config.is_owner();
        let source = self.source.unwrap_or(match self.family() {
            Family::V4 => Ipv4Addr::new(192, 0, 2, 1).into(),
            Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into(),
        });
        VirtualRouter::new(setup, source, self.addresses())
            .map_err(|error| Verdict::wrong(error.to_string()))?;
        if self.interface.is_none() {
            return Err(Verdict::unsupported("its interface must be said"));
        }
        if is_owner && self.state == Some(InitialState::Backup) {
            return Err(Verdict::unsupported("of priority 255 it begins as MASTER"));
        }
        Ok(())
    }
}

/// How directors tell each other of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnSync<'a> {
    /// Over which interface.
    pub interface: &'a str,
    /// The `vrrp_instance` whose Active director speaks; `None` is for any.
    pub instance: Option<&'a str>,
    /// The group of directors.
    pub id: u8,
}

impl Config {
    /// The virtual router that an instance describes, with what its sync group follows \[X-61\].
    ///
    /// # Errors
    /// What is missing or not supported.
    pub fn setup(&self, instance: &VrrpInstance) -> Result<Setup, Verdict> {
        let mut setup = instance.setup(&self.global)?;
        for group in self.sync_groups.iter().filter(|group| group.has(instance)) {
            setup.tracked.extend(instance.trackers(&group.tracked_interfaces));
        }
        Ok(setup)
    }

    /// How directors tell each other of connections, if they do: as `lvs_sync_daemon` says, or else
    /// the first instance that has an `lvs_sync_daemon_interface`.
    #[must_use]
    pub fn conn_sync(&self) -> Option<ConnSync<'_>> {
        let (interface, instance, id) = match &self.global.sync_daemon {
            Some(SyncDaemon { interface, instance, sync_id, .. }) => {
                (interface, instance.as_deref(), *sync_id)
            }
            None => self.instances.iter().find_map(|instance| {
                Some((instance.sync_interface.as_ref()?, Some(instance.name.as_str()), None))
            })?,
        };
        let is_its = |it: &&VrrpInstance| instance.is_none_or(|name| it.name == name);
        let vrid = || self.instances.iter().find(is_its)?.virtual_router_id.map(Vrid::get);
        Some(ConnSync { interface, instance, id: id.or_else(vrid)? })
    }

    /// What cannot be said of virtual routers before all of the file is read.
    pub(super) fn check_instances(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut routers = HashSet::new();
        for instance in &self.instances {
            let mut found = |line, keyword: &str, verdict| {
                findings.push(Finding::new(line, keyword, verdict));
            };
            if let Err(verdict) = instance.check(&self.global) {
                found(instance.line, "vrrp_instance", verdict);
            }
            let identity = (&instance.interface, instance.family(), instance.virtual_router_id);
            if !routers.insert(identity) {
                let reason = "its interface has a virtual router of this virtual_router_id";
                found(instance.line, "vrrp_instance", Verdict::wrong(reason));
            }
            for address in &instance.virtual_addresses {
                if Family::of(address.prefix.address) != instance.family() {
                    let reason = "it is of another family than the first";
                    found(address.line, &address.word, Verdict::wrong(reason));
                }
            }
            for address in instance.virtual_addresses.iter().chain(&instance.excluded_addresses) {
                if address.device.is_some() && address.device != instance.interface {
                    let reason = "it is served on the instance's interface alone";
                    found(address.line, &address.word, Verdict::unsupported(reason));
                }
            }
            let Authentication { line, kind, password } = &instance.authentication;
            if *kind != AuthType::None && password.is_empty() {
                found(*line, "authentication", Verdict::wrong("its auth_pass is missing"));
            }
            findings.extend(self.check_scripts(&instance.tracked_scripts));
        }
        findings
    }

    /// What cannot be said of `lvs_sync_daemon` before all of the file is read.
    pub(super) fn check_sync_daemon(&self) -> Vec<Finding> {
        let daemon = self.global.sync_daemon.as_ref();
        let stranger = daemon.filter(|daemon| {
            let name = daemon.instance.as_ref();
            name.is_some_and(|name| self.instances.iter().all(|instance| instance.name != *name))
        });
        let verdict = Verdict::wrong("there is no vrrp_instance of that name");
        let finding = |daemon: &SyncDaemon| Finding::new(daemon.line, "lvs_sync_daemon", verdict);
        stranger.map(finding).into_iter().collect()
    }

    pub(super) fn check_scripts(&self, tracked: &[Tracked]) -> Vec<Finding> {
        let names: HashSet<&str> = self.scripts.iter().map(|it| it.name.as_str()).collect();
        let strangers = tracked.iter().filter(|tracked| !names.contains(tracked.name.as_str()));
        let verdict = Verdict::wrong("there is no vrrp_script of that name");
        strangers.map(|it| Finding::new(it.line, &it.name, verdict.clone())).collect()
    }
}

/// The nearest interval that the version can advertise \[X-10\].
fn interval(advert_int: Duration, version: Version) -> Option<AdvertInterval> {
    let nearest = |unit: u128| (advert_int.as_micros() + unit / 2) / unit;
    match version {
        Version::V2 => AdvertInterval::from_seconds(nearest(1_000_000).max(1).try_into().ok()?),
        Version::V3 => AdvertInterval::from_centiseconds(nearest(10_000).try_into().ok()?),
    }
}
