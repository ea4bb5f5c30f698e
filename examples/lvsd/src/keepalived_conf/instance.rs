//! `vrrp_instance`.

use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::vrrp::{Peer, Priority, Version, Vrid};

use super::announcements::{GarpPlan, delay, repeat};
use super::global::{group, not_strict, version};
use super::keyword::{
    Input, Keyword, Outcome, ignored, unexpected, unsupported, unsupported_for_now, used,
};
use super::report::Verdict;
use super::tracking::{Tracked, tracked};
use crate::vrrp::Prefix;

/// A virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VrrpInstance {
    /// Its line.
    pub line: usize,
    /// What it is called.
    pub name: String,
    /// How it begins.
    pub state: Option<InitialState>,
    /// Where it is.
    pub interface: Option<String>,
    /// Which virtual router it is.
    pub virtual_router_id: Option<Vrid>,
    /// Its priority, if it is said.
    pub priority: Option<Priority>,
    /// The time between its adverts.
    pub advert_int: Duration,
    /// Its version, if it is said.
    pub version: Option<Version>,
    /// Whether it leaves Active routers of lower priority alone.
    pub nopreempt: bool,
    /// How long it does so.
    pub preempt_delay: Duration,
    /// Whether packets to its addresses are taken, not only forwarded.
    pub accept: bool,
    /// The silent intervals after which an Active router counts as down, if they are said.
    pub down_timer_adverts: Option<u8>,
    /// Whether it leaves losing adverts unanswered, if that is said.
    pub lower_prio_no_advert: Option<bool>,
    /// Whether it sends a last advert after one that wins, if that is said.
    pub higher_prio_send_advert: Option<bool>,
    /// How often its addresses are announced.
    pub garp: GarpPlan,
    /// Whether adverts of others are nothing to it if it owns the addresses.
    pub owner_ignore_adverts: bool,
    /// Whether the checksum covers the message alone.
    pub v3_checksum_as_v2: bool,
    /// Whether its adverts come from the virtual MAC address.
    pub use_vmac: bool,
    /// Whether they come from the interface's all the same.
    pub vmac_xmit_base: bool,
    /// Where its adverts come from.
    pub source: Option<IpAddr>,
    /// Another group than that of VRRP for them to go to.
    pub group: Option<IpAddr>,
    /// To whom they go instead.
    pub unicast_peers: Vec<Peer>,
    /// Whether adverts come from those only.
    pub check_unicast_src: bool,
    /// What they carry to prove their origin.
    pub authentication: Authentication,
    /// The addresses that adverts carry.
    pub virtual_addresses: Vec<VirtualAddress>,
    /// The addresses that come and go with them, of either family.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// The scripts that its priority follows.
    pub tracked_scripts: Vec<Tracked>,
    /// The interfaces that it follows.
    pub tracked_interfaces: Vec<Tracked>,
    /// The interface over which directors tell each other of connections while it is Active.
    pub sync_interface: Option<String>,
}

impl VrrpInstance {
    pub(super) fn new(line: usize, name: &str) -> Self {
        Self {
            line,
            name: name.to_owned(),
            state: None,
            interface: None,
            virtual_router_id: None,
            priority: None,
            advert_int: Duration::from_secs(1),
            version: None,
            nopreempt: false,
            preempt_delay: Duration::ZERO,
            accept: true,
            down_timer_adverts: None,
            lower_prio_no_advert: None,
            higher_prio_send_advert: None,
            garp: GarpPlan::default(),
            owner_ignore_adverts: false,
            v3_checksum_as_v2: false,
            use_vmac: false,
            vmac_xmit_base: false,
            source: None,
            group: None,
            unicast_peers: Vec::new(),
            check_unicast_src: false,
            authentication: Authentication::default(),
            virtual_addresses: Vec::new(),
            excluded_addresses: Vec::new(),
            tracked_scripts: Vec::new(),
            tracked_interfaces: Vec::new(),
            sync_interface: None,
        }
    }
}

/// `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialState {
    /// It owns the addresses if it has no other priority; it preempts \[X-1\], \[X-2\].
    Master,
    /// It listens first.
    Backup,
}

/// `authentication`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// Its line.
    pub line: usize,
    /// In which form.
    pub kind: AuthType,
    /// The password; its first eight octets count.
    pub password: String,
}

/// `auth_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthType {
    /// None.
    #[default]
    None,
    /// The password in the advert.
    Pass,
    /// An IPsec authentication header.
    Ah,
}

/// An entry of `virtual_ipaddress`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// Its line.
    pub line: usize,
    /// How it is written.
    pub word: String,
    /// The address and its network's prefix.
    pub prefix: Prefix,
    /// The interface, if it is said.
    pub device: Option<String>,
}

pub(super) const NO_TRACKING: &str = "only interfaces are tracked";
pub(super) const PRINTED: &str = "changes are printed with their numbers; no script is run";
const NO_ROUTES: &str = "only addresses move";
const NOT_INSTALLED: &str = "virtual addresses are served without being put on an interface";

pub(super) const INSTANCE: &[Keyword<VrrpInstance>] = &[
    used("state", |instance, input| {
        instance.state = Some(match input.word()? {
            "MASTER" => InitialState::Master,
            "BACKUP" => InitialState::Backup,
            word => return Err(unexpected(word, "MASTER or BACKUP")),
        });
        Ok(())
    }),
    used("interface", |instance, input| {
        instance.interface = Some(input.word()?.to_owned());
        Ok(())
    }),
    used("virtual_router_id", |instance, input| {
        instance.virtual_router_id = Vrid::new(input.number(1..=255)?);
        Ok(())
    }),
    used("priority", |instance, input| {
        instance.priority = Some(Priority::new(input.number(1..=255)?));
        Ok(())
    }),
    used("advert_int", |instance, input| {
        instance.advert_int = input.seconds(255)?;
        Ok(())
    }),
    used("version", |instance, input| {
        instance.version = Some(version(input)?);
        Ok(())
    }),
    used("virtual_ipaddress", |instance, input| addresses(input, &mut instance.virtual_addresses)),
    used("virtual_ipaddress_excluded", |instance, input| {
        addresses(input, &mut instance.excluded_addresses)
    }),
    used("authentication", |instance, input| {
        instance.authentication.line = input.line;
        input.block(&[AUTHENTICATION], &mut instance.authentication)
    }),
    used("nopreempt", |instance, _| {
        instance.nopreempt = true;
        Ok(())
    }),
    used("preempt", |instance, _| {
        instance.nopreempt = false;
        Ok(())
    }),
    used("preempt_delay", |instance, input| {
        instance.preempt_delay = input.seconds(1_000)?;
        Ok(())
    }),
    unsupported_for_now("accept", "what no virtual server takes is dropped", |instance, _| {
        instance.accept = true;
        Ok(())
    }),
    used("no_accept", |instance, _| {
        instance.accept = false;
        Ok(())
    }),
    used("down_timer_adverts", |instance, input| {
        instance.down_timer_adverts = Some(input.number(1..=100)?);
        Ok(())
    }),
    used("lower_prio_no_advert", |instance, input| {
        instance.lower_prio_no_advert = Some(input.switch()?);
        Ok(())
    }),
    used("higher_prio_send_advert", |instance, input| {
        instance.higher_prio_send_advert = Some(input.switch()?);
        Ok(())
    }),
    used("garp_master_delay", |it, input| delay(input, &mut it.garp.master_delay)),
    used("garp_master_repeat", |it, input| repeat(input, &mut it.garp.master_repeat, 1)),
    used("garp_lower_prio_delay", |it, input| delay(input, &mut it.garp.lower_prio_delay)),
    used("garp_lower_prio_repeat", |it, input| repeat(input, &mut it.garp.lower_prio_repeat, 0)),
    used("garp_master_refresh", |it, input| delay(input, &mut it.garp.master_refresh)),
    used("garp_master_refresh_repeat", |it, input| {
        repeat(input, &mut it.garp.master_refresh_repeat, 1)
    }),
    used("owner_ignore_adverts", |instance, input| {
        instance.owner_ignore_adverts = input.switch()?;
        Ok(())
    }),
    used("v3_checksum_as_v2", |instance, input| {
        instance.v3_checksum_as_v2 = input.switch()?;
        Ok(())
    }),
    used("use_vmac", |instance, input| {
        instance.use_vmac = true;
        match input.next_word() {
            None => Ok(()),
            Some(_) => Err(Verdict::unsupported("the virtual MAC address is the standard one")),
        }
    }),
    used("vmac_xmit_base", |instance, _| {
        instance.vmac_xmit_base = true;
        Ok(())
    }),
    used("mcast_src_ip", |instance, input| {
        instance.source = Some(input.address()?);
        Ok(())
    }),
    used("mcast_dst_ip", |instance, input| {
        instance.group = Some(group(input)?);
        Ok(())
    }),
    used("unicast_src_ip", |instance, input| {
        instance.source = Some(input.address()?);
        Ok(())
    }),
    used("unicast_peer", |instance, input| {
        input.list(|entry| {
            // From any distance, unless it is said.
            let address = entry.address()?;
            let mut peer = Peer { address, min_hop_limit: 0, max_hop_limit: 255 };
            while let Some(word) = entry.next_word() {
                *match word {
                    "min_ttl" => &mut peer.min_hop_limit,
                    "max_ttl" => &mut peer.max_hop_limit,
                    _ => return Err(unexpected(word, "min_ttl or max_ttl")),
                } = entry.number(0..=255)?;
                instance.check_unicast_src = true;
            }
            instance.unicast_peers.push(peer);
            Ok(())
        })
    }),
    used("check_unicast_src", |instance, input| {
        instance.check_unicast_src |= input.switch()?;
        Ok(())
    }),
    used("unicast_ttl", |_, input| match input.number(0..=255_u8)? {
        255 => Ok(()),
        _ => Err(Verdict::unsupported("adverts are sent with TTL 255")),
    }),
    unsupported_for_now("track_script", NO_TRACKING, |instance, input| {
        tracked(input, &mut instance.tracked_scripts, 253)
    }),
    used("track_interface", |instance, input| {
        tracked(input, &mut instance.tracked_interfaces, 253)
    }),
    used("lvs_sync_daemon_interface", |instance, input| {
        instance.sync_interface = Some(input.word()?.to_owned());
        Ok(())
    }),
    unsupported("track_file", NO_TRACKING),
    unsupported("track_process", NO_TRACKING),
    unsupported("track_bfd", NO_TRACKING),
    unsupported("track_src_ip", NO_TRACKING),
    unsupported("dont_track_primary", "the interface is followed always"),
    unsupported("unicast_fault_no_peer", "without peers adverts go to the group"),
    unsupported("old_unicast_checksum", "the checksum is that of keepalived since 1.3.6"),
    used("strict_mode", |_, input| not_strict(input)),
    unsupported("timer_expired_backup", "a router that was late goes on"),
    unsupported("no_virtual_ipaddress", "there must be an address"),
    unsupported("vrf", "there is no routing"),
    unsupported("use_vmac_addr", "there is one interface"),
    unsupported("use_ipvlan", "no interfaces are made"),
    unsupported("virtual_routes", NO_ROUTES),
    unsupported("virtual_rules", NO_ROUTES),
    unsupported("garp_extra_if", "addresses are announced on the instance's interface"),
    unsupported("notify", PRINTED),
    unsupported("notify_master", PRINTED),
    unsupported("notify_backup", PRINTED),
    unsupported("notify_fault", PRINTED),
    unsupported("notify_stop", PRINTED),
    unsupported("notify_deleted", PRINTED),
    unsupported("notify_master_rx_lower_pri", PRINTED),
    ignored("notify_priority_changes", "there is no FIFO"),
    ignored("smtp_alert", "no mail is sent"),
    ignored("native_ipv6", "the addresses say so"),
    ignored("skip_check_adv_addr", "every advert is checked"),
    ignored("promote_secondaries", NOT_INSTALLED),
    ignored("debug", "it means nothing to keepalived either"),
    ignored("kernel_rx_buf_size", "it is about keepalived's sockets"),
    ignored("linkbeat_use_polling", "the kernel tells of the link"),
];

const AUTHENTICATION: &[Keyword<Authentication>] = &[
    used("auth_type", |authentication, input| {
        authentication.kind = match input.word()? {
            "PASS" => AuthType::Pass,
            "AH" => AuthType::Ah,
            word => return Err(unexpected(word, "PASS or AH")),
        };
        Ok(())
    }),
    used("auth_pass", |authentication, input| {
        authentication.password = input.word()?.to_owned();
        Ok(())
    }),
];

/// `ADDRESS[/LENGTH] OPTION...`, line by line. The options are `ip address add`'s, most of them
/// about how the address looks on the interface.
fn addresses(input: &mut Input<'_>, list: &mut Vec<VirtualAddress>) -> Outcome {
    input.list(|entry| {
        let (line, word) = (entry.line, entry.word()?);
        let prefix = word.parse().map_err(|_| unexpected(word, "an address or a prefix"))?;
        let mut device = None;
        while let Some(option) = entry.next_word() {
            match option {
                "dev" => device = Some(entry.word()?.to_owned()),
                "brd" | "broadcast" | "scope" | "label" | "peer" | "preferred_lft" => {
                    entry.word()?;
                }
                "use_vmac" | "home" | "-nodad" | "mngtmpaddr" | "noprefixroute" | "autojoin"
                | "no_track" => {}
                _ => return Err(unexpected(option, "an option of an address")),
            }
        }
        list.push(VirtualAddress { line, word: word.to_owned(), prefix, device });
        Ok(())
    })
}
