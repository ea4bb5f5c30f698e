//! How real servers are checked: `TCP_CHECK`, `HTTP_GET` and their like.

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::time::Duration;

use regex::bytes::Regex;

use super::keyword::{
    Input, Keyword, Outcome, ignored, unexpected, unsupported, unsupported_for_now, used,
};

pub(super) const NO_CHECKS: &str = "this kind of check is not run";

const NO_SOURCE: &str = "the kernel chooses where checks come from";

/// The pace of checks. What is not said is as in the block around, and then as keepalived has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckPace {
    /// The time from check to check.
    pub delay_loop: Option<Duration>,
    /// The time that an answer may take.
    pub connect_timeout: Option<Duration>,
    /// Further attempts before a server counts as down.
    pub retry: Option<u32>,
    /// The time between them.
    pub delay_before_retry: Option<Duration>,
    /// The longest wait before the first check.
    pub warmup: Option<Duration>,
    /// Whether a server counts as down until it is checked.
    pub alpha: Option<bool>,
}

/// About a day; whoever waits longer has mistyped.
const LONGEST_SECS: u64 = 86_400;

/// What has a pace of checks: a virtual server, a real server, a check.
pub(super) trait Paced {
    fn pace(&mut self) -> &mut CheckPace;
}

/// The keywords of the pace, wherever they stand.
pub(super) const fn pace<T: Paced>(alpha: Keyword<T>) -> [Keyword<T>; 6] {
    [
        used("delay_loop", |paced, input| {
            paced.pace().delay_loop = Some(input.seconds(LONGEST_SECS)?);
            Ok(())
        }),
        used("connect_timeout", |paced, input| {
            paced.pace().connect_timeout = Some(input.seconds(LONGEST_SECS)?);
            Ok(())
        }),
        used("retry", |paced, input| {
            paced.pace().retry = Some(input.number(0..=u32::MAX)?);
            Ok(())
        }),
        used("delay_before_retry", |paced, input| {
            paced.pace().delay_before_retry = Some(input.seconds(LONGEST_SECS)?);
            Ok(())
        }),
        used("warmup", |paced, input| {
            paced.pace().warmup = Some(input.seconds(LONGEST_SECS)?);
            Ok(())
        }),
        alpha,
    ]
}

pub(super) fn alpha<T: Paced>(paced: &mut T, input: &mut Input<'_>) -> Outcome {
    paced.pace().alpha = Some(input.switch()?);
    Ok(())
}

/// In a block inside a virtual server's.
pub(super) const fn alpha_inside<T: Paced>() -> Keyword<T> {
    unsupported_for_now("alpha", "it is the virtual server's to say", alpha)
}

/// A check of a real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its line.
    pub line: usize,
    /// How it is done.
    pub kind: CheckKind,
    /// How often.
    pub pace: CheckPace,
    /// To where, if not to the real server's address.
    pub connect_ip: Option<IpAddr>,
    /// To where, if not to the real server's port.
    pub connect_port: Option<NonZeroU16>,
    /// From where.
    pub bindto: Option<IpAddr>,
}

/// How a check is done; of the rarer ones no more than that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// `TCP_CHECK`: a connection opens.
    Tcp,
    /// `HTTP_GET`: every page is there.
    Http(Vec<Url>),
    /// `SSL_GET`: the same, enciphered.
    Https(Vec<Url>),
    /// `MISC_CHECK`: a command succeeds.
    Misc {
        /// What is run.
        path: String,
        /// Whether its exit status is a weight.
        dynamic: bool,
    },
    /// `SMTP_CHECK`: a mail server greets.
    Smtp,
    /// `DNS_CHECK`: a query is answered.
    Dns,
    /// `UDP_CHECK`: nobody refuses a datagram.
    Udp,
    /// `PING_CHECK`: an echo comes back.
    Ping,
    /// `BFD_CHECK`: a BFD session is up.
    Bfd,
    /// `FILE_CHECK`: a file says so.
    File,
}

/// A page of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// Its path.
    pub path: String,
    /// The MD5 digest of the page in hexadecimal digits.
    pub digest: Option<String>,
    /// The status codes that are right; 200 to 299 if there are none.
    pub status_codes: Vec<RangeInclusive<u16>>,
    /// What it must hold.
    pub regex: Option<String>,
    /// The host that it is asked for.
    pub virtualhost: Option<String>,
}

impl Check {
    pub(super) fn new(line: usize, kind: CheckKind) -> Self {
        let (connect_ip, connect_port, bindto) = (None, None, None);
        Self { line, kind, pace: CheckPace::default(), connect_ip, connect_port, bindto }
    }

    fn urls(&mut self) -> Option<&mut Vec<Url>> {
        match &mut self.kind {
            CheckKind::Http(urls) | CheckKind::Https(urls) => Some(urls),
            _ => None,
        }
    }
}

impl Paced for Check {
    fn pace(&mut self) -> &mut CheckPace {
        &mut self.pace
    }
}

/// Reads the block of a check into a list.
pub(super) fn check(
    input: &mut Input<'_>,
    kind: CheckKind,
    tables: &[&[Keyword<Check>]],
    list: &mut Vec<Check>,
) -> Outcome {
    let mut check = Check::new(input.line, kind);
    input.block(tables, &mut check)?;
    list.push(check);
    Ok(())
}

pub(super) const PACE: &[Keyword<Check>] = &pace(alpha_inside());

pub(super) const CONNECTION: &[Keyword<Check>] = &[
    used("connect_ip", |check, input| {
        check.connect_ip = Some(input.address()?);
        Ok(())
    }),
    used("connect_port", |check, input| {
        check.connect_port = Some(input.number(NonZeroU16::MIN..=NonZeroU16::MAX)?);
        Ok(())
    }),
    unsupported_for_now("bindto", NO_SOURCE, |check, input| {
        check.bindto = Some(input.address()?);
        Ok(())
    }),
    unsupported("bind_if", NO_SOURCE),
    unsupported("bind_port", NO_SOURCE),
    unsupported("fwmark", NO_SOURCE),
    ignored("log_all_failures", "it is about logs"),
];

pub(super) const TCP: &[Keyword<Check>] =
    &[ignored("nb_get_retry", "keepalived takes it in HTTP_GET and SSL_GET alone")];

pub(super) const HTTP: &[Keyword<Check>] = &[
    used("url", |check, input| {
        let mut url = Url::default();
        input.block(&[URL], &mut url)?;
        check.urls().into_iter().for_each(|urls| urls.push(url.clone()));
        Ok(())
    }),
    used("nb_get_retry", |check, input| {
        check.pace.retry = Some(input.number(0..=u32::MAX)?);
        Ok(())
    }),
    ignored("http_protocol", "every server understands HTTP/1.0"),
    unsupported("fast_recovery", "a server that is down is checked at its usual pace"),
    ignored("enable_sni", "there is no TLS"),
    unsupported("virtualhost", "it is the page's or the server's to say"),
];

pub(super) const URL: &[Keyword<Url>] = &[
    used("path", |url, input| {
        url.path = input.word()?.to_owned();
        Ok(())
    }),
    used("digest", |url, input| {
        let digest = input.word()?;
        if digest.len() != 32 || !digest.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return Err(unexpected(digest, "32 hexadecimal digits"));
        }
        url.digest = Some(digest.to_owned());
        Ok(())
    }),
    used("status_code", |url, input| {
        url.status_codes.push(status_codes(input.word()?)?);
        while let Some(word) = input.next_word() {
            url.status_codes.push(status_codes(word)?);
        }
        Ok(())
    }),
    used("virtualhost", |url, input| {
        url.virtualhost = Some(input.word()?.to_owned());
        Ok(())
    }),
    used("regex", |url, input| {
        let pattern = input.word()?;
        Regex::new(pattern).map_err(|_| unexpected(pattern, "a regular expression"))?;
        url.regex = Some(pattern.to_owned());
        Ok(())
    }),
    unsupported("regex_no_match", "a page must hold the expression"),
    unsupported("regex_options", "expressions have their options inside"),
    ignored("regex_stack", "no expression needs a stack"),
    unsupported("regex_min_offset", ANYWHERE),
    unsupported("regex_max_offset", ANYWHERE),
];

const ANYWHERE: &str = "the expression is looked for in the whole page";

/// `200` or `200-299`.
fn status_codes(word: &str) -> Outcome<RangeInclusive<u16>> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let code = |text: &str| text.parse().ok().filter(|code| (100..=999).contains(code));
    match (code(first), code(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(unexpected(word, "a status code or a range of them")),
    }
}

pub(super) const MISC: &[Keyword<Check>] = &[
    used("misc_path", |check, input| {
        let command = input.line_of_words()?;
        if let CheckKind::Misc { path, .. } = &mut check.kind {
            *path = command;
        }
        Ok(())
    }),
    used("misc_dynamic", |check, _| {
        if let CheckKind::Misc { dynamic, .. } = &mut check.kind {
            *dynamic = true;
        }
        Ok(())
    }),
    ignored("misc_timeout", NO_CHECKS),
    ignored("user", NO_CHECKS),
];

pub(super) const SMTP: &[Keyword<Check>] =
    &[ignored("helo_name", NO_CHECKS), ignored("host", NO_CHECKS)];

pub(super) const DNS: &[Keyword<Check>] = &[ignored("type", NO_CHECKS), ignored("name", NO_CHECKS)];

pub(super) const UDP: &[Keyword<Check>] = &[
    ignored("payload", NO_CHECKS),
    ignored("require_reply", NO_CHECKS),
    ignored("min_reply_length", NO_CHECKS),
    ignored("max_reply_length", NO_CHECKS),
];

pub(super) const BFD: &[Keyword<Check>] = &[ignored("name", NO_CHECKS)];

pub(super) const FILE: &[Keyword<Check>] = &[
    ignored("track_file", NO_CHECKS),
    ignored("dynamic", NO_CHECKS),
    ignored("weight", NO_CHECKS),
];
