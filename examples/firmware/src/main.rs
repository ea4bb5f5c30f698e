//! The image: configures the gateway of the [`SITE`], seals the memory, and runs.
#![no_std]
#![no_main]

mod register;
mod stack;

#[cfg(target_arch = "arm")]
#[path = "mps2/mod.rs"]
mod machine;
#[cfg(target_arch = "riscv32")]
#[path = "virt/mod.rs"]
mod machine;

use core::panic::PanicInfo;

use lvs_firmware::{Arena, Board, Gateway, SITE, director, run};

/// What the tables of the site take, and little more.
#[global_allocator]
static MEMORY: Arena<{ 31 * 1024 }> = Arena::new();

/// The board has no source of random numbers. A product has one, and draws this at every start:
/// without a secret a stranger can make the tables slow.
const SEED: [u64; 2] = [0x6c76_735f_6669_726d, 0x7761_7265_5f73_6565];

fn serve(board: &mut impl Board) -> ! {
    // Both are used where they are made: moving them would take their size twice.
    if let Ok(director) = &mut director(&SITE, SEED) {
        if let Ok(gateway) = &mut Gateway::new(&SITE, director, SEED) {
            MEMORY.seal();
            run(board, gateway, MEMORY.used())
        }
    }
    board.print("the site cannot be run\n");
    machine::halt()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    machine::print("panic\n");
    machine::halt()
}
