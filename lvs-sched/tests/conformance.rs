//! `docs/conformance-ipvs.md`: each rule of IPVS, the code that follows it and the tests that prove it.
//!
//! The table is made from `docs/rules-ipvs.txt` and from the rule ids that sources and tests cite.
//! `UPDATE_DOCS=1 cargo test -p lvs-sched --test conformance` writes it anew.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = "docs/conformance-ipvs.md";
const RULES: &str = "docs/rules-ipvs.txt";

#[test]
fn every_rule_is_followed_or_has_a_reason_not_to_be() {
    let rules = read(RULES);
    let rules: Vec<Rule<'_>> = rules.lines().filter_map(Rule::parse).collect();
    let code = citations(&["lvs-proto/src", "lvs-sched/src", "examples/lvsd/src"]);
    let tests = citations(&["lvs-proto/tests", "lvs-sched/tests"]);
    let table = table(&rules, &code, &tests);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root().join(TABLE), &table).unwrap();
    }
    assert!(read(TABLE) == table, "{TABLE} is stale: UPDATE_DOCS=1 writes it anew");
    for rule in &rules {
        let cited = code.contains_key(rule.id) || tests.contains_key(rule.id);
        assert!(cited != rule.reason.is_some(), "{}: code or a reason, and not both", rule.id);
    }
    let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
    let families: BTreeSet<&str> = known.iter().filter_map(|id| family(id)).collect();
    for id in code.keys().chain(tests.keys()) {
        let ours = family(id).is_some_and(|family| families.contains(family));
        assert!(!ours || known.contains(id.as_str()), "{id} is cited, but no rule");
    }
}

struct Rule<'a> {
    id: &'a str,
    gist: &'a str,
    /// Why it is not ours to follow.
    reason: Option<&'a str>,
}

impl<'a> Rule<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t');
        let id = fields.next().filter(|id| !id.is_empty() && !id.starts_with('#'))?;
        Some(Self { id, gist: fields.next().unwrap_or_default(), reason: fields.next() })
    }
}

type Citations = BTreeMap<String, BTreeSet<String>>;

fn table(rules: &[Rule<'_>], code: &Citations, tests: &Citations) -> String {
    let mut table = String::from(
        "# Conformance: IPVS\n\n\
         Which code follows each rule, and which tests cite it; or why it is not ours to follow. Made by\n\
         `UPDATE_DOCS=1 cargo test -p lvs-sched --test conformance`; to change it, change the sources or\n\
         [rules-ipvs.txt](rules-ipvs.txt). Whatever a recording can show is also proven by the replay of\n\
         recordings of two kernels. In a gist, REF is the newer of them, 6.1.192, and CLASSIC the older; a\n\
         dest is a destination, a conn a connection, and := sets.\n\n\
         | rule | gist | code | tests |\n|---|---|---|---|\n",
    );
    for rule in rules {
        let files = |cited: &Citations| {
            let files = cited.get(rule.id).into_iter().flatten();
            files.map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let code =
            rule.reason.map_or_else(|| files(code), |reason| format!("*not ours: {reason}*"));
        let _ = writeln!(table, "| {} | {} | {code} | {} |", rule.id, rule.gist, files(tests));
    }
    table
}

/// Which files of `folders` cite which rule, as `[WRR-4]` or in a test's name as `wrr_4`.
fn citations(folders: &[&str]) -> Citations {
    let mut citations = Citations::new();
    let paths = folders.iter().flat_map(|folder| sources(&root().join(folder)));
    // This file's ids are examples.
    for path in paths.filter(|path| !path.ends_with(file!())) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let brackets = text.split('[').skip(1).filter_map(|rest| rest.split(']').next());
        let brackets = brackets.map(|id| id.trim_end_matches('\\').to_owned());
        let names = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("fn "))
            .flat_map(ids_in_name);
        for id in brackets.chain(names).filter(|id| family(id).is_some()) {
            citations.entry(id).or_default().insert(name.clone());
        }
    }
    citations
}

/// The ids in a test's name: `wrr_4_and_wrr_10_...` has two.
fn ids_in_name(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split(['_', '(']).collect();
    let pairs = words.windows(2).filter(|pair| pair[1].bytes().all(|byte| byte.is_ascii_digit()));
    pairs.map(|pair| format!("{}-{}", pair[0].to_uppercase(), pair[1])).collect()
}

/// The family of a rule id: `WRR` of `WRR-4`.
fn family(id: &str) -> Option<&str> {
    let (family, number) = id.split_once('-')?;
    let letters = !family.is_empty()
        && family.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (letters && digits).then_some(family)
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
