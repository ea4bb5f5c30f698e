//! The words of a line, and the numbers and addresses among them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::ops::Range;

use super::{RuleError, RuleErrorKind as Kind};

/// A word and where it begins in the line.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Word<'_> {
    const fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    pub(super) const fn error(&self, kind: Kind) -> RuleError {
        RuleError { range: self.range(), kind }
    }

    /// A decimal number without sign.
    pub(super) fn number(&self, kind: Kind) -> Result<u32, RuleError> {
        let digits = self.text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { self.text.parse().ok() } else { None };
        number.ok_or_else(|| self.error(kind))
    }

    /// An address, and the port if it is there.
    pub(super) fn address(&self) -> Result<(IpAddr, Option<u16>), RuleError> {
        if let Ok(both) = self.text.parse::<SocketAddr>() {
            let zone = matches!(both, SocketAddr::V6(v6) if v6.scope_id() != 0);
            return if zone {
                Err(self.error(Kind::Address))
            } else {
                Ok((both.ip(), Some(both.port())))
            };
        }
        if let Ok(v4) = self.text.parse::<Ipv4Addr>() {
            return Ok((v4.into(), None));
        }
        let inner = self.text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let v6 = inner.and_then(|text| text.parse::<Ipv6Addr>().ok());
        v6.map(|v6| (v6.into(), None)).ok_or_else(|| self.error(Kind::Address))
    }
}

#[derive(Clone)]
pub(super) struct Words<'a> {
    line: &'a str,
    position: usize,
}

impl<'a> Words<'a> {
    pub(super) const fn new(line: &'a str) -> Self {
        Self { line, position: 0 }
    }

    pub(super) const fn end(&self) -> Word<'a> {
        Word { text: "", start: self.line.len() }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.line.get(self.position..)?;
        let start = self.position + rest.find(|letter: char| !letter.is_whitespace())?;
        let rest = self.line.get(start..)?;
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.position = start + length;
        Some(Word { text: rest.get(..length)?, start })
    }
}

/// `--name=value` in two.
pub(super) fn split_value(word: Word<'_>) -> (Word<'_>, Option<Word<'_>>) {
    match word.text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => {
            let start = word.start + name.len() + 1;
            (Word { text: name, start: word.start }, Some(Word { text: value, start }))
        }
        _ => (word, None),
    }
}
