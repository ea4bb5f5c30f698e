//! A virtual router from frame to frame: `lvs-vrrp` between the codecs of `lvs-proto`.

use std::net::IpAddr;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use lvs_proto::vrrp::{self, AdvertInterval, Priority, Version, Vrid};
use lvs_proto::wire::ethernet;
use lvs_proto::{Family, Instant, MacAddr, frames};
use lvs_vrrp::{Action, Config, ConfigError, Event, Router, State};

use crate::netlink::Interface;

/// Room for any advert: 255 IPv6 addresses behind the headers.
const LONGEST_FRAME: usize = 14 + 40 + 8 + 255 * 16;

/// The virtual router's options on the command line.
#[derive(Args, Clone, Debug)]
pub struct RouterArgs {
    /// The interface
    #[arg(long, value_name = "I")]
    pub iface: String,
    /// The virtual router identifier, 1 to 255
    #[arg(long, value_name = "N", default_value = "51", value_parser = clap::value_parser!(u8).range(1..))]
    vrid: u8,
    /// The priority, 1 to 255; 255 for the owner of the addresses
    #[arg(long, value_name = "P", default_value = "100", value_parser = clap::value_parser!(u8).range(1..))]
    priority: u8,
    /// The version of VRRP, 2 or 3
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u8).range(2..=3))]
    version: u8,
    /// The time between adverts in centiseconds: 1 to 4095, whole seconds in version 2
    #[arg(long, value_name = "C", default_value = "100", value_parser = clap::value_parser!(u16).range(1..))]
    advert_cs: u16,
    /// The address that adverts are sent from; by default the interface's own
    #[arg(long, value_name = "A")]
    src: Option<IpAddr>,
    /// Whose defaults to take
    #[arg(long, value_enum, default_value = "rfc")]
    profile: Profile,
}

/// Whose defaults a virtual router takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// RFC 3768 for version 2, RFC 9568 for version 3
    Rfc,
    /// keepalived
    Keepalived,
}

impl RouterArgs {
    fn config(&self) -> Result<Config> {
        let vrid = Vrid::new(self.vrid).context("--vrid: 0 is no virtual router identifier")?;
        let profile = match (self.profile, self.version) {
            (Profile::Rfc, 2) => Config::rfc3768(vrid),
            (Profile::Rfc, _) => Config::rfc9568(vrid),
            (Profile::Keepalived, 2) => Config::keepalived(Version::V2, vrid),
            (Profile::Keepalived, _) => Config::keepalived(Version::V3, vrid),
        };
        let interval = match self.version {
            2 => {
                ensure!(
                    self.advert_cs.is_multiple_of(100),
                    "--advert-cs: version 2 has whole seconds only"
                );
                u8::try_from(self.advert_cs / 100).ok().and_then(AdvertInterval::from_seconds)
            }
            _ => AdvertInterval::from_centiseconds(self.advert_cs),
        };
        let interval = interval.context("--advert-cs: longer than this version can advertise")?;
        Ok(Config { priority: Priority::new(self.priority), interval, ..profile })
    }

    fn source(&self, interface: &Interface, family: Family) -> Result<IpAddr> {
        match self.src.or_else(|| interface.advert_source(family)) {
            Some(source) => Ok(source),
            None => {
                bail!("{} has no {family} address to send adverts from; give --src", self.iface)
            }
        }
    }
}

/// What is left to the host once the frames of an action are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAction {
    /// Accept frames for the virtual addresses.
    Install,
    /// Accept them no more.
    Remove,
    /// The state changed.
    Notify(Event),
}

/// A virtual router and the link addresses that it uses.
#[derive(Debug)]
pub struct VirtualRouter {
    router: Router<Vec<IpAddr>>,
    advert_source: MacAddr,
    announced: MacAddr,
}

impl VirtualRouter {
    /// A virtual router for `addresses`, not yet started, whose hosts learn the virtual MAC
    /// address.
    ///
    /// # Errors
    /// Options that contradict each other or the addresses.
    pub fn new(args: &RouterArgs, interface: &Interface, addresses: Vec<IpAddr>) -> Result<Self> {
        let family = Family::of(*addresses.first().context("no virtual address")?);
        let source = args.source(interface, family)?;
        let this = Self::from_config(args.config()?, source, addresses)?;
        Ok(match args.profile {
            Profile::Rfc => this,
            Profile::Keepalived => this.sending_from(interface.mac),
        })
    }

    /// A virtual router that sends adverts from `source`.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn from_config(
        config: Config,
        source: IpAddr,
        addresses: Vec<IpAddr>,
    ) -> Result<Self, ConfigError> {
        let router = Router::new(config, source, addresses)?;
        let mac = router.virtual_mac();
        Ok(Self { router, advert_source: mac, announced: mac })
    }

    /// Announces the virtual addresses with `mac`, for a host whose kernel answers for them.
    #[must_use]
    pub fn announcing(self, mac: MacAddr) -> Self {
        Self { announced: mac, ..self }
    }

    /// Sends adverts from `mac`.
    #[must_use]
    pub fn sending_from(self, mac: MacAddr) -> Self {
        Self { advert_source: mac, ..self }
    }

    /// The machine itself.
    #[must_use]
    pub fn machine(&self) -> &Router<Vec<IpAddr>> {
        &self.router
    }

    /// The machine itself, to be started, stopped, told of its interface or of the time.
    pub fn machine_mut(&mut self) -> &mut Router<Vec<IpAddr>> {
        &mut self.router
    }

    /// Whether this router is to answer for `address` now.
    #[must_use]
    pub fn answers_for(&self, address: IpAddr) -> bool {
        self.router.state() == State::Active && self.router.addresses().contains(&address)
    }

    /// Takes in a frame if it is an advert for this virtual router.
    pub fn handle_frame(&mut self, now: Instant, frame: &[u8]) {
        let Ok(ethernet) = ethernet::Frame::parse(frame) else { return };
        let Ok((meta, message)) = vrrp::from_ip_packet(ethernet.payload) else { return };
        if vrrp::vrid_of(message) != Some(self.router.config().vrid) {
            return;
        }
        match vrrp::decode(message, &meta, &self.router.policy()) {
            Ok(advert) => self.router.handle_advert(now, &advert, &meta),
            Err(error) => {
                log::debug!("advert from {} refused: {error}", meta.addresses.source());
                self.router.handle_rejected(&error);
            }
        }
    }

    /// Sends what the machine wants sent, up to the next thing that the host must do.
    pub fn poll(&mut self, send: &mut impl FnMut(&[u8])) -> Option<HostAction> {
        let mut frame = [0; LONGEST_FRAME];
        loop {
            let length = match self.router.poll_action()? {
                Action::SendAdvert { priority } => {
                    let advert = self.router.advert(priority);
                    let source = self.router.source();
                    frames::advert(&advert, source, self.advert_source, &mut frame).ok()
                }
                Action::Announce(address) => {
                    frames::announce(address, self.announced, &mut frame).ok()
                }
                Action::InstallAddresses { .. } => return Some(HostAction::Install),
                Action::RemoveAddresses => return Some(HostAction::Remove),
                Action::Notify(event) => return Some(HostAction::Notify(event)),
                // The packet socket listens to every group; router advertisements are another's.
                Action::JoinSolicitedNode(_)
                | Action::LeaveSolicitedNode(_)
                | Action::SetRouterAdvertisements(_) => None,
            };
            if let Some(frame) = length.and_then(|length| frame.get(..length)) {
                send(frame);
            }
        }
    }
}
