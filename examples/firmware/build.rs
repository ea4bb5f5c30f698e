//! Tells the linker which memory the board has.

fn main() {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let target = std::env::var("TARGET").unwrap_or_default();
    let (board, script) = match target.split_once('-') {
        Some((cpu, "none-eabi" | "none-eabihf")) if cpu.starts_with("thumb") => {
            ("mps2-an386", "link.x")
        }
        Some((cpu, "unknown-none-elf")) if cpu.starts_with("riscv32") => ("virt", "virt.x"),
        _ => return,
    };
    println!("cargo::rustc-link-search={root}/boards/{board}");
    println!("cargo::rustc-link-arg-bins=-T{script}");
    // One copy of functions that are alike.
    println!("cargo::rustc-link-arg-bins=--icf=all");
    println!("cargo::rerun-if-changed=boards/{board}");
}
