//! `lvsd keepalived`: the director that a keepalived.conf describes.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};
use lvs_vrrp::RouterId;

use crate::health::Health;
use crate::keepalived_conf::{Config, VrrpInstance};
use crate::netlink::Interface;
use crate::run::{ConnSync, Work, new_director, seed};
use crate::virtual_router::VirtualRouter;
use crate::virtual_routers::VirtualRouters;
use crate::{check, clock};

/// Options of `lvsd keepalived`.
#[derive(clap::Args, Clone, Debug)]
pub struct KeepalivedArgs {
    /// The configuration, in the syntax of keepalived.conf(5)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The vrrp_instance to run; all of them by default
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// Run without what is not supported
    #[arg(long)]
    anyway: bool,
    /// Record what this director receives and sends in a file
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Runs the director until SIGTERM, after saying what it does not do. Hosts learn the virtual MAC
/// address, whether the file says `use_vmac` or not.
///
/// # Errors
/// A file that cannot be followed, no such instance or interface, or no right to packet sockets.
pub fn run(args: &KeepalivedArgs) -> Result<()> {
    let name = args.config.display();
    let (config, mut report) = check::read(&args.config)?;
    let now = clock::now()?;
    report.extend(config.apply(now, &mut new_director()?));
    let (checker, refused) = config.checker(now, seed()?)?;
    report.extend(refused);
    for obstacle in report.obstacles() {
        eprintln!("{name}:{obstacle}");
    }
    let obstacles = report.obstacles().count();
    ensure!(
        obstacles == 0 || args.anyway,
        "{name} cannot be followed in all; --anyway goes on without the rest"
    );
    let mut parts = Parts::new(&config);
    for instance in chosen(&config, args.instance.as_deref())? {
        parts.add(instance).with_context(|| format!("vrrp_instance {}", instance.name))?;
    }
    parts.form_groups()?;
    let sync = parts.conn_sync()?;
    let Parts { interfaces, routers, .. } = parts;
    let mut director = new_director()?;
    for rule in config.services() {
        if let Err(error) = director.apply(now, &rule) {
            log::warn!("`{rule}` is refused: {error}");
        }
    }
    let (servers, health) = (config.servers(), Some(Health::new(checker)?));
    let work = Work { interfaces, routers, director, servers, health, sync };
    work.until_terminated(args.pcap.as_deref())
}

/// The one of that name, or all.
fn chosen<'a>(config: &'a Config, name: Option<&str>) -> Result<Vec<&'a VrrpInstance>> {
    let is_chosen = |it: &&VrrpInstance| name.is_none_or(|name| it.name == name);
    let chosen: Vec<_> = config.instances.iter().filter(is_chosen).collect();
    match name {
        _ if !chosen.is_empty() => Ok(chosen),
        Some(name) => bail!("there is no vrrp_instance {name}"),
        None => bail!("there is no vrrp_instance"),
    }
}

/// What a file comes to on this host.
struct Parts<'a> {
    config: &'a Config,
    /// As the ports are numbered.
    interfaces: Vec<Interface>,
    routers: VirtualRouters,
    /// The virtual routers by the names of their instances.
    ids: HashMap<&'a str, RouterId>,
}

impl<'a> Parts<'a> {
    fn new(config: &'a Config) -> Self {
        let mut routers = VirtualRouters::with_capacity(config.instances.len());
        for (interface, delays) in &config.interface_delays {
            routers.set_delays(interface, *delays);
        }
        Self { config, interfaces: Vec::new(), routers, ids: HashMap::new() }
    }

    fn add(&mut self, instance: &'a VrrpInstance) -> Result<()> {
        let interface = instance.interface.as_ref().context("it has no interface")?;
        let port = self.interfaces.iter().position(|it| it.name == *interface);
        let port = port.unwrap_or(self.interfaces.len());
        if port == self.interfaces.len() {
            self.interfaces.push(Interface::named(interface)?);
        }
        let Interface { mac, .. } = self.interfaces[port];
        let router = virtual_router(self.config, instance, &self.interfaces[port])?;
        let id = self.routers.add(port, (interface, mac), router)?;
        self.ids.insert(&instance.name, id);
        Ok(())
    }

    /// Of the instances that were added.
    fn form_groups(&mut self) -> Result<()> {
        for group in &self.config.sync_groups {
            let members = group.members.iter().filter_map(|(_, name)| self.ids.get(name.as_str()));
            let members = members.copied().collect();
            let formed = self.routers.form_group(&group.name, members);
            formed.with_context(|| format!("vrrp_sync_group {}", group.name))?;
        }
        Ok(())
    }

    fn conn_sync(&self) -> Result<Option<ConnSync>> {
        let Some(sync) = self.config.conn_sync() else { return Ok(None) };
        let speaker = sync.instance.map(|name| self.ids.get(name).copied());
        if speaker == Some(None) {
            return Ok(None);
        }
        let interface = Interface::named(sync.interface)?;
        Ok(Some(ConnSync { id: sync.id, interface, speaker: speaker.flatten() }))
    }
}

fn virtual_router(
    config: &Config,
    instance: &VrrpInstance,
    interface: &Interface,
) -> Result<VirtualRouter> {
    let family = instance.family();
    let source = instance.source.or_else(|| interface.advert_source(family));
    let source = source.with_context(|| {
        format!("the interface has no {family} address to send adverts from: say mcast_src_ip")
    })?;
    let setup = config.setup(instance).map_err(|verdict| anyhow!("{verdict}"))?;
    let router = VirtualRouter::new(setup, source, instance.addresses())?.named(&instance.name);
    Ok(match instance.sends_from_virtual_mac() {
        true => router,
        false => router.sending_from(interface.mac),
    })
}
