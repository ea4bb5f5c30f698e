//! Where the linker finds the memory of the board.

fn main() {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let target = std::env::var("TARGET").unwrap_or_default();
    let board = match target.split('-').next() {
        Some(cpu) if cpu.starts_with("thumb") => "mps2-an386",
        _ => return,
    };
    println!("cargo::rustc-link-search={root}/boards/{board}");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=boards/{board}/memory.x");
}
