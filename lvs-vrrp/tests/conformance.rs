//! `docs/conformance-vrrp.md`: each obligation of the RFCs and each rule of ours, the code that follows
//! it and the tests that prove it.
//!
//! The table is made from `docs/rules-vrrp.txt` and from the ids that sources and tests cite.
//! `UPDATE_DOCS=1 cargo test -p lvs-vrrp --test conformance` writes it anew.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = "docs/conformance-vrrp.md";
const RULES: &str = "docs/rules-vrrp.txt";

#[test]
fn every_obligation_is_met_and_tested_or_has_a_reason_not_to_be() {
    let rules = read(RULES);
    let rules: Vec<Rule<'_>> = rules.lines().filter_map(Rule::parse).collect();
    let known: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
    let mut citations = Citations::default();
    for folder in ["lvs-proto", "lvs-vrrp", "examples/lvsd"] {
        citations.read(folder, &known);
    }
    let table = table(&rules, &citations);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join(TABLE), &table).unwrap();
    }
    let lacking: Vec<_> = rules.iter().filter_map(|rule| lacking(rule, &citations)).collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    assert!(read(TABLE) == table, "{TABLE} is stale: UPDATE_DOCS=1 writes it anew");
    assert!(citations.unknown.is_empty(), "cited, but no rule: {:?}", citations.unknown);
}

struct Rule<'a> {
    id: &'a str,
    level: &'a str,
    gist: &'a str,
    /// Why it is not ours to do.
    reason: Option<&'a str>,
}

impl<'a> Rule<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t');
        let id = fields.next().filter(|id| !id.is_empty() && !id.starts_with('#'))?;
        let (level, gist) = (fields.next()?, fields.next()?);
        Some(Self { id, level, gist, reason: fields.next() })
    }

    /// Whether it is a rule of this project, and not an RFC's.
    fn is_ours(&self) -> bool {
        self.level == "rule"
    }
}

/// What is missing: code, or a test.
fn lacking(rule: &Rule<'_>, citations: &Citations) -> Option<String> {
    let Rule { id, gist, .. } = rule;
    if rule.reason.is_some() {
        return None;
    }
    if !citations.tests.contains_key(*id) {
        return Some(format!("{id}: no test: {gist}"));
    }
    // Some rules of this project say what comes of others together.
    let unmet = !citations.code.contains_key(*id) && !rule.is_ours();
    unmet.then(|| format!("{id}: no code: {gist}"))
}

fn table(rules: &[Rule<'_>], citations: &Citations) -> String {
    let mut table = String::from(
        "# Conformance: VRRP\n\n\
         What RFC 9568 with its errata, RFC 5798 and RFC 3768 oblige a router to, which code does it, and\n\
         which tests cite it; or why it is not ours to do. The profiles differ where the RFCs do. Made by\n\
         `UPDATE_DOCS=1 cargo test -p lvs-vrrp --test conformance`; to change it, change the sources or\n\
         [rules-vrrp.txt](rules-vrrp.txt). Whatever a recording can show is also proven by the replay of\n\
         recordings of two daemons. Behind the obligations are the [rules of this\n\
         project](#rules-of-this-project), which say the rest.\n\n\
         | id | level | obligation | code | tests |\n|---|---|---|---|---|\n",
    );
    let (ours, obligations): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.is_ours());
    for rule in obligations {
        let Rule { id, level, gist, .. } = rule;
        let _ = writeln!(table, "| {id} | {level} | {gist} | {} |", cited(rule, citations));
    }
    table += "\n## Rules of this project\n\n\
        Of the codec (A, W), receiving (RX), timers (T), the state machine (FSM), announcing (ND), scenarios\n\
        (SC), what keepalived and others do beyond the RFCs (X), scale and late timers (S), security (SEC), and\n\
        what holds throughout (CORE).\n\n\
        | id | rule | code | tests |\n|---|---|---|---|\n";
    for rule in ours {
        let Rule { id, gist, .. } = rule;
        let _ = writeln!(table, "| {id} | {gist} | {} |", cited(rule, citations));
    }
    table
}

/// The cells of code, or of why there is none, and of tests.
fn cited(rule: &Rule<'_>, citations: &Citations) -> String {
    let files = |cited: &Files| {
        let files = cited.get(rule.id).into_iter().flatten();
        files.map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let code = rule.reason.map_or_else(|| files(&citations.code), |reason| format!("*{reason}*"));
    format!("{code} | {}", files(&citations.tests))
}

type Files = BTreeMap<String, BTreeSet<String>>;

/// Which files cite which obligation.
#[derive(Default)]
struct Citations {
    code: Files,
    tests: Files,
    unknown: BTreeSet<String>,
}

impl Citations {
    /// Reads the sources and the tests of a crate.
    fn read(&mut self, folder: &str, known: &[&str]) {
        let families: BTreeSet<&str> = known.iter().filter_map(|id| family(id)).collect();
        // This file's ids are examples.
        let paths = sources(&root().join(folder));
        for path in paths.iter().filter(|path| !path.ends_with(file!())) {
            let text = fs::read_to_string(path).unwrap();
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let in_src = path.components().any(|part| part.as_os_str() == "src");
            let (code, tests) = match text.split_once("\n#[cfg(test)]\nmod tests {") {
                _ if !in_src || path.ends_with("tests.rs") => ("", &text[..]),
                Some((code, tests)) => (code, tests),
                None => (&text[..], ""),
            };
            for (text, is_code) in [(code, true), (tests, false)] {
                for id in ids_in_brackets(text, known).chain(ids_in_names(text)) {
                    let files = if is_code { &mut self.code } else { &mut self.tests };
                    if known.contains(&&id[..]) {
                        files.entry(id).or_default().insert(name.clone());
                    } else if family(&id).is_some_and(|of| families.contains(of)) {
                        self.unknown.insert(id);
                    }
                }
            }
        }
    }
}

/// `[V3-RX-4]`, in rustdoc `\[V3-RX-4\]`, and all from `[V3-INI-1]` to `[V3-INI-4]`.
fn ids_in_brackets<'a>(text: &'a str, known: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let pieces: Vec<_> = text.split('[').skip(1).filter_map(|rest| rest.split_once(']')).collect();
    // Of `[CORE-4 a]` the rule.
    let id =
        |(id, _): &(&'a str, &'a str)| id.trim_end_matches('\\').split(' ').next().unwrap_or(id);
    let mut ids: Vec<String> = pieces.iter().map(|piece| id(piece).to_owned()).collect();
    for pair in pieces.windows(2) {
        let between = pair[0].1.trim_end_matches('\\').trim();
        let ends = [id(&pair[0]), id(&pair[1])];
        let [from, to] = ends.map(|end| known.iter().position(|known| *known == end));
        if let (true, Some(from), Some(to)) = (between == "to", from, to) {
            ids.extend(known[from..=to].iter().map(|id| (*id).to_owned()));
        }
    }
    ids.into_iter()
}

/// The ids in the names of tests: `fn v3_bk_7_8_10_v2_bk_5_...` has four.
fn ids_in_names(text: &str) -> impl Iterator<Item = String> + '_ {
    let functions = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
    functions.flat_map(|name| {
        let words: Vec<&str> = name.split(['_', '(']).collect();
        let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        let mut ids: Vec<(String, u32)> = Vec::new();
        for (index, word) in words.iter().enumerate().filter(|(_, word)| is_number(word)) {
            let number = word.parse().unwrap();
            let before = &words[..index];
            match (before.last(), ids.last().cloned()) {
                (Some(&"to"), Some((family, from))) => {
                    ids.extend((from + 1..=number).map(|number| (family.clone(), number)));
                }
                (Some(word), Some((family, _))) if is_number(word) => ids.push((family, number)),
                (Some(word), _) => {
                    let version = before.len().checked_sub(2).map(|at| before[at]);
                    let version = version.filter(|word| ["v2", "v3", "nd", "arp"].contains(word));
                    let family: Vec<_> = version.into_iter().chain([*word]).collect();
                    ids.push((family.join("-").to_uppercase(), number));
                }
                (None, _) => {}
            }
        }
        ids.into_iter().map(|(family, number)| format!("{family}-{number}")).collect::<Vec<_>>()
    })
}

/// `V3-RX` of `V3-RX-4`.
fn family(id: &str) -> Option<&str> {
    id.rsplit_once('-').map(|(family, _)| family)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}
