//! `include/lvs.h` is what the sources say, and every compiler takes it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test panics")]

use std::collections::HashMap;
use std::ffi::CStr;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};

mod common;
use common::{is_installed, root, run};

/// The sources in the order of the sections of the header.
const SOURCES: [&str; 50] = [
    "version.rs",
    "status.rs",
    "memory.rs",
    "time.rs",
    "address.rs",
    "flow.rs",
    "frame.rs",
    "answer.rs",
    "scheduler.rs",
    "tunnel.rs",
    "dest.rs",
    "pool.rs",
    "verdict.rs",
    "route.rs",
    "policy.rs",
    "service.rs",
    "director/config.rs",
    "director.rs",
    "director/services.rs",
    "director/rules.rs",
    "director/locals.rs",
    "director/packets.rs",
    "director/counters.rs",
    "director/listing.rs",
    "director/conns.rs",
    "director/sync.rs",
    "checker/config.rs",
    "checker/action.rs",
    "checker.rs",
    "neighbors.rs",
    "vrrp/choices.rs",
    "vrrp/advert.rs",
    "vrrp/config.rs",
    "vrrp/action.rs",
    "vrrp/counters.rs",
    "vrrp/memory.rs",
    "vrrp/authentication.rs",
    "vrrp.rs",
    "vrrp/reload.rs",
    "vrrp/interface.rs",
    "vrrp/tracker.rs",
    "vrrp/output.rs",
    "vrrp/status.rs",
    "vrrp/snapshot.rs",
    "vrrp/engine/memory.rs",
    "vrrp/engine.rs",
    "vrrp/engine/input.rs",
    "vrrp/engine/reload.rs",
    "vrrp/engine/status.rs",
    "vrrp/engine/snapshot.rs",
];

#[test]
fn committed_header_is_current() {
    let path = root().join("include/lvs.h");
    let header = header();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        // In one step: compilers read it meanwhile.
        let anew = path.with_extension("anew");
        fs::write(&anew, &header).unwrap();
        fs::rename(anew, &path).unwrap();
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|committed| committed == header),
        "include/lvs.h is stale: UPDATE_HEADER=1 cargo test -p lvs-ffi --test header"
    );
}

#[test]
fn c_and_cxx_compilers_take_the_header_without_a_warning() {
    for (compiler, standard, more) in [
        ("gcc", "c99", "-Wstrict-prototypes"),
        ("gcc", "c11", "-Wstrict-prototypes"),
        ("gcc", "c17", "-Wstrict-prototypes"),
        ("g++", "c++11", "-xc++"),
        ("g++", "c++20", "-xc++"),
        ("clang", "c99", "-Wstrict-prototypes"),
        ("clang", "c11", "-Wstrict-prototypes"),
        ("clang", "c17", "-Wstrict-prototypes"),
        ("clang++", "c++11", "-xc++"),
        ("clang++", "c++20", "-xc++"),
    ] {
        if is_installed(compiler) {
            let standard = format!("-std={standard}");
            check(Command::new(compiler).arg(standard).arg(more), "header.c");
        }
    }
}

#[test]
fn layouts_are_those_that_rust_sees() {
    if is_installed("cc") {
        check(Command::new("cc").arg("-std=c11"), "layout.c");
    }
}

#[test]
fn every_status_has_words() {
    let words = |status| {
        // SAFETY: the words are static and end with a NUL.
        unsafe { CStr::from_ptr(lvs::lvs_strerror(status)) }
    };
    for line in header().lines().filter(|line| line.starts_with("    LVS_ERR_")) {
        let (name, number) = line.trim_end_matches(',').split_once(" = ").unwrap();
        assert_ne!(words(number.parse().unwrap()), words(1), "{name}");
    }
}

fn check(compiler: &mut Command, file: &str) {
    let warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"];
    let include = root().join("include");
    let file = root().join("lvs-ffi/tests/c").join(file);
    run(compiler.arg("-fsyntax-only").args(warnings).arg("-I").arg(include).arg(file));
}

/// The header: a section for each source, its items in the order of the source.
fn header() -> String {
    let sources = SOURCES.map(|file| fs::read_to_string(source(file)).unwrap());
    let names: Vec<&str> = sources.iter().flat_map(|text| exported(text)).collect();
    let bindings = bindings(&names);
    let mut declarations: HashMap<&str, &str> =
        bindings.trim().split("\n\n").map(|text| (declared(text), text)).collect();

    let overview = fs::read_to_string(source("lib.rs")).unwrap();
    let mut header = TOP.replace("OVERVIEW", &module_docs(&overview));
    for text in &sources {
        writeln!(header, "\n/* {:-<75}\n{} */", "", module_docs(text)).unwrap();
        for name in exported(text) {
            let declaration = declarations.remove(name);
            writeln!(header, "\n{}", declaration.expect(name)).unwrap();
        }
    }
    assert!(declarations.is_empty(), "in no section: {:?}", declarations.keys());
    header.push_str(BOTTOM);
    plain(&header)
}

/// Comments as C readers like them: without Markdown, and short ones in one line.
fn plain(header: &str) -> String {
    let header = header
        .replace("\\[", "[")
        .replace("\\]", "]")
        .replace("# Errors\n * ", "Errors: ")
        .replace("# Safety\n * ", "Safety: ");
    let lines: Vec<&str> = header.lines().collect();
    let mut plain = String::new();
    let mut rest = &lines[..];
    while let [line, tail @ ..] = rest {
        rest = match tail {
            [text, end, tail @ ..] if line.ends_with("/**") && end.trim() == "*/" => {
                writeln!(plain, "{line}{} */", text.trim().trim_start_matches('*')).unwrap();
                tail
            }
            _ => {
                writeln!(plain, "{line}").unwrap();
                tail
            }
        };
    }
    plain
}

const TOP: &str = "\
/*
OVERVIEW */

/* Generated from lvs-ffi/src; to change it, change that. SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LVS_H
#define LVS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern \"C\" {
#endif
";

const BOTTOM: &str = "
#ifdef __cplusplus
}
#endif

#endif /* LVS_H */
";

/// All declarations in C, separated by blank lines.
fn bindings(names: &[&str]) -> String {
    let mut config = Config {
        language: Language::C,
        style: Style::Tag,
        documentation_style: DocumentationStyle::Doxy,
        no_includes: true,
        usize_is_size_t: true,
        tab_width: 4,
        ..Config::default()
    };
    config.export.include = names.iter().map(ToString::to_string).collect();
    let builder = SOURCES
        .iter()
        .fold(Builder::new().with_config(config), |builder, file| builder.with_src(source(file)));
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

fn source(file: &str) -> PathBuf {
    root().join("lvs-ffi/src").join(file)
}

/// The lines of a module's documentation, as lines of a C comment.
fn module_docs(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!(" *{line}\n")).collect()
}

/// The names that a source gives to C.
fn exported(source: &str) -> Vec<&str> {
    let kinds = [
        "const ",
        "type ",
        "enum ",
        "struct ",
        "fn ",
        "extern \"C\" fn ",
        "unsafe extern \"C\" fn ",
    ];
    let items = source.lines().filter_map(|line| line.trim_start().strip_prefix("pub "));
    items
        .filter_map(|item| kinds.iter().find_map(|kind| item.strip_prefix(kind)))
        .filter_map(|item| item.split(|c: char| !is_identifier(c)).next())
        .collect()
}

/// The name that a declaration in C declares.
fn declared(declaration: &str) -> &str {
    let (_, declaration) = declaration.split_once("*/").unwrap_or(("", declaration));
    let declaration = declaration.trim();
    // A type of functions has its name in parentheses.
    let declaration = declaration.split_once("(*").map_or(declaration, |(_, name)| name);
    let head = declaration.split(['(', ')', '{', ';']).next().unwrap_or_default().trim();
    let mut words = head.split(|c: char| !is_identifier(c)).filter(|word| !word.is_empty());
    if head.starts_with("#define") { words.nth(1) } else { words.next_back() }.unwrap_or_default()
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
