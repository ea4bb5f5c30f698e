//! The options that describe a virtual router.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use lvs_proto::Family;
use lvs_proto::vrrp::{
    AdvertInterval, Password, Peer, Priority, Secret, TrailerKey, Version, Vrid,
};
use lvs_vrrp::{Announcements, Config, LosingAdvert, TrackerConfig};

use crate::keepalived_conf::decimal_seconds;
use crate::netlink::Interface;
use crate::virtual_router::{Setup, VirtualRouter};

/// A virtual router's options on the command line.
#[derive(Args, Clone, Debug)]
pub struct RouterArgs {
    /// The interface
    #[arg(long, value_name = "NAME")]
    pub iface: String,
    /// The virtual router identifier, 1 to 255
    #[arg(long, value_name = "N", default_value = "51", value_parser = clap::value_parser!(u8).range(1..))]
    vrid: u8,
    /// The priority, 1 to 255; 255 for the owner of the addresses
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u8).range(1..))]
    priority: u8,
    /// The version of VRRP, 2 or 3
    #[arg(long, value_name = "2|3", default_value = "3", value_parser = clap::value_parser!(u8).range(2..=3))]
    version: u8,
    /// The time between adverts in centiseconds: 1 to 4095, whole seconds in version 2
    #[arg(long, value_name = "CENTISECONDS", default_value = "100", value_parser = clap::value_parser!(u16).range(1..))]
    advert_cs: u16,
    /// The address that adverts are sent from; by default the interface's own
    #[arg(long, value_name = "ADDRESS")]
    src: Option<IpAddr>,
    /// Whose defaults to take
    #[arg(long, value_enum, default_value = "rfc")]
    profile: Profile,
    /// Stay within RFC 3768 or RFC 5798, and refuse options that go beyond
    #[arg(long, conflicts_with = "profile")]
    strict: bool,
    /// Send adverts to this address instead of the group; give it once for each other router
    #[arg(long, value_name = "ADDRESS", conflicts_with = "group")]
    unicast_peer: Vec<IpAddr>,
    /// Send adverts to another group than that of VRRP
    #[arg(long, value_name = "ADDRESS")]
    group: Option<IpAddr>,
    /// Follow another interface: a weight above 0 is added to the priority while the interface is up,
    /// one below 0 while it is down; without a weight the router stops while it is down
    #[arg(long, value_name = "NAME[:WEIGHT]")]
    track_interface: Vec<TrackedInterface>,
    #[command(flatten)]
    election: ElectionArgs,
    #[command(flatten)]
    announcements: AnnounceArgs,
    #[command(flatten)]
    secret: SecretArgs,
}

/// Whose defaults a virtual router takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// RFC 3768 for version 2, RFC 9568 for version 3
    Rfc,
    /// RFC 9568, version 3
    Rfc9568,
    /// RFC 5798, version 3
    Rfc5798,
    /// RFC 3768, version 2
    Rfc3768,
    /// As keepalived does
    Keepalived,
}

/// Who becomes Active, and what routers tell each other about it.
#[derive(Args, Clone, Debug)]
struct ElectionArgs {
    /// Leave an Active router of lower priority alone
    #[arg(long)]
    no_preempt: bool,
    /// Leave an Active router of lower priority alone for so long, then preempt it
    #[arg(long, value_name = "SECONDS", value_parser = seconds, conflicts_with = "no_preempt")]
    preempt_delay: Option<Duration>,
    /// Take over after this many intervals of silence, 1 to 100; set the same on all routers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    advert_count: Option<u8>,
    /// Accept packets to the virtual addresses themselves, not only packets to be forwarded
    #[arg(long, conflicts_with = "no_accept")]
    accept: bool,
    /// Drop packets to the virtual addresses themselves
    #[arg(long)]
    no_accept: bool,
    /// Leave adverts of lower priority unanswered
    #[arg(long)]
    lower_prio_no_advert: bool,
    /// Send one last advert before yielding to a router of higher priority
    #[arg(long)]
    higher_prio_send_advert: bool,
}

impl ElectionArgs {
    fn applied_to(&self, config: Config) -> Config {
        Config {
            preempt: config.preempt && !self.no_preempt,
            preempt_delay: self.preempt_delay.unwrap_or(config.preempt_delay),
            advert_count: self.advert_count.unwrap_or(config.advert_count),
            accept: (config.accept || self.accept) && !self.no_accept,
            losing_advert: match self.lower_prio_no_advert {
                true => LosingAdvert::Ignore,
                false => config.losing_advert,
            },
            advert_before_demotion: config.advert_before_demotion || self.higher_prio_send_advert,
            ..config
        }
    }
}

/// How often the virtual addresses are announced, by gratuitous ARP or neighbor advertisements.
#[derive(Args, Clone, Debug)]
struct AnnounceArgs {
    /// How many rounds of announcements (gratuitous ARP) to send on becoming Active
    #[arg(long, value_name = "N")]
    announce_rounds: Option<u8>,
    /// How many times a round announces each address
    #[arg(long, value_name = "N")]
    announce_repeat: Option<u8>,
    /// The time from round to round, 0.01 seconds at least
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    announce_gap: Option<Duration>,
    /// The time between further announcements while Active; 0 for none
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    announce_refresh: Option<Duration>,
}

impl AnnounceArgs {
    fn applied_to(&self, profile: Announcements) -> Announcements {
        Announcements {
            rounds: self.announce_rounds.unwrap_or(profile.rounds),
            repeat: self.announce_repeat.unwrap_or(profile.repeat),
            gap: self.announce_gap.unwrap_or(profile.gap),
            refresh: self.announce_refresh.unwrap_or(profile.refresh),
            ..profile
        }
    }
}

/// What proves adverts.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("secret"))]
struct SecretArgs {
    /// Put a password into adverts of version 2; octets after the eighth are ignored
    #[arg(long, value_name = "PASSWORD", group = "secret")]
    auth_pass: Option<String>,
    /// Put an authentication header in front of adverts of version 2
    #[arg(long, value_name = "PASSWORD", group = "secret")]
    auth_header: Option<String>,
    /// Put an HMAC-SHA256 trailer behind adverts; a key of 32 to 64 octets, sent as key number 1
    #[arg(long, value_name = "KEY", group = "secret")]
    auth_hmac: Option<String>,
}

impl SecretArgs {
    fn secret(&self, version: Version) -> Result<Secret> {
        let password = |text: &String| Password::new(text.as_bytes());
        let secret = match self {
            Self { auth_pass: Some(text), .. } => Secret::Password(password(text)),
            Self { auth_header: Some(text), .. } => Secret::Header(password(text)),
            Self { auth_hmac: Some(key), .. } => {
                let key = TrailerKey::new(1, key.as_bytes()).context("--auth-hmac")?;
                return Ok(Secret::trailer(key));
            }
            _ => return Ok(Secret::None),
        };
        ensure!(version == Version::V2, "version 3 has no passwords (RFC 9568 section 9)");
        Ok(secret)
    }
}

/// An interface that is followed, and what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TrackedInterface {
    name: String,
    weight: i16,
}

impl FromStr for TrackedInterface {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, weight) = text.split_once(':').unwrap_or((text, "0"));
        ensure!(!name.is_empty(), "no interface");
        let weight = weight.parse().ok().filter(|weight| (-253..=253).contains(weight));
        let weight = weight.context("a weight is a number from -253 to 253")?;
        Ok(Self { name: name.to_owned(), weight })
    }
}

impl RouterArgs {
    /// The virtual router for `addresses`, not yet started, whose hosts learn the virtual MAC
    /// address.
    ///
    /// # Errors
    /// Options that contradict each other or the addresses.
    pub fn virtual_router(
        &self,
        interface: &Interface,
        addresses: Vec<IpAddr>,
    ) -> Result<VirtualRouter> {
        let family = Family::of(*addresses.first().context("no virtual address")?);
        let source = self.source(interface, family)?;
        let setup = self.setup()?;
        if self.strict {
            setup.config.check_strict(&addresses, &setup.peers).context("--strict")?;
            ensure!(
                matches!(setup.secret, Secret::None),
                "--strict: RFC 3768 and RFC 5798 have no authentication"
            );
        }
        let router = VirtualRouter::new(setup, source, addresses)?;
        Ok(match self.profile {
            Profile::Keepalived => router.sending_from(interface.mac),
            _ => router,
        })
    }

    fn setup(&self) -> Result<Setup> {
        let config = self.profile()?;
        let tracked = self.track_interface.iter().map(|tracked| {
            let config = TrackerConfig { weight: tracked.weight, ..TrackerConfig::default() };
            (tracked.name.clone(), config)
        });
        Ok(Setup {
            config: Config {
                priority: Priority::new(self.priority),
                interval: self.interval(config.version)?,
                group: self.group,
                announcements: self.announcements.applied_to(config.announcements),
                ..self.election.applied_to(config)
            },
            peers: self.unicast_peer.iter().copied().map(Peer::new).collect(),
            secret: self.secret.secret(config.version)?,
            tracked: tracked.collect(),
        })
    }

    fn profile(&self) -> Result<Config> {
        let vrid = Vrid::new(self.vrid).context("--vrid: 0 is no virtual router identifier")?;
        let version = if self.version == 2 { Version::V2 } else { Version::V3 };
        Ok(match (self.profile, version) {
            _ if self.strict => Config::strict(version, vrid),
            (Profile::Keepalived, version) => Config::keepalived(version, vrid),
            (Profile::Rfc | Profile::Rfc3768, Version::V2) => Config::rfc3768(vrid),
            (Profile::Rfc | Profile::Rfc9568, Version::V3) => Config::rfc9568(vrid),
            (Profile::Rfc5798, Version::V3) => Config::rfc5798(vrid),
            (Profile::Rfc3768, Version::V3) => bail!("RFC 3768 is version 2: say --version 2"),
            (Profile::Rfc5798 | Profile::Rfc9568, Version::V2) => {
                bail!("RFC 5798 and RFC 9568 are version 3: say --version 3")
            }
        })
    }

    fn interval(&self, version: Version) -> Result<AdvertInterval> {
        let interval = match version {
            Version::V2 => {
                let whole = self.advert_cs.is_multiple_of(100);
                ensure!(whole, "--advert-cs: version 2 has whole seconds only");
                u8::try_from(self.advert_cs / 100).ok().and_then(AdvertInterval::from_seconds)
            }
            Version::V3 => AdvertInterval::from_centiseconds(self.advert_cs),
        };
        interval.context("--advert-cs: longer than this version can advertise")
    }

    fn source(&self, interface: &Interface, family: Family) -> Result<IpAddr> {
        self.src.or_else(|| interface.advert_source(family)).with_context(|| {
            format!("{} has no {family} address to send adverts from; give --src", self.iface)
        })
    }
}

fn seconds(text: &str) -> Result<Duration> {
    decimal_seconds(text).ok_or_else(|| anyhow!("not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        router: RouterArgs,
    }

    fn setup(options: &str) -> Result<Setup> {
        let words = ["lvsd", "--iface", "eth0"].into_iter().chain(options.split_whitespace());
        Command::try_parse_from(words)?.router.setup()
    }

    #[test]
    fn each_option_changes_its_field() {
        let vrid = Vrid::new(51).unwrap();
        let (v2, v3) = (Config::rfc3768(vrid), Config::rfc9568(vrid));
        let announcements = Announcements {
            rounds: 4,
            repeat: 3,
            gap: Duration::from_millis(500),
            refresh: Duration::from_secs(60),
            ..v3.announcements
        };
        let cases = [
            ("", v3),
            ("--profile rfc", v3),
            ("--profile rfc9568", v3),
            ("--profile rfc5798", Config::rfc5798(vrid)),
            ("--version 2", v2),
            ("--version 2 --profile rfc3768", v2),
            ("--profile keepalived", Config::keepalived(Version::V3, vrid)),
            ("--strict --version 2", Config::strict(Version::V2, vrid)),
            ("--no-preempt", Config { preempt: false, ..v3 }),
            ("--preempt-delay 1.5", Config { preempt_delay: Duration::from_millis(1_500), ..v3 }),
            ("--advert-count 5", Config { advert_count: 5, ..v3 }),
            ("--accept", Config { accept: true, ..v3 }),
            (
                "--profile keepalived --no-accept",
                Config { accept: false, ..Config::keepalived(Version::V3, vrid) },
            ),
            ("--group 224.0.0.19", Config { group: Some([224, 0, 0, 19].into()), ..v3 }),
            ("--lower-prio-no-advert", Config { losing_advert: LosingAdvert::Ignore, ..v3 }),
            ("--higher-prio-send-advert", Config { advert_before_demotion: true, ..v3 }),
            (
                "--announce-rounds 4 --announce-repeat 3 --announce-gap 0.5 --announce-refresh 60",
                Config { announcements, ..v3 },
            ),
        ];
        for (options, expected) in cases {
            assert_eq!(setup(options).unwrap().config, expected, "{options}");
        }
    }

    #[test]
    fn peers_secrets_and_interfaces() {
        let Setup { peers, secret, tracked, .. } = setup(
            "--version 2 --unicast-peer 192.0.2.2 --unicast-peer 192.0.2.3 --auth-pass secret \
             --track-interface eth1 --track-interface eth2:-30",
        )
        .unwrap();
        let addresses: Vec<IpAddr> = peers.iter().map(|peer| peer.address).collect();
        assert_eq!(addresses, [IpAddr::from([192, 0, 2, 2]), [192, 0, 2, 3].into()]);
        assert!(
            matches!(secret, Secret::Password(password) if password == Password::new(b"secret"))
        );
        let weights: Vec<_> = tracked.iter().map(|(name, it)| (name.as_str(), it.weight)).collect();
        assert_eq!(weights, [("eth1", 0), ("eth2", -30)]);
        let header = setup("--version 2 --auth-header secret").unwrap().secret;
        assert!(matches!(header, Secret::Header(_)));
        let key = "--auth-hmac 0123456789abcdef0123456789abcdef";
        assert!(matches!(setup(key).unwrap().secret, Secret::Trailer { .. }));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for options in [
            "--advert-cs 150 --version 2",
            "--advert-cs 4096",
            "--profile rfc3768",
            "--profile rfc9568 --version 2",
            "--strict --profile keepalived",
            "--no-preempt --preempt-delay 3",
            "--accept --no-accept",
            "--unicast-peer 192.0.2.2 --group 224.0.0.19",
            "--auth-pass secret",
            "--version 2 --auth-pass one --auth-header two",
            "--auth-hmac short",
            "--track-interface :3",
            "--track-interface eth1:254",
            "--advert-count 0",
            "--preempt-delay -1",
        ] {
            assert!(setup(options).is_err(), "{options}");
        }
    }
}
