//! What a board brings, and the loop that runs a gateway on it.

use lvs_proto::Instant;

use crate::console::Console;
use crate::{Gateway, LONGEST_FRAME};

/// Frames taken in before time is looked at again.
const FRAMES_PER_ROUND: usize = 16;

/// What a board brings: a clock, an Ethernet interface and a console. To port the firmware is to
/// write one of these.
pub trait Board {
    /// The time since the board began; it must never go back.
    fn now(&mut self) -> Instant;

    /// The next frame received, without its checksum: how many octets of `frame` it takes.
    fn receive(&mut self, frame: &mut [u8; LONGEST_FRAME]) -> Option<usize>;

    /// Sends a frame, or drops it if there is no room.
    fn send(&mut self, frame: &[u8]);

    /// The next octet typed at the console.
    fn typed(&mut self) -> Option<u8>;

    /// Writes to the console.
    fn print(&mut self, text: &str);

    /// How much of the stack was ever in use.
    fn stack(&self) -> StackUse;

    /// Waits until a frame may have come, a millisecond at most.
    fn rest(&mut self);
}

/// A stack, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackUse {
    /// The most that was ever in use.
    pub used: usize,
    /// All of it.
    pub size: usize,
}

/// Runs `gateway` on `board`. `heap_used` is for the console's report.
pub fn run(board: &mut impl Board, gateway: &mut Gateway<'_>, heap_used: usize) -> ! {
    let mut frame = [0; LONGEST_FRAME];
    let mut console = Console::new(heap_used);
    gateway.start(board.now(), &mut |frame| board.send(frame));
    loop {
        for _ in 0..FRAMES_PER_ROUND {
            let Some(length) = board.receive(&mut frame) else { break };
            let Some(octets) = frame.get_mut(..length) else { break };
            gateway.handle_frame(board.now(), octets, &mut |frame| board.send(frame));
        }
        let now = board.now();
        if gateway.next_deadline().is_some_and(|deadline| deadline <= now) {
            gateway.handle_timeout(now, &mut |frame| board.send(frame));
        }
        console.attend(board, gateway);
        board.rest();
    }
}
