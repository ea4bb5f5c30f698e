//! `global_defs`.

use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::vrrp::Version;
use lvs_sched::Timeouts;

use super::announcements::{GarpPlan, delay, repeat};
use super::keyword::{Input, Keyword, Outcome, ignored, unexpected, unsupported, used};
use super::report::Verdict;
use super::tracking::LONGEST_SECS;

/// What holds for every block of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalDefs {
    /// The version of virtual routers that do not say theirs, if they are not of IPv6.
    pub vrrp_version: Option<Version>,
    /// The silent intervals after which an Active router counts as down.
    pub down_timer_adverts: Option<u8>,
    /// Whether an Active router leaves losing adverts unanswered.
    pub lower_prio_no_advert: bool,
    /// Whether a router that loses sends a last advert.
    pub higher_prio_send_advert: bool,
    /// How often addresses are announced.
    pub garp: GarpPlan,
    /// Whether that is once unless more is said.
    pub min_garp: bool,
    /// Whether adverts come from unicast peers only, where there are any.
    pub check_unicast_src: bool,
    /// Other groups than those of VRRP.
    pub mcast_group4: Option<IpAddr>,
    /// Of IPv6.
    pub mcast_group6: Option<IpAddr>,
    /// The timeouts of connections and their line; 0 leaves what there is.
    pub timeouts: Option<(usize, Timeouts)>,
    /// What directors tell each other of their connections with.
    pub sync_daemon: Option<SyncDaemon>,
}

/// `lvs_sync_daemon`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncDaemon {
    /// Its line.
    pub line: usize,
    /// Over which interface.
    pub interface: String,
    /// The `vrrp_instance` whose Active director speaks.
    pub instance: Option<String>,
    /// The group of directors; the virtual router's identifier unless said.
    pub sync_id: Option<u8>,
}

const NO_MAIL: &str = "no mail is sent";
const NO_SNMP: &str = "there is no SNMP agent";
const NO_DBUS: &str = "there is no D-Bus service";
const NO_FIREWALL: &str = "no firewall rules are made";
const NO_RELOAD: &str = "there is no reload";
const NO_VMAC: &str = "no interfaces are made for virtual MAC addresses";
const PROCESSES: &str = "it is about keepalived's own processes";
pub(super) const NO_SCRIPT: &str = "no script is run";
pub(super) const NOT_PACED: &str = "announcements follow each other at once";

pub(super) const KEYWORDS: &[Keyword<GlobalDefs>] = &[
    used("vrrp_version", |global, input| {
        global.vrrp_version = Some(version(input)?);
        Ok(())
    }),
    used("vrrp_down_timer_adverts", |global, input| {
        global.down_timer_adverts = Some(input.number(1..=100)?);
        Ok(())
    }),
    used("vrrp_lower_prio_no_advert", |global, input| {
        global.lower_prio_no_advert = input.switch()?;
        Ok(())
    }),
    used("lvs_timeouts", |global, input| {
        global.timeouts = Some((input.line, timeouts(input)?));
        Ok(())
    }),
    used("lvs_sync_daemon", |global, input| {
        global.sync_daemon = Some(sync_daemon(input)?);
        Ok(())
    }),
    used("vrrp_mcast_group4", |global, input| {
        global.mcast_group4 = Some(group(input)?);
        Ok(())
    }),
    used("vrrp_mcast_group6", |global, input| {
        global.mcast_group6 = Some(group(input)?);
        Ok(())
    }),
    used("vrrp_higher_prio_send_advert", |global, input| {
        global.higher_prio_send_advert = input.switch()?;
        Ok(())
    }),
    used("vrrp_check_unicast_src", |global, input| {
        global.check_unicast_src = input.switch()?;
        Ok(())
    }),
    used("vrrp_min_garp", |global, input| {
        global.min_garp = input.switch()?;
        Ok(())
    }),
    used("vrrp_garp_master_delay", |it, input| delay(input, &mut it.garp.master_delay)),
    used("vrrp_garp_master_repeat", |it, input| repeat(input, &mut it.garp.master_repeat, 1)),
    used("vrrp_garp_lower_prio_delay", |it, input| delay(input, &mut it.garp.lower_prio_delay)),
    used("vrrp_garp_lower_prio_repeat", |it, input| {
        repeat(input, &mut it.garp.lower_prio_repeat, 0)
    }),
    used("vrrp_garp_master_refresh", |it, input| delay(input, &mut it.garp.master_refresh)),
    used("vrrp_garp_master_refresh_repeat", |it, input| {
        repeat(input, &mut it.garp.master_refresh_repeat, 1)
    }),
    used("vrrp_strict", |_, input| not_strict(input)),
    unsupported("vrrp_garp_extra_if", "addresses are announced on the instance's interface"),
    used("vrrp_garp_interval", |_, input| not_paced(input)),
    used("vrrp_gna_interval", |_, input| not_paced(input)),
    unsupported("vrrp_startup_delay", "virtual routers begin at once"),
    unsupported("vrrp_delay_after_boot", "virtual routers begin at once"),
    unsupported("dynamic_interfaces", "interfaces must exist at the start"),
    unsupported("startup_script", NO_SCRIPT),
    ignored("startup_script_timeout", NO_SCRIPT),
    unsupported("shutdown_script", NO_SCRIPT),
    ignored("shutdown_script_timeout", NO_SCRIPT),
    unsupported("notify_fifo", "changes of state go to standard output"),
    unsupported("notify_fifo_script", NO_SCRIPT),
    unsupported("vrrp_notify_fifo", "changes of state go to standard output"),
    unsupported("vrrp_notify_fifo_script", NO_SCRIPT),
    unsupported("lvs_notify_fifo", "changes of state go to standard output"),
    unsupported("lvs_notify_fifo_script", NO_SCRIPT),
    unsupported("reload_time_file", NO_RELOAD),
    ignored("fifo_write_vrrp_states_on_reload", NO_RELOAD),
    ignored("reload_repeat", NO_RELOAD),
    ignored("reload_file", NO_RELOAD),
    ignored("reload_check_config", NO_RELOAD),
    ignored("vrrp_notify_priority_changes", "there is no FIFO"),
    ignored("script_user", NO_SCRIPT),
    ignored("enable_script_security", NO_SCRIPT),
    ignored("rs_init_notifies", NO_SCRIPT),
    ignored("notification_email", NO_MAIL),
    ignored("notification_email_from", NO_MAIL),
    ignored("smtp_server", NO_MAIL),
    ignored("smtp_helo_name", NO_MAIL),
    ignored("smtp_connect_timeout", NO_MAIL),
    ignored("smtp_alert", NO_MAIL),
    ignored("smtp_alert_vrrp", NO_MAIL),
    ignored("smtp_alert_checker", NO_MAIL),
    ignored("no_email_faults", NO_MAIL),
    ignored("no_checker_emails", NO_MAIL),
    ignored("router_id", "it names the machine in mail and logs"),
    ignored("checker_log_all_failures", "it is about logs"),
    ignored("log_unknown_vrids", "it is about logs"),
    ignored("vrrp_skip_check_adv_addr", "every advert is checked"),
    ignored("default_interface", "it is for static addresses and routes"),
    ignored("lvs_flush", "the director begins empty"),
    ignored("lvs_flush_on_stop", "the director ends empty"),
    ignored("include_check", "there are no included files"),
    ignored("random_seed", "there are no parameters"),
    ignored("snmp_socket", NO_SNMP),
    ignored("enable_snmp_vrrp", NO_SNMP),
    ignored("enable_snmp_checker", NO_SNMP),
    ignored("enable_snmp_rfc", NO_SNMP),
    ignored("enable_snmp_rfcv2", NO_SNMP),
    ignored("enable_snmp_rfcv3", NO_SNMP),
    ignored("enable_traps", NO_SNMP),
    ignored("enable_dbus", NO_DBUS),
    ignored("dbus_service_name", NO_DBUS),
    ignored("nftables", NO_FIREWALL),
    ignored("nftables_priority", NO_FIREWALL),
    ignored("nftables_counters", NO_FIREWALL),
    ignored("nftables_ifindex", NO_FIREWALL),
    ignored("nftables_ipvs", NO_FIREWALL),
    ignored("nftables_ipvs_priority", NO_FIREWALL),
    ignored("nftables_ipvs_start_fwmark", NO_FIREWALL),
    ignored("vrrp_iptables", NO_FIREWALL),
    ignored("vrrp_ipsets", NO_FIREWALL),
    ignored("vmac_prefix", NO_VMAC),
    ignored("vmac_addr_prefix", NO_VMAC),
    ignored("disable_local_igmp", NO_VMAC),
    ignored("tmp_config_directory", PROCESSES),
    ignored("config_save_dir", PROCESSES),
    ignored("process_names", PROCESSES),
    ignored("process_name", PROCESSES),
    ignored("vrrp_process_name", PROCESSES),
    ignored("checker_process_name", PROCESSES),
    ignored("bfd_process_name", PROCESSES),
    ignored("max_auto_priority", PROCESSES),
    ignored("min_auto_priority_delay", PROCESSES),
    ignored("vrrp_priority", PROCESSES),
    ignored("checker_priority", PROCESSES),
    ignored("bfd_priority", PROCESSES),
    ignored("vrrp_no_swap", PROCESSES),
    ignored("checker_no_swap", PROCESSES),
    ignored("bfd_no_swap", PROCESSES),
    ignored("vrrp_cpu_affinity", PROCESSES),
    ignored("checker_cpu_affinity", PROCESSES),
    ignored("bfd_cpu_affinity", PROCESSES),
    ignored("vrrp_rt_priority", PROCESSES),
    ignored("checker_rt_priority", PROCESSES),
    ignored("bfd_rt_priority", PROCESSES),
    ignored("vrrp_rlimit_rttime", PROCESSES),
    ignored("checker_rlimit_rttime", PROCESSES),
    ignored("bfd_rlimit_rttime", PROCESSES),
    ignored("vrrp_netlink_cmd_rcv_bufs", PROCESSES),
    ignored("vrrp_netlink_cmd_rcv_bufs_force", PROCESSES),
    ignored("vrrp_netlink_monitor_rcv_bufs", PROCESSES),
    ignored("vrrp_netlink_monitor_rcv_bufs_force", PROCESSES),
    ignored("lvs_netlink_cmd_rcv_bufs", PROCESSES),
    ignored("lvs_netlink_cmd_rcv_bufs_force", PROCESSES),
    ignored("lvs_netlink_monitor_rcv_bufs", PROCESSES),
    ignored("lvs_netlink_monitor_rcv_bufs_force", PROCESSES),
    ignored("process_monitor_rcv_bufs", PROCESSES),
    ignored("process_monitor_rcv_bufs_force", PROCESSES),
    ignored("vrrp_rx_bufs_policy", PROCESSES),
    ignored("vrrp_rx_bufs_multiplier", PROCESSES),
    ignored("umask", PROCESSES),
    ignored("data_use_instance", PROCESSES),
];

/// The next word as a version of VRRP.
pub(super) fn version(input: &mut Input<'_>) -> Outcome<Version> {
    Ok(if input.number(2..=3)? == 2 { Version::V2 } else { Version::V3 })
}

/// `vrrp_strict`, `strict_mode`.
pub(super) fn not_strict(input: &mut Input<'_>) -> Outcome {
    match input.switch()? {
        false => Ok(()),
        true => Err(Verdict::unsupported("what goes beyond the RFCs is not refused")),
    }
}

/// The least time between two announcements.
fn not_paced(input: &mut Input<'_>) -> Outcome {
    match input.seconds(LONGEST_SECS)? {
        Duration::ZERO => Ok(()),
        _ => Err(Verdict::unsupported(NOT_PACED)),
    }
}

/// `tcp SECS tcpfin SECS udp SECS`, any of them.
fn timeouts(input: &mut Input<'_>) -> Outcome<Timeouts> {
    let mut timeouts = Timeouts { tcp_secs: 0, tcp_fin_secs: 0, udp_secs: 0 };
    let mut word = input.word()?;
    loop {
        let secs = match word {
            "tcp" => &mut timeouts.tcp_secs,
            "tcpfin" => &mut timeouts.tcp_fin_secs,
            "udp" => &mut timeouts.udp_secs,
            _ => return Err(unexpected(word, "tcp, tcpfin or udp")),
        };
        *secs = input.number(1..=u32::MAX)?;
        match input.next_word() {
            Some(next) => word = next,
            None => return Ok(timeouts),
        }
    }
}

/// `INTERFACE [[inst] INSTANCE] [id N]`; how its messages travel cannot be said.
fn sync_daemon(input: &mut Input<'_>) -> Outcome<SyncDaemon> {
    let interface = input.word()?.to_owned();
    let mut daemon = SyncDaemon { line: input.line, interface, instance: None, sync_id: None };
    while let Some(word) = input.next_word() {
        match word {
            "inst" => daemon.instance = Some(input.word()?.to_owned()),
            "id" => daemon.sync_id = Some(input.number(0..=255)?),
            "maxlen" | "port" | "ttl" | "group" => {
                return Err(Verdict::unsupported(format!("its {word} is always the same")));
            }
            _ if daemon.instance.is_none() => daemon.instance = Some(word.to_owned()),
            _ => return Err(unexpected(word, "inst, id, maxlen, port, ttl or group")),
        }
    }
    Ok(daemon)
}

/// The next word as a multicast group.
pub(super) fn group(input: &mut Input<'_>) -> Outcome<IpAddr> {
    match input.address()? {
        group if group.is_multicast() => Ok(group),
        _ => Err(Verdict::wrong("it is not a multicast group")),
    }
}
