//! What documents link to is there, and the book has every page.

use std::collections::HashSet;
use std::fs;

use super::{documents, root};

/// What a document links to: `[text](this)`, outside of code.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let starts = prose.flat_map(|part| part.split("](").skip(1));
    starts.filter_map(|rest| rest.split_once(')').map(|(link, _)| link)).collect()
}

/// The anchors of a document's headings, as mdBook and GitHub make them.
fn anchors(text: &str) -> HashSet<String> {
    let prose = text.split("```").step_by(2).flat_map(str::lines);
    prose.filter_map(|line| line.strip_prefix('#')).map(anchor).collect()
}

fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
}

#[test]
fn every_link_resolves() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            let is_there = target.exists()
                && (fragment.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap()).contains(fragment));
            if !is_there {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_book_has_every_page_and_links_to_nothing_outside() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let chapters: HashSet<&str> = links(&summary).into_iter().collect();
    for entry in fs::read_dir(&docs).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if !name.ends_with(".md") || name == "SUMMARY.md" {
            continue;
        }
        assert!(chapters.contains(name.as_str()), "{name} is no chapter");
        let text = fs::read_to_string(entry.path()).unwrap();
        let outside = links(&text).into_iter().find(|link| link.starts_with("../"));
        assert_eq!(outside, None, "{name}");
    }
}
