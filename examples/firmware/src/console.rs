//! The console: what the device tells, and the letters that it obeys.

use lvs_vrrp::State;

use crate::{Board, Gateway, StackUse};

pub(crate) struct Console {
    told: Option<State>,
    heap_used: usize,
}

impl Console {
    pub(crate) const fn new(heap_used: usize) -> Self {
        Self { told: None, heap_used }
    }

    /// Tells of a new state, and obeys what was typed: `d`own, `u`p, `r`eport.
    pub(crate) fn attend(&mut self, board: &mut impl Board, gateway: &mut Gateway<'_>) {
        match board.typed() {
            Some(b'd') => gateway.stop(board.now(), &mut |frame| board.send(frame)),
            Some(b'u') => gateway.start(board.now(), &mut |frame| board.send(frame)),
            Some(b'r') => self.report(board, gateway),
            _ => {}
        }
        let state = gateway.state();
        if self.told != Some(state) {
            self.told = Some(state);
            board.print(match state {
                State::Initialize => "state Initialize\n",
                State::Backup => "state Backup\n",
                State::Active => "state Active\n",
            });
        }
    }

    fn report(&self, board: &mut impl Board, gateway: &Gateway<'_>) {
        let StackUse { used, size } = board.stack();
        let counters = gateway.counters();
        let rows = [
            ("stack used", used as u64),
            ("stack size", size as u64),
            ("heap used", self.heap_used as u64),
            ("connections", gateway.connections() as u64),
            ("forwarded", counters.forwarded),
            ("replied", counters.replied),
        ];
        for (name, value) in rows {
            board.print(name);
            board.print(" ");
            print_number(board, value);
            board.print("\n");
        }
    }
}

/// `core::fmt` would take more flash than the whole driver.
fn print_number(board: &mut impl Board, number: u64) {
    if number >= 10 {
        print_number(board, number / 10);
    }
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    board.print(DIGITS.get((number % 10) as usize).copied().unwrap_or_default());
}
