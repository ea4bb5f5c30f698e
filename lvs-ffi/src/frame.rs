//! Frames: Ethernet frames in buffers of the caller's.

use core::mem::MaybeUninit;

use lvs_proto::{Flow, Frame, ParseError, parse};

use crate::door::{items, items_mut, required, status};
use crate::flow::hook;
use crate::lvs_status::{LVS_ERR_COUNT, LVS_ERR_MALFORMED, LVS_ERR_NOT_IP, LVS_ERR_NULL};
use crate::{lvs_flow, lvs_status};

/// A frame in a buffer, and what the caller knows of it besides. A frame that is put into a tunnel
/// begins earlier in its buffer: 52 octets of headroom are enough for any. Nothing behind a frame is
/// touched.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_frame {
    /// The buffer, of `offset` plus `length` octets at least.
    pub buffer: *mut u8,
    /// Octets of headroom: the Ethernet header begins here.
    pub offset: usize,
    /// Octets of the frame, Ethernet header included.
    pub length: usize,
    /// The firewall mark that the caller put on the packet; 0 is no mark.
    pub mark: u32,
    /// LVS_HOOK_LOCAL_IN, LVS_HOOK_FORWARD or LVS_HOOK_LOCAL_OUT.
    pub hook: u8,
    /// Not 0 if it rides on a confirmed conntrack entry: one that an earlier packet made.
    pub tracked: u8,
    /// Not 0 if its destination address routes as unicast: to another host, not to this one.
    pub unicast: u8,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_frame>() == 32);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_frame>() == 20);

/// Fills in the flow that a frame belongs to, VLAN tags or not. Of all checksums only that of the
/// IPv4 header is verified.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_HOOK`; `LVS_ERR_NOT_IP` if it carries neither IPv4 nor
/// IPv6; `LVS_ERR_MALFORMED` if it is cut short or damaged.
///
/// # Safety
/// `frame` points to a frame with its octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_frame_parse(
    frame: Option<&lvs_frame>,
    out: Option<&mut MaybeUninit<lvs_flow>>,
) -> lvs_status {
    status(|| {
        let (frame, out) = (required(frame)?, required(out)?);
        // SAFETY: the caller's contract.
        let mut flow = parse(unsafe { frame.octets() }?)?;
        frame.inform(&mut flow)?;
        out.write(lvs_flow::from(&flow));
        Ok(())
    })
}

impl lvs_frame {
    /// The frame's octets.
    ///
    /// # Safety
    /// The buffer is NULL or as long as the frame says, and nothing changes it during `'a`.
    #[inline]
    pub(crate) unsafe fn octets<'a>(&self) -> Result<&'a [u8], lvs_status> {
        // SAFETY: the caller vouches for it.
        let buffer = unsafe { items(self.buffer.cast_const(), self.end()?) }?;
        buffer.get(self.offset..).ok_or(LVS_ERR_NULL)
    }

    /// The frame and its headroom, to be written.
    ///
    /// # Safety
    /// The buffer is NULL or as long as the frame says, and nothing else touches it during `'a`.
    #[inline]
    pub(crate) unsafe fn open<'a>(&self) -> Result<Frame<'a>, lvs_status> {
        // SAFETY: the caller vouches for it.
        let buffer = unsafe { items_mut(self.buffer, self.end()?) }?;
        Frame::new(buffer, self.offset, self.length).map_err(|_| LVS_ERR_NULL)
    }

    fn end(&self) -> Result<usize, lvs_status> {
        self.offset.checked_add(self.length).ok_or(LVS_ERR_COUNT)
    }

    /// Adds to the flow of the frame's octets what these do not say.
    #[inline]
    pub(crate) fn inform(&self, flow: &mut Flow) -> Result<(), lvs_status> {
        flow.hook = hook(self.hook)?;
        flow.mark = self.mark;
        flow.tracked = self.tracked != 0;
        flow.unicast = self.unicast != 0;
        Ok(())
    }
}

impl From<ParseError> for lvs_status {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::NotIp(_) => LVS_ERR_NOT_IP,
            _ => LVS_ERR_MALFORMED,
        }
    }
}
