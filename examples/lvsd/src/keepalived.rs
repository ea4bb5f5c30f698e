//! `lvsd keepalived`: the director that a keepalived.conf describes.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::health::Health;
use crate::keepalived_conf::{Config, VrrpInstance};
use crate::netlink::Interface;
use crate::run::{Work, new_director, seed};
use crate::virtual_router::VirtualRouter;
use crate::{check, clock};

/// Options of `lvsd keepalived`.
#[derive(clap::Args, Clone, Debug)]
pub struct KeepalivedArgs {
    /// The configuration, in the syntax of keepalived.conf(5)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The vrrp_instance to be; by default the only one
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// Go on without what is not supported
    #[arg(long)]
    anyway: bool,
    /// Write what this director sees and sends into a file
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
    let instance = find_instance(&config, args.instance.as_deref())?;
    let interface = instance.interface.as_ref().context("the vrrp_instance has no interface")?;
    let interface = Interface::named(interface)?;
    let router = virtual_router(&config, instance, &interface)?;
    let mut director = new_director()?;
    for rule in config.services() {
        if let Err(error) = director.apply(now, &rule) {
            log::warn!("`{rule}` is refused: {error}");
        }
    }
    let (servers, health) = (config.servers(), Some(Health::new(checker)?));
    let sync_id = config.sync_id(instance);
    let work = Work { interface, router, director, servers, health, sync_id };
    work.until_terminated(args.pcap.as_deref())
}

fn find_instance<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a VrrpInstance> {
    match (config.instances.as_slice(), name) {
        (instances, Some(name)) => instances
            .iter()
            .find(|instance| instance.name == name)
            .with_context(|| format!("there is no vrrp_instance {name}")),
        ([instance], None) => Ok(instance),
        ([], None) => bail!("there is no vrrp_instance"),
        ([..], None) => bail!("there is more than one vrrp_instance: say which with --instance"),
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
    let setup = instance.setup(&config.global).map_err(|verdict| anyhow!("{verdict}"))?;
    let router = VirtualRouter::new(setup, source, instance.addresses())?;
    Ok(match instance.sends_from_virtual_mac() {
        true => router,
        false => router.sending_from(interface.mac),
    })
}
