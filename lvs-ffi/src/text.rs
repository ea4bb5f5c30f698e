//! Text that is written into memory of the caller's.

use core::ffi::c_char;
use core::fmt::{self, Write};

use crate::door::items_mut;
use crate::lvs_status;

/// Writes `shown` as `snprintf` does: as much of it as fits, then a NUL if there is any room. Gives
/// the octets of all of it without the NUL.
///
/// # Safety
/// `text` is NULL or points to room for `capacity` octets that nothing else touches.
pub(crate) unsafe fn write_text(
    text: *mut c_char,
    capacity: usize,
    shown: &impl fmt::Display,
) -> Result<usize, lvs_status> {
    // SAFETY: the caller vouches for it; any octets are octets.
    let room = unsafe { items_mut(text.cast::<u8>(), capacity) }?;
    Ok(show(room, shown))
}

/// The same into a slice.
pub(crate) fn show(room: &mut [u8], shown: &impl fmt::Display) -> usize {
    let last = room.len().saturating_sub(1);
    let mut text = Text { room, length: 0 };
    // Nothing that is shown here refuses to be.
    let _ = write!(text, "{shown}");
    let Text { room, length } = text;
    if let Some(end) = room.get_mut(length.min(last)) {
        *end = 0;
    }
    length
}

struct Text<'a> {
    room: &'a mut [u8],
    /// Octets written, or that would have been.
    length: usize,
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = self.room.get_mut(self.length..).unwrap_or_default();
        for (place, octet) in free.iter_mut().zip(text.bytes()) {
            *place = octet;
        }
        self.length = self.length.saturating_add(text.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_where_the_room_ends() {
        for (capacity, expected) in
            [(0, &b"xxxxx"[..]), (1, b"\0xxxx"), (3, b"ab\0xx"), (4, b"abc\0x"), (5, b"abc\0x")]
        {
            let mut room = *b"xxxxx";
            assert_eq!(show(&mut room[..capacity], &"abc"), 3);
            assert_eq!(room, expected);
        }
    }
}
