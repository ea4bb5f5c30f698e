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
static MEMORY: Arena<26_048> = Arena::new();

/// The board has no source of random numbers. A product has one, and draws this at every start:
/// without a secret a stranger can make the tables slow.
const SEED: [u64; 2] = [0x6c76_735f_6669_726d, 0x7761_7265_5f73_6565];

fn serve(board: &mut impl Board) -> ! {
    // Both are used where they are made: moving them would take their size twice.
    match &mut director(&SITE, SEED) {
        Ok(director) => match &mut Gateway::new(&SITE, director, SEED) {
            Ok(gateway) => {
                MEMORY.seal();
                run(board, gateway, MEMORY.used())
            }
            Err(_) => give_up(board),
        },
        Err(_) => give_up(board),
    }
}

/// Does not come back, so that nobody has to take down what was set up.
fn give_up(board: &mut impl Board) -> ! {
    board.print("the site cannot be run\n");
    machine::halt()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    machine::print("panic\n");
    machine::halt()
}
