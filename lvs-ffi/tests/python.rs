//! The Python of docs/porting.md works.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::process::Command;
use std::{env, fs};

mod common;
use common::{is_installed, root, run};

#[test]
fn python_of_the_book() {
    if !is_installed("python3") {
        return;
    }
    let book = fs::read_to_string(root().join("docs/porting.md")).unwrap();
    let (_, rest) = book.split_once("```python\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let library = env::current_exe().unwrap().with_file_name("liblvs.so");
    let printed = run(Command::new("python3").args(["-c", program]).env("LIBLVS", library));
    assert_eq!(printed, "40000 10.2.0.2\n40001 10.2.0.1\n40002 10.2.0.2\n40003 10.2.0.1\n");
}
