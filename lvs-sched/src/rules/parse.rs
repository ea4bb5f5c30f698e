//! From a line to a rule.

use alloc::vec::Vec;
use core::mem::discriminant;
use core::net::IpAddr;

use lvs_proto::{Family, GueChecksum, Method, Protocol, Tunnel};

use super::word::{Word, Words, split_value};
use super::{Rule, RuleError, RuleErrorKind as Kind};
use crate::{DestConfig, Netmask, Persistence, PersistenceEngine, SchedulerFlags, SchedulerKind};
use crate::{ServiceConfig, ServiceKey, Timeouts};

pub(super) fn rule(line: &str) -> Result<Option<Rule>, RuleError> {
    let mut words = Words::new(line);
    let Some(mut first) = words.next().filter(|word| !word.text.starts_with('#')) else {
        return Ok(None);
    };
    if first.text == "ipvsadm" {
        first = words.next().unwrap_or_else(|| words.end());
    }
    let command = named(&COMMANDS, first.text).ok_or_else(|| first.error(Kind::Command))?;
    let options = Options::read(command, words)?;
    Ok(Some(match command {
        Command::AddService => Rule::AddService(options.service_config()?),
        Command::EditService => Rule::EditService(options.service_config()?),
        Command::DeleteService => Rule::DeleteService(options.service()?),
        Command::AddDest => {
            let service = options.service()?;
            Rule::AddDest { service, dest: options.dest_config(&service)? }
        }
        Command::EditDest => {
            let service = options.service()?;
            Rule::EditDest { service, dest: options.dest_config(&service)? }
        }
        Command::DeleteDest => {
            let service = options.service()?;
            let (address, port) = options.server()?;
            Rule::DeleteDest { service, address, port: port.unwrap_or(service.port()) }
        }
        Command::Clear => Rule::Clear,
        Command::Zero if options.kind().is_none() => Rule::Zero(None),
        Command::Zero => Rule::Zero(Some(options.service()?)),
        Command::SetTimeouts => options.timeouts()?,
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    AddService,
    EditService,
    DeleteService,
    AddDest,
    EditDest,
    DeleteDest,
    Clear,
    Zero,
    SetTimeouts,
}

impl Command {
    /// How many values follow it, before any option.
    const fn values(self) -> usize {
        if matches!(self, Self::SetTimeouts) { 3 } else { 0 }
    }
}

/// Short name, long name, command.
const COMMANDS: [(&str, &str, Command); 9] = [
    ("-A", "--add-service", Command::AddService),
    ("-E", "--edit-service", Command::EditService),
    ("-D", "--delete-service", Command::DeleteService),
    ("-a", "--add-server", Command::AddDest),
    ("-e", "--edit-server", Command::EditDest),
    ("-d", "--delete-server", Command::DeleteDest),
    ("-C", "--clear", Command::Clear),
    ("-Z", "--zero", Command::Zero),
    ("", "--set", Command::SetTimeouts),
];

/// An option; of one variant there may be one in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Service(ServiceKind),
    Ipv6,
    Scheduler,
    Flags,
    Persistent,
    Netmask,
    OnePacket,
    Engine,
    Server,
    Method(Method),
    TunnelType,
    TunnelPort,
    TunnelChecksum(GueChecksum),
    Weight,
    UpperThreshold,
    LowerThreshold,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ServiceKind {
    Tcp,
    Udp,
    Sctp,
    Mark,
}

/// Short name, long name, option.
const OPTIONS: [(&str, &str, Name); 24] = [
    ("-t", "--tcp-service", Name::Service(ServiceKind::Tcp)),
    ("-u", "--udp-service", Name::Service(ServiceKind::Udp)),
    ("", "--sctp-service", Name::Service(ServiceKind::Sctp)),
    ("-f", "--fwmark-service", Name::Service(ServiceKind::Mark)),
    ("-6", "--ipv6", Name::Ipv6),
    ("-s", "--scheduler", Name::Scheduler),
    ("-b", "--sched-flags", Name::Flags),
    ("-p", "--persistent", Name::Persistent),
    ("-M", "--netmask", Name::Netmask),
    ("-o", "--ops", Name::OnePacket),
    ("", "--pe", Name::Engine),
    ("-r", "--real-server", Name::Server),
    ("-g", "--gatewaying", Name::Method(Method::DirectRoute)),
    ("-i", "--ipip", Name::Method(Method::Tunnel)),
    ("-m", "--masquerading", Name::Method(Method::Nat)),
    ("", "--fullnat", Name::Method(Method::FullNat)),
    ("", "--tun-type", Name::TunnelType),
    ("", "--tun-port", Name::TunnelPort),
    ("", "--tun-nocsum", Name::TunnelChecksum(GueChecksum::None)),
    ("", "--tun-csum", Name::TunnelChecksum(GueChecksum::Udp)),
    ("", "--tun-remcsum", Name::TunnelChecksum(GueChecksum::Remote)),
    ("-w", "--weight", Name::Weight),
    ("-x", "--u-threshold", Name::UpperThreshold),
    ("-y", "--l-threshold", Name::LowerThreshold),
];

fn named<T: Copy>(names: &[(&str, &str, T)], text: &str) -> Option<T> {
    let mut names = names.iter().filter(|_| !text.is_empty());
    names.find(|(short, long, _)| *short == text || *long == text).map(|&(.., value)| value)
}

impl Name {
    const fn goes_with(self, command: Command) -> bool {
        match self {
            Self::Service(_) | Self::Ipv6 => {
                !matches!(command, Command::Clear | Command::SetTimeouts)
            }
            Self::Scheduler
            | Self::Flags
            | Self::Persistent
            | Self::Netmask
            | Self::OnePacket
            | Self::Engine => matches!(command, Command::AddService | Command::EditService),
            Self::Server => {
                matches!(command, Command::AddDest | Command::EditDest | Command::DeleteDest)
            }
            Self::Method(_)
            | Self::TunnelType
            | Self::TunnelPort
            | Self::TunnelChecksum(_)
            | Self::Weight
            | Self::UpperThreshold
            | Self::LowerThreshold => matches!(command, Command::AddDest | Command::EditDest),
        }
    }

    const fn takes_value(self) -> bool {
        !matches!(self, Self::Ipv6 | Self::OnePacket | Self::Method(_) | Self::TunnelChecksum(_))
    }
}

struct Given<'a> {
    name: Name,
    word: Word<'a>,
    value: Option<Word<'a>>,
}

/// The options of a line, each at most once and all of them the command's.
struct Options<'a> {
    values: Vec<Word<'a>>,
    given: Vec<Given<'a>>,
    end: Word<'a>,
}

impl<'a> Options<'a> {
    fn read(command: Command, mut words: Words<'a>) -> Result<Self, RuleError> {
        let end = words.end();
        let mut options = Options { values: Vec::new(), given: Vec::new(), end };
        for _ in 0..command.values() {
            options.values.push(words.next().ok_or_else(|| end.error(Kind::Timeout))?);
        }
        while let Some(whole) = words.next() {
            let (word, attached) = split_value(whole);
            let name = named(&OPTIONS, word.text).ok_or_else(|| word.error(Kind::UnknownOption))?;
            if !name.goes_with(command) {
                return Err(word.error(Kind::Misplaced));
            }
            let mut before = options.given.iter();
            if before.any(|given| discriminant(&given.name) == discriminant(&name)) {
                return Err(word.error(Kind::Repeated));
            }
            if name == Name::Ipv6 && options.kind() != Some(ServiceKind::Mark) {
                return Err(word.error(Kind::Misplaced));
            }
            let value = match (attached, name.takes_value()) {
                (Some(value), false) => return Err(value.error(Kind::UnexpectedValue)),
                (None, false) => None,
                (Some(value), true) => Some(value),
                (None, true) => {
                    let is_option = |next: &Word<'_>| named(&OPTIONS, next.text).is_some();
                    let next = words.clone().next().filter(|next| !is_option(next));
                    next.and_then(|_| words.next())
                }
            };
            if name.takes_value() && value.is_none() && name != Name::Persistent {
                return Err(word.error(Kind::MissingValue));
            }
            options.given.push(Given { name, word, value });
        }
        Ok(options)
    }

    fn find(&self, name: Name) -> Option<&Given<'a>> {
        self.given.iter().find(|given| given.name == name)
    }

    fn value(&self, name: Name) -> Option<Word<'a>> {
        self.find(name)?.value
    }

    fn kind(&self) -> Option<ServiceKind> {
        self.given.iter().find_map(|given| match given.name {
            Name::Service(kind) => Some(kind),
            _ => None,
        })
    }

    fn service(&self) -> Result<ServiceKey, RuleError> {
        let missing = || self.end.error(Kind::MissingService);
        let kind = self.kind().ok_or_else(missing)?;
        let value = self.value(Name::Service(kind)).ok_or_else(missing)?;
        let at = |key: fn(IpAddr, u16) -> ServiceKey| {
            value.address().map(|(address, port)| key(address, port.unwrap_or(0)))
        };
        match kind {
            ServiceKind::Tcp => at(ServiceKey::tcp),
            ServiceKind::Udp => at(ServiceKey::udp),
            ServiceKind::Sctp => {
                at(|address, port| ServiceKey::Address { protocol: Protocol::SCTP, address, port })
            }
            ServiceKind::Mark => {
                let family = if self.find(Name::Ipv6).is_some() { Family::V6 } else { Family::V4 };
                let mark = value.number(Kind::Mark)?.try_into();
                mark.map(|mark| ServiceKey::Mark { family, mark })
                    .map_err(|_| value.error(Kind::Mark))
            }
        }
    }

    /// The defaults are those of \[ADM-1\], for editing, too \[ADM-2\].
    fn service_config(&self) -> Result<ServiceConfig, RuleError> {
        let key = self.service()?;
        let scheduler = match self.value(Name::Scheduler) {
            Some(name) => name.text.parse().map_err(|_| name.error(Kind::Scheduler))?,
            None => SchedulerKind::default(),
        };
        let persistence = self.persistence(key.family())?;
        let one_packet = self.find(Name::OnePacket);
        if let (Some(given), Some(ServiceKind::Tcp | ServiceKind::Sctp)) = (one_packet, self.kind())
        {
            return Err(given.word.error(Kind::OnePacketTcp));
        }
        let engine = match self.value(Name::Engine) {
            Some(name) if name.text == "sip" => Some(PersistenceEngine::Sip),
            Some(name) => return Err(name.error(Kind::Engine)),
            None => None,
        };
        if let (ServiceKey::Address { port: 0, .. }, None) = (key, persistence) {
            let address = self.given.iter().find(|given| matches!(given.name, Name::Service(_)));
            let place = address.and_then(|given| given.value).unwrap_or(self.end);
            return Err(place.error(Kind::ZeroPort));
        }
        let flags = match self.value(Name::Flags) {
            Some(names) => parse_flags(names, scheduler)?,
            None => SchedulerFlags::NONE,
        };
        let one_packet = one_packet.is_some();
        let config = ServiceConfig::new(key);
        Ok(ServiceConfig { scheduler, flags, persistence, engine, one_packet, ..config })
    }

    fn persistence(&self, family: Family) -> Result<Option<Persistence>, RuleError> {
        let netmask = self.find(Name::Netmask);
        let Some(persistent) = self.find(Name::Persistent) else {
            return match netmask {
                Some(given) => Err(given.word.error(Kind::NetmaskAlone)),
                None => Ok(None),
            };
        };
        let timeout_secs = match persistent.value {
            Some(seconds) => seconds.number(Kind::Timeout)?,
            None => Persistence::DEFAULT_TIMEOUT_SECS,
        };
        let netmask = match netmask.and_then(|given| given.value) {
            Some(word) => parse_netmask(word, family)?,
            None => Netmask::full(family),
        };
        Ok(Some(Persistence { timeout_secs, netmask }))
    }

    fn server(&self) -> Result<(IpAddr, Option<u16>), RuleError> {
        self.value(Name::Server).ok_or_else(|| self.end.error(Kind::MissingServer))?.address()
    }

    fn dest_config(&self, service: &ServiceKey) -> Result<DestConfig, RuleError> {
        let (address, port) = self.server()?;
        let method = self.given.iter().find_map(|given| match given.name {
            Name::Method(method) => Some(method),
            _ => None,
        });
        let method = method.unwrap_or_default();
        // The packet's port stays what it is, unless it is translated [ADM-3].
        let keeps_port = !method.is_translated() && matches!(service, ServiceKey::Address { .. });
        let port = port.filter(|_| !keeps_port).unwrap_or(service.port());
        let tunnel = self.tunnel()?;
        let weight = match self.value(Name::Weight) {
            Some(word) => Some(word.number(Kind::Weight)?)
                .filter(|weight| *weight <= DestConfig::MAX_WEIGHT)
                .ok_or_else(|| word.error(Kind::Weight))?,
            None => 1,
        };
        let threshold = |name| self.value(name).map_or(Ok(0), |word| word.number(Kind::Threshold));
        let upper_threshold = threshold(Name::UpperThreshold)?;
        let lower_threshold = threshold(Name::LowerThreshold)?;
        let config = DestConfig::new(address, port);
        Ok(DestConfig { weight, method, tunnel, upper_threshold, lower_threshold, ..config })
    }

    /// \[TUN-6\]
    fn tunnel(&self) -> Result<Tunnel, RuleError> {
        let kind = self.value(Name::TunnelType);
        let checksum = self.given.iter().find_map(|given| match given.name {
            Name::TunnelChecksum(checksum) => Some(checksum),
            _ => None,
        });
        let checksum = checksum.unwrap_or_default();
        let tunnel = match kind.map(|kind| kind.text) {
            None | Some("ipip") => Tunnel::IpIp,
            Some("gue") => Tunnel::Gue { port: self.tunnel_port()?, checksum },
            Some("gre") => Tunnel::Gre { checksum: checksum == GueChecksum::Udp },
            Some(_) => return Err(kind.unwrap_or(self.end).error(Kind::TunnelType)),
        };
        let is_of_another = |given: &&Given<'_>| match (tunnel, given.name) {
            (Tunnel::IpIp | Tunnel::Gre { .. }, Name::TunnelPort)
            | (Tunnel::Gre { .. }, Name::TunnelChecksum(GueChecksum::Remote)) => true,
            (Tunnel::IpIp, Name::TunnelChecksum(checksum)) => checksum != GueChecksum::None,
            _ => false,
        };
        match self.given.iter().find(is_of_another) {
            Some(given) => Err(given.word.error(Kind::TunnelOption)),
            None => Ok(tunnel),
        }
    }

    /// The kernel refuses a port of 0 \[DST-8\].
    fn tunnel_port(&self) -> Result<u16, RuleError> {
        let word = self.value(Name::TunnelPort).unwrap_or(self.end);
        let port = u16::try_from(word.number(Kind::TunnelPort)?).ok();
        port.filter(|port| *port != 0).ok_or_else(|| word.error(Kind::TunnelPort))
    }

    /// Three numbers of seconds; 0 leaves what there is \[TMO-2\].
    fn timeouts(&self) -> Result<Rule, RuleError> {
        let mut secs = [0; 3];
        for (secs, word) in secs.iter_mut().zip(&self.values) {
            *secs = word.number(Kind::Timeout)?;
        }
        let [tcp_secs, tcp_fin_secs, udp_secs] = secs;
        Ok(Rule::SetTimeouts(Timeouts { tcp_secs, tcp_fin_secs, udp_secs }))
    }
}

fn parse_netmask(word: Word<'_>, family: Family) -> Result<Netmask, RuleError> {
    let wrong = || word.error(Kind::Netmask);
    match family {
        Family::V4 => word.text.parse().map(Netmask::V4).map_err(|_| wrong()),
        Family::V6 => {
            let prefix = u8::try_from(word.number(Kind::Netmask)?).map_err(|_| wrong())?;
            Some(Netmask::V6(prefix)).filter(|_| (1..=128).contains(&prefix)).ok_or_else(wrong)
        }
    }
}

fn parse_flags(words: Word<'_>, scheduler: SchedulerKind) -> Result<SchedulerFlags, RuleError> {
    let mut start = words.start;
    let mut flags = SchedulerFlags::NONE;
    for text in words.text.split(',') {
        let flag = match text {
            "flag-1" => SchedulerFlags::FLAG_1,
            "flag-2" => SchedulerFlags::FLAG_2,
            "flag-3" => SchedulerFlags::FLAG_3,
            "sh-fallback" if scheduler == SchedulerKind::Sh => SchedulerFlags::SH_FALLBACK,
            "sh-port" if scheduler == SchedulerKind::Sh => SchedulerFlags::SH_PORT,
            "mh-fallback" if scheduler == SchedulerKind::Mh => SchedulerFlags::MH_FALLBACK,
            "mh-port" if scheduler == SchedulerKind::Mh => SchedulerFlags::MH_PORT,
            _ => return Err(Word { text, start }.error(Kind::Flags)),
        };
        flags = flags.with(flag);
        start += text.len() + 1;
    }
    Ok(flags)
}
