//! A block's keywords as a table, and how a block is read by it.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::slice;
use std::str::FromStr;
use std::time::Duration;

use super::report::{Report, Verdict};
use super::syntax::Statement;

/// Puts a statement into the model of its block; an error is another verdict than the table's.
pub(super) type Read<T> = fn(&mut T, &mut Input<'_>) -> Outcome;

/// What reading comes to.
pub(super) type Outcome<V = ()> = Result<V, Verdict>;

/// A keyword of a block that is kept in a `T`.
pub(super) struct Keyword<T> {
    pub(super) name: &'static str,
    effect: Effect,
    read: Read<T>,
}

enum Effect {
    Used,
    Ignored(&'static str),
    Unsupported(&'static str),
}

/// A keyword that is acted on.
pub(super) const fn used<T>(name: &'static str, read: Read<T>) -> Keyword<T> {
    Keyword { name, effect: Effect::Used, read }
}

/// A keyword that makes no difference.
pub(super) const fn ignored<T>(name: &'static str, why: &'static str) -> Keyword<T> {
    Keyword { name, effect: Effect::Ignored(why), read: pass_over }
}

/// A keyword that would make a difference.
pub(super) const fn unsupported<T>(name: &'static str, why: &'static str) -> Keyword<T> {
    Keyword { name, effect: Effect::Unsupported(why), read: pass_over }
}

/// A keyword that is read into the model; nothing acts on it yet, and that makes a difference.
pub(super) const fn unsupported_for_now<T>(
    name: &'static str,
    why: &'static str,
    read: Read<T>,
) -> Keyword<T> {
    Keyword { name, effect: Effect::Unsupported(why), read }
}

fn pass_over<T>(_: &mut T, input: &mut Input<'_>) -> Outcome {
    input.words = [].iter();
    input.block = None;
    Ok(())
}

/// Reads the statements of a block, or of the file, by tables of keywords.
pub(super) fn read_block<T>(
    tables: &[&[Keyword<T>]],
    model: &mut T,
    statements: &[Statement],
    report: &mut Report,
) {
    for statement in statements {
        let Some((name, words)) = statement.words.split_first() else { continue };
        let found = report.begin(statement.line, name);
        let keyword = tables.iter().copied().flatten().find(|keyword| keyword.name == name);
        let verdict = keyword.map_or_else(
            || Verdict::wrong("there is no such keyword here"),
            |keyword| {
                let mut input = Input::new(statement, words, report);
                match (keyword.read)(model, &mut input).and_then(|()| input.finish()) {
                    Ok(()) => keyword.effect.verdict(),
                    Err(verdict) => verdict,
                }
            },
        );
        report.end(found, verdict);
    }
}

impl Effect {
    fn verdict(&self) -> Verdict {
        match *self {
            Self::Used => Verdict::Used,
            Self::Ignored(why) => Verdict::ignored(why),
            Self::Unsupported(why) => Verdict::unsupported(why),
        }
    }
}

/// What is left to be read of a statement.
pub(super) struct Input<'a> {
    /// The line of the statement.
    pub(super) line: usize,
    words: slice::Iter<'a, String>,
    block: Option<&'a [Statement]>,
    report: &'a mut Report,
}

impl<'a> Input<'a> {
    fn new(statement: &'a Statement, words: &'a [String], report: &'a mut Report) -> Self {
        let block = statement.block.as_deref();
        Self { line: statement.line, words: words.iter(), block, report }
    }

    /// The next word, if there is one.
    pub(super) fn next_word(&mut self) -> Option<&'a str> {
        self.words.next().map(String::as_str)
    }

    /// The next word.
    pub(super) fn word(&mut self) -> Outcome<&'a str> {
        self.next_word().ok_or_else(|| Verdict::wrong("something is missing after it"))
    }

    /// All words that are left, as one.
    pub(super) fn line_of_words(&mut self) -> Outcome<String> {
        let first = self.word()?;
        Ok(self.words.by_ref().fold(first.to_owned(), |line, word| line + " " + word))
    }

    /// The next word as whatever is `expected`.
    pub(super) fn parsed<V: FromStr>(&mut self, expected: &str) -> Outcome<V> {
        let word = self.word()?;
        word.parse().map_err(|_| unexpected(word, expected))
    }

    /// The next word as an IP address.
    pub(super) fn address(&mut self) -> Outcome<IpAddr> {
        self.parsed("an IP address")
    }

    /// The next word as a number within `range`.
    pub(super) fn number<N>(&mut self, range: RangeInclusive<N>) -> Outcome<N>
    where
        N: FromStr + PartialOrd + Display,
    {
        let word = self.word()?;
        word.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            unexpected(word, &format!("a number from {} to {}", range.start(), range.end()))
        })
    }

    /// The next word, if there is one, as a port.
    pub(super) fn port(&mut self) -> Outcome<Option<u16>> {
        if self.is_at_end() { Ok(None) } else { self.number(1..=65_535).map(Some) }
    }

    /// Whether no word is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.words.as_slice().is_empty()
    }

    /// Whether it is switched on, as it is without a word.
    pub(super) fn switch(&mut self) -> Outcome<bool> {
        match self.next_word() {
            None | Some("on" | "true" | "yes") => Ok(true),
            Some("off" | "false" | "no") => Ok(false),
            Some(word) => Err(unexpected(word, "on, off, true, false, yes or no")),
        }
    }

    /// The next word as seconds with up to six decimals, at most `most` of them.
    pub(super) fn seconds(&mut self, most: u64) -> Outcome<Duration> {
        let word = self.word()?;
        let expected = || unexpected(word, &format!("a number of seconds up to {most}"));
        decimal_seconds(word).filter(|time| *time <= Duration::from_secs(most)).ok_or_else(expected)
    }

    /// Reads the block by tables of keywords.
    pub(super) fn block<T>(&mut self, tables: &[&[Keyword<T>]], model: &mut T) -> Outcome {
        let statements = self.take_block()?;
        read_block(tables, model, statements, self.report);
        Ok(())
    }

    /// Reads a block that is a list, entry by entry, the first word included.
    pub(super) fn list(&mut self, mut read: impl FnMut(&mut Input<'_>) -> Outcome) -> Outcome {
        for entry in self.take_block()? {
            let Some(name) = entry.words.first() else { continue };
            let found = self.report.begin(entry.line, name);
            let mut input = Input::new(entry, &entry.words, self.report);
            let outcome = read(&mut input).and_then(|()| input.finish());
            self.report.end(found, outcome.err().unwrap_or(Verdict::Used));
        }
        Ok(())
    }

    fn take_block(&mut self) -> Outcome<&'a [Statement]> {
        self.block.take().ok_or_else(|| Verdict::wrong("its block is missing"))
    }

    /// Nothing may be left.
    fn finish(mut self) -> Outcome {
        if let Some(word) = self.next_word() {
            return Err(Verdict::wrong(format!("`{}` has no meaning there", word.escape_debug())));
        }
        match self.block {
            Some(_) => Err(Verdict::wrong("it has no block")),
            None => Ok(()),
        }
    }
}

/// Says what should stand in the place of `word`.
pub(super) fn unexpected(word: &str, expected: &str) -> Verdict {
    Verdict::wrong(format!("`{}` is not {expected}", word.escape_debug()))
}

pub(crate) fn decimal_seconds(word: &str) -> Option<Duration> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 6 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let micros = format!("{fraction:0<6}").parse().ok()?;
    Some(Duration::from_secs(whole.parse().ok()?) + Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        let rows = [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("0.92", Some(920_000)),
            ("4.000001", Some(4_000_001)),
            ("3.", Some(3_000_000)),
            ("2.71828", Some(2_718_280)),
            ("1.0000001", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ];
        for (word, micros) in rows {
            assert_eq!(decimal_seconds(word), micros.map(Duration::from_micros), "{word}");
        }
    }
}
