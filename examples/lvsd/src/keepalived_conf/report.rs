//! What became of each statement of a file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is acted on.
    Used,
    /// It makes no difference here, and why.
    Ignored(Cow<'static, str>),
    /// It would make a difference, and which.
    Unsupported(Cow<'static, str>),
    /// It means nothing as it stands, and why.
    Wrong(Cow<'static, str>),
}

impl Verdict {
    pub(super) fn ignored(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Ignored(reason.into())
    }

    pub(super) fn unsupported(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported(reason.into())
    }

    pub(super) fn wrong(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Wrong(reason.into())
    }

    /// Whether what runs here is not what the file says.
    #[must_use]
    pub const fn changes_behaviour(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::Wrong(_))
    }
}

/// `used`, or the verdict and its reason.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used => f.write_str("used"),
            Self::Ignored(reason) => write!(f, "ignored: {reason}"),
            Self::Unsupported(reason) => write!(f, "unsupported: {reason}"),
            Self::Wrong(reason) => write!(f, "wrong: {reason}"),
        }
    }
}

/// A statement and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line of the statement, from 1.
    pub line: usize,
    /// Its first word.
    pub keyword: String,
    /// What became of it.
    pub verdict: Verdict,
}

impl Finding {
    pub(super) fn new(line: usize, keyword: &str, verdict: Verdict) -> Self {
        Self { line, keyword: keyword.to_owned(), verdict }
    }
}

/// `12 priority: used`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.line, self.keyword.escape_debug(), self.verdict)
    }
}

/// What became of each statement, in the order of the file. A block that is not used stands for
/// what is in it, unless that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// All of it.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What keeps the file from being followed.
    pub fn obstacles(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict.changes_behaviour())
    }

    /// Takes in what was found out about statements later. It counts for those that seemed to be
    /// used.
    pub fn extend(&mut self, later: impl IntoIterator<Item = Finding>) {
        let mut verdicts = BTreeMap::new();
        for Finding { line, keyword, verdict } in later {
            verdicts.entry((line, keyword)).or_insert(verdict);
        }
        for finding in &mut self.findings {
            let later = verdicts.remove(&(finding.line, finding.keyword.clone()));
            if finding.verdict == Verdict::Used {
                finding.verdict = later.unwrap_or(Verdict::Used);
            }
        }
        // What is left is about statements in blocks that are not used.
        for ((line, keyword), verdict) in verdicts {
            self.findings.push(Finding { line, keyword, verdict });
        }
        self.findings.sort_by_key(|finding| finding.line);
    }

    /// Takes in a statement, whose verdict comes when its block has been read.
    pub(super) fn begin(&mut self, line: usize, keyword: &str) -> usize {
        self.findings.push(Finding::new(line, keyword, Verdict::Used));
        self.findings.len() - 1
    }

    /// Gives the statement that [`begin`](Self::begin) took in its verdict.
    pub(super) fn end(&mut self, statement: usize, verdict: Verdict) {
        let in_block = self.findings.split_off(statement + 1);
        let used = verdict == Verdict::Used;
        if let Some(finding) = self.findings.last_mut() {
            finding.verdict = verdict;
        }
        let is_wrong = |finding: &Finding| matches!(finding.verdict, Verdict::Wrong(_));
        self.findings.extend(in_block.into_iter().filter(|finding| used || is_wrong(finding)));
    }
}

/// A line for each verdict, without the file's name.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}
