//! A frame and the room in front of it.

use core::cell::Cell;

/// There is no room in front of a frame for what is to be put there; the frame is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{needed} octets of headroom are needed, {available} are there")]
pub struct NoHeadroom {
    /// Octets that are to be put in front.
    pub needed: usize,
    /// Octets that are free in front.
    pub available: usize,
}

/// The bounds of a frame reach past the end of its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {len} octets at offset {offset} does not fit into a buffer of {buffer}")]
pub struct OutOfBuffer {
    /// Octets before the frame.
    pub offset: usize,
    /// Octets of the frame.
    pub len: usize,
    /// Octets of the buffer.
    pub buffer: usize,
}

/// An Ethernet frame in a buffer that may have room in front of it: headroom, in DPDK's and
/// Linux's word.
///
/// All rewriting is in place. What makes a frame longer makes it grow to the front: a tunnel by
/// [`Tunnel::overhead`](crate::Tunnel::overhead), the client's address in a TCP option by up to
/// [`toa::MAX_LEN`](crate::toa::MAX_LEN). What is behind a frame is never touched.
///
/// ```
/// use lvs_proto::{Frame, NoHeadroom};
///
/// let mut buffer = [0; 128];
/// let mut frame = Frame::new(&mut buffer, 64, 60)?;
/// assert_eq!((frame.headroom(), frame.octets().len()), (64, 60));
///
/// frame.push_front(20)?;
/// assert_eq!((frame.headroom(), frame.octets().len()), (44, 80));
/// assert_eq!(frame.push_front(45), Err(NoHeadroom { needed: 45, available: 44 }));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Frame<'a> {
    /// Up to the end of the frame.
    buffer: &'a mut [u8],
    /// Where the frame begins; never past the end of `buffer`.
    offset: usize,
}

impl<'a> Frame<'a> {
    /// The `len` octets of `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`OutOfBuffer`] if the buffer ends before the frame.
    pub fn new(buffer: &'a mut [u8], offset: usize, len: usize) -> Result<Self, OutOfBuffer> {
        let error = OutOfBuffer { offset, len, buffer: buffer.len() };
        let end = offset.checked_add(len).ok_or(error)?;
        Ok(Self { buffer: buffer.get_mut(..end).ok_or(error)?, offset })
    }

    /// Octets that are free in front of the frame.
    #[must_use]
    pub const fn headroom(&self) -> usize {
        self.offset
    }

    /// The frame's octets.
    #[must_use]
    #[inline]
    pub fn octets(&self) -> &[u8] {
        self.buffer.get(self.offset..).unwrap_or_default()
    }

    /// The frame's octets, to change.
    #[must_use]
    #[inline]
    pub fn octets_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.offset..).unwrap_or_default()
    }

    /// Lets the frame begin `len` octets earlier. What they hold is up to the caller.
    ///
    /// # Errors
    /// [`NoHeadroom`] if they are not there; the frame is unchanged.
    pub const fn push_front(&mut self, len: usize) -> Result<(), NoHeadroom> {
        match self.offset.checked_sub(len) {
            Some(offset) => {
                self.offset = offset;
                Ok(())
            }
            None => Err(NoHeadroom { needed: len, available: self.offset }),
        }
    }

    /// Makes room for `len` octets at `place`: what is before it moves to the front.
    pub(crate) fn open(&mut self, place: usize, len: usize) -> Result<(), NoHeadroom> {
        self.push_front(len)?;
        let octets = Cell::from_mut(self.octets_mut()).as_slice_of_cells();
        for (to, from) in octets.iter().zip(octets.get(len..).unwrap_or_default()).take(place) {
            to.set(from.get());
        }
        Ok(())
    }

    /// Takes `len` octets at `place` away: what is before them moves to the back.
    pub(crate) fn close(&mut self, place: usize, len: usize) {
        let octets = Cell::from_mut(self.octets_mut()).as_slice_of_cells();
        let to = octets.get(len..).unwrap_or_default();
        for (to, from) in to.iter().zip(octets).take(place).rev() {
            to.set(from.get());
        }
        self.offset = self.offset.saturating_add(len).min(self.buffer.len());
    }
}

/// A frame that fills its buffer: it can be rewritten, but not grow.
impl<'a> From<&'a mut [u8]> for Frame<'a> {
    fn from(octets: &'a mut [u8]) -> Self {
        Self { buffer: octets, offset: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_checked() {
        let mut buffer = [0; 64];
        assert!(Frame::new(&mut buffer, 4, 60).is_ok());
        for (offset, len) in [(5, 60), (65, 0), (usize::MAX, 2), (0, 65)] {
            let error = OutOfBuffer { offset, len, buffer: 64 };
            assert_eq!(Frame::new(&mut buffer, offset, len).map(|_| ()), Err(error));
        }
        let whole = Frame::from(&mut buffer[..]);
        assert_eq!((whole.headroom(), whole.octets().len()), (0, 64));
    }

    #[test]
    fn room_can_be_made_anywhere() {
        for place in 0..=5 {
            for len in 0..=3 {
                let mut buffer = [0, 0, 0, 1, 2, 3, 4, 5];
                let mut frame = Frame::new(&mut buffer, 3, 5).unwrap();
                frame.open(place, len).unwrap();
                assert_eq!(frame.octets()[..place], [1, 2, 3, 4, 5][..place]);
                assert_eq!(frame.octets()[place + len..], [1, 2, 3, 4, 5][place..]);
                let error = NoHeadroom { needed: 4, available: 3 - len };
                assert_eq!(frame.open(place, 4), Err(error));
            }
        }
    }

    #[test]
    fn octets_can_be_taken_away_anywhere() {
        for place in 0..=5 {
            for len in 0..=5 - place {
                let mut buffer = [0, 1, 2, 3, 4, 5];
                let mut frame = Frame::new(&mut buffer, 1, 5).unwrap();
                frame.close(place, len);
                assert_eq!(frame.octets()[..place], [1, 2, 3, 4, 5][..place]);
                assert_eq!(frame.octets()[place..], [1, 2, 3, 4, 5][place + len..]);
                frame.close(usize::MAX, usize::MAX);
                assert_eq!(frame.octets(), []);
            }
        }
    }

    #[test]
    fn what_surrounds_a_frame_stays() {
        let mut buffer = [1; 8];
        let mut frame = Frame::new(&mut buffer, 4, 2).unwrap();
        frame.push_front(1).unwrap();
        frame.octets_mut().fill(2);
        assert_eq!(frame.push_front(4), Err(NoHeadroom { needed: 4, available: 3 }));
        assert_eq!(frame.octets(), [2; 3]);
        assert_eq!(buffer, [1, 1, 1, 2, 2, 2, 1, 1]);
    }
}
