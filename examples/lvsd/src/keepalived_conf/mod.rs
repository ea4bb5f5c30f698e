//! Configurations of keepalived, as keepalived.conf(5) describes them.
//!
//! [`Config::parse`] reads a file into a typed model and reports on every statement: whether it is
//! used, ignored because it makes no difference here, unsupported, or wrong. What has a noun in the
//! lvs crates becomes one: [`Config::rules`] are the virtual servers,
//! [`VrrpInstance::router_config`] is a virtual router. The rest stays in the model and is reported
//! as unsupported.
//!
//! Each block is a table of keywords; a keyword says what it puts into the model and what comes of
//! it. Nothing is run, included or replaced, and every size is bounded.

mod announcements;
mod checks;
mod global;
mod health;
mod instance;
mod keyword;
mod report;
mod routers;
mod server_group;
mod services;
mod sync_group;
mod syntax;
mod tracking;
mod virtual_server;

use std::collections::{BTreeMap, HashSet};

use lvs_vrrp::InterfaceDelays;

pub use announcements::GarpPlan;
pub use checks::{Check, CheckKind, CheckPace, Url};
pub use global::{GlobalDefs, SyncDaemon};
pub use instance::{AuthType, Authentication, InitialState, VirtualAddress, VrrpInstance};
pub(crate) use keyword::decimal_seconds;
pub use report::{Finding, Report, Verdict};
pub use routers::ConnSync;
pub use server_group::{Member, VirtualServerGroup};
pub use sync_group::SyncGroup;
pub use syntax::{Statement, SyntaxError, SyntaxErrorKind, statements};
pub use tracking::{Tracked, VrrpScript, Weight};
pub use virtual_server::{RealServer, Target, VirtualServer};

use self::global::NO_SCRIPT;
use self::keyword::{Keyword, ignored, read_block, unsupported, unsupported_for_now, used};

/// What a file says.
///
/// ```
/// use lvsd::keepalived_conf::Config;
///
/// let (config, report) = Config::parse(
///     "virtual_server 192.168.2.100 80 {
///          lb_algo wrr
///          lb_kind DR
///          protocol TCP
///          real_server 192.168.2.79 80 { weight 3 }
///      }",
/// )?;
/// let rules: Vec<_> = config.rules().iter().map(|(_, rule)| rule.to_string()).collect();
/// assert_eq!(rules[0], "-A -t 192.168.2.100:80 -s wrr");
/// assert_eq!(rules[1], "-a -t 192.168.2.100:80 -r 192.168.2.79:80 -g -w 3");
/// assert_eq!(report.obstacles().count(), 0);
/// # Ok::<(), lvsd::keepalived_conf::SyntaxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `global_defs`.
    pub global: GlobalDefs,
    /// Every `vrrp_script`.
    pub scripts: Vec<VrrpScript>,
    /// Every `vrrp_sync_group`.
    pub sync_groups: Vec<SyncGroup>,
    /// Every `vrrp_instance`.
    pub instances: Vec<VrrpInstance>,
    /// `interface_up_down_delays`: how long the links of interfaces are not believed.
    pub interface_delays: BTreeMap<String, InterfaceDelays>,
    /// Every `virtual_server_group`.
    pub virtual_server_groups: Vec<VirtualServerGroup>,
    /// Every `virtual_server`.
    pub virtual_servers: Vec<VirtualServer>,
}

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The text has no structure. Whatever else is wrong stands in the report.
    pub fn parse(text: &str) -> Result<(Self, Report), SyntaxError> {
        let (mut config, mut report) = (Self::default(), Report::default());
        read_block(&[TOP], &mut config, &statements(text)?, &mut report);
        let later = [
            config.check_names(),
            config.check_instances(),
            config.check_sync_groups(),
            config.check_sync_daemon(),
            config.check_virtual_servers(),
        ];
        report.extend(later.into_iter().flatten());
        Ok((config, report))
    }

    fn check_names(&self) -> Vec<Finding> {
        let scripts = self.scripts.iter().map(|it| ("vrrp_script", &it.name, it.line));
        let groups = self.sync_groups.iter().map(|it| ("vrrp_sync_group", &it.name, it.line));
        let instances = self.instances.iter().map(|it| ("vrrp_instance", &it.name, it.line));
        let server_groups =
            self.virtual_server_groups.iter().map(|it| ("virtual_server_group", &it.name, it.line));
        let named = scripts.chain(groups).chain(instances).chain(server_groups);
        let mut names = HashSet::new();
        let again = named.filter(|(keyword, name, _)| !names.insert((*keyword, *name)));
        let reason = "there is another of that name";
        again
            .map(|(keyword, _, line)| Finding::new(line, keyword, Verdict::wrong(reason)))
            .collect()
    }
}

const NO_HOST_SETUP: &str = "the host's own addresses, routes and rules are left alone";

const TOP: &[Keyword<Config>] = &[
    used("global_defs", |config, input| input.block(&[global::KEYWORDS], &mut config.global)),
    used("vrrp_instance", |config, input| {
        let mut instance = VrrpInstance::new(input.line, input.word()?);
        input.block(&[instance::INSTANCE], &mut instance)?;
        config.instances.push(instance);
        Ok(())
    }),
    used("vrrp_sync_group", |config, input| {
        let name = input.word()?.to_owned();
        let mut group = SyncGroup { line: input.line, name, ..SyncGroup::default() };
        input.block(&[sync_group::SYNC_GROUP], &mut group)?;
        config.sync_groups.push(group);
        Ok(())
    }),
    unsupported_for_now("vrrp_script", NO_SCRIPT, |config, input| {
        let mut script = VrrpScript::new(input.line, input.word()?);
        input.block(&[tracking::SCRIPT], &mut script)?;
        config.scripts.push(script);
        Ok(())
    }),
    used("interface_up_down_delays", |config, input| {
        tracking::interface_delays(input, &mut config.interface_delays)
    }),
    used("virtual_server_group", |config, input| {
        let (line, name) = (input.line, input.word()?.to_owned());
        let mut members = Vec::new();
        server_group::members(input, &mut members)?;
        config.virtual_server_groups.push(VirtualServerGroup { line, name, members });
        Ok(())
    }),
    used("virtual_server", |config, input| {
        let mut server = VirtualServer::new(input.line, virtual_server::target(input)?);
        let tables = &[virtual_server::SERVER, virtual_server::SERVER_PACE];
        input.block(tables, &mut server)?;
        config.virtual_servers.push(server);
        Ok(())
    }),
    unsupported("static_ipaddress", NO_HOST_SETUP),
    unsupported("static_routes", NO_HOST_SETUP),
    unsupported("static_rules", NO_HOST_SETUP),
    unsupported("net_namespace", "it runs in the namespace that it is started in"),
    unsupported("net_namespace_ipvs", "it runs in the namespace that it is started in"),
    unsupported("track_file", "no files are followed"),
    unsupported("vrrp_track_file", "no files are followed"),
    unsupported("vrrp_track_process", "no processes are followed"),
    unsupported("bfd_instance", "there is no BFD"),
    ignored("track_group", "it is for static addresses"),
    unsupported("garp_group", global::NOT_PACED),
    ignored("linkbeat_interfaces", "the kernel tells of links"),
    ignored("linkbeat_use_polling", "the kernel tells of links"),
    ignored("SSL", "there is no TLS"),
    ignored("namespace_with_ipsets", "no firewall rules are made"),
    ignored("instance", "it is about keepalived's files"),
    ignored("use_pid_dir", "it is about keepalived's files"),
    ignored("child_wait_time", "there are no child processes"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::process::Command;

    use super::*;
    use crate::lab::network::Network;
    use crate::namespace::Namespace;

    /// Keywords that have a block, besides checks.
    const BLOCKS: [&str; 15] = [
        "authentication",
        "group",
        "host",
        "notification_email",
        "track_bfd",
        "track_file",
        "track_interface",
        "track_process",
        "track_script",
        "unicast_peer",
        "url",
        "virtual_ipaddress",
        "virtual_ipaddress_excluded",
        "virtual_routes",
        "virtual_rules",
    ];

    /// What 2.2 does not know: older and newer keywords, and what its manual alone has.
    const NOT_IN_2_2: [&str; 9] = [
        "connect_timeout",
        "nat_mask",
        "nb_get_retry",
        "no_virtual_ipaddress",
        "owner_ignore_adverts",
        "timer_expired_backup",
        "v3_checksum_as_v2",
        "vrrp_delay_after_boot",
        "vrrp_ipsets",
    ];

    /// The keywords of some tables, and one of no table, in the blocks that `opening` opens.
    fn text<T>(opening: &str, tables: &[&[Keyword<T>]]) -> String {
        let mut text = format!("{opening}\n");
        for Keyword { name, .. } in tables.iter().copied().flatten() {
            let is_block =
                BLOCKS.contains(name) || name.ends_with("_CHECK") || name.ends_with("_GET");
            text += name;
            text += match *name {
                "real_server" => " 10.0.0.3 80 {\n}\n",
                _ if is_block => " {\n}\n",
                _ => " 1\n",
            };
        }
        let open = opening.matches('{').count() - opening.matches('}').count();
        text + "colour 1\n" + &"}\n".repeat(open)
    }

    fn texts() -> Vec<String> {
        let instance = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1";
        let server = "virtual_server 10.0.0.1 80 {\nprotocol TCP";
        let real = "virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {";
        let check = |name: &str, tables: &[&[Keyword<Check>]]| {
            // keepalived 2.2 crashes over a page check without a page.
            let page = if name.ends_with("_GET") { "\nurl {\npath /\n}" } else { "" };
            text(&format!("{real}\n{name} {{{page}"), tables)
        };
        vec![
            text("global_defs {", &[global::KEYWORDS]),
            text(instance, &[instance::INSTANCE]),
            text("vrrp_sync_group A {", &[sync_group::SYNC_GROUP]),
            text("vrrp_script A {", &[tracking::SCRIPT]),
            text(server, &[virtual_server::SERVER, virtual_server::SERVER_PACE]),
            text(real, &[virtual_server::REAL, virtual_server::REAL_PACE]),
            check("TCP_CHECK", &[checks::TCP, checks::CONNECTION, checks::PACE]),
            check("HTTP_GET", &[checks::HTTP, checks::CONNECTION, checks::PACE]),
            check("MISC_CHECK", &[checks::MISC, checks::PACE]),
            check("SMTP_CHECK", &[checks::SMTP, checks::CONNECTION, checks::PACE]),
            check("DNS_CHECK", &[checks::DNS, checks::CONNECTION, checks::PACE]),
            check("UDP_CHECK", &[checks::UDP, checks::CONNECTION, checks::PACE]),
            check("BFD_CHECK", &[checks::BFD]),
            text(&format!("{real}\nHTTP_GET {{\nurl {{"), &[checks::URL]),
        ]
    }

    /// The words that keepalived does not know in a file.
    fn unknown_to_keepalived(host: &Namespace, text: &str) -> BTreeSet<String> {
        let name = format!("lvsd-keywords-{}.conf", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("keepalived");
        command.args(["--dont-fork", "--log-console", "--config-test", "--use-file"]).arg(&file);
        let output = host.run(|| Ok(command.output()?)).unwrap();
        std::fs::remove_file(&file).unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let unknown = said.split("Unknown keyword '").skip(1);
        unknown.filter_map(|rest| Some(rest.split_once('\'')?.0.to_owned())).collect()
    }

    #[test]
    fn keepalived_knows_the_keywords() {
        let obstacle =
            match (Command::new("keepalived").arg("--version").output(), Namespace::new()) {
                (Err(_), _) => {
                    Some("keepalived is not installed: apt-get install keepalived".into())
                }
                (_, Err(error)) => Some(format!("network namespaces need root: {error:#}")),
                _ => None,
            };
        if let Some(obstacle) = obstacle {
            assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
            // Past the capture of test output, so that it is seen.
            let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
            return;
        }
        let mut network = Network::new().unwrap();
        let host = network.add_host(&[("192.0.2.1".parse().unwrap(), 24)]).unwrap();
        for text in texts() {
            let mut unknown = unknown_to_keepalived(&host, &text);
            assert!(unknown.remove("colour"), "not read to its end: {text}");
            unknown.retain(|word| !NOT_IN_2_2.contains(&word.as_str()));
            assert_eq!(unknown, BTreeSet::new(), "{text}");
        }
    }
}
