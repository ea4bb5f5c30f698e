//! The SCTP states of an association as its director sees them.

mod tables;

use core::fmt;

use lvs_proto::SctpChunk;

use crate::state::Way;

/// The state of an SCTP association; the numbers are the kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SctpState {
    /// Before the first chunk.
    #[default]
    None = 0,
    /// The client has asked once.
    Init1 = 1,
    /// The client has asked again.
    Init = 2,
    /// The real server has sent a cookie.
    CookieSent = 3,
    /// The client has shown a cookie.
    CookieReplied = 4,
    /// The real server has asked.
    CookieWait = 5,
    /// The client has sent a cookie.
    Cookie = 6,
    /// The real server has shown a cookie, or was sent one unseen.
    CookieEchoed = 7,
    /// Both sides have agreed.
    Established = 8,
    /// The real server is finishing.
    ShutdownSent = 9,
    /// The client is finishing.
    ShutdownReceived = 10,
    /// The real server has agreed to finish.
    ShutdownAckSent = 11,
    /// The client has refused.
    Rejected = 12,
    /// Over.
    Closed = 13,
}

impl SctpState {
    /// Whether an association in this state counts as active \[CNT-6\].
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Established)
    }

    /// Seconds without a packet after which an association in this state ends (section 4.2).
    #[must_use]
    pub const fn timeout_secs(self) -> u32 {
        match self {
            Self::None => 2,
            Self::Init1 | Self::Rejected => 4,
            Self::Established => 900,
            _ => 61,
        }
    }

    /// The state after a packet, by the table of its way \[SCTP-1\].
    pub(crate) fn after(self, chunk: SctpChunk, way: Way) -> Self {
        let table = match way {
            Way::In => &tables::IN,
            Way::Out => &tables::OUT,
            Way::InputOnly => &tables::INPUT_ONLY,
        };
        let column = match chunk {
            SctpChunk::Data => 0,
            SctpChunk::Init => 1,
            SctpChunk::InitAck => 2,
            SctpChunk::CookieEcho => 3,
            SctpChunk::CookieAck => 4,
            SctpChunk::Shutdown => 5,
            SctpChunk::ShutdownAck => 6,
            SctpChunk::ShutdownComplete => 7,
            SctpChunk::Error => 8,
            SctpChunk::Abort => 9,
        };
        let row = table.get(self as usize);
        row.and_then(|row| row.get(column)).copied().unwrap_or(self)
    }
}

/// The name in `ipvsadm -Lc`.
impl fmt::Display for SctpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "NONE",
            Self::Init1 => "INIT1",
            Self::Init => "INIT",
            Self::CookieSent => "C-SENT",
            Self::CookieReplied => "C-REPLIED",
            Self::CookieWait => "C-WAIT",
            Self::Cookie => "COOKIE",
            Self::CookieEchoed => "C-ECHOED",
            Self::Established => "ESTABLISHED",
            Self::ShutdownSent => "S-SENT",
            Self::ShutdownReceived => "S-RECEIVED",
            Self::ShutdownAckSent => "S-ACK-SENT",
            Self::Rejected => "REJECTED",
            Self::Closed => "CLOSED",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SctpChunk::*;
    use SctpState::{CookieWait, Established, None};

    #[test]
    fn sctp_4_the_handshake_of_four() {
        let steps =
            [(Init, Way::In), (InitAck, Way::Out), (CookieEcho, Way::In), (CookieAck, Way::Out)];
        let last = steps.into_iter().fold(None, |state, (chunk, way)| state.after(chunk, way));
        assert_eq!(last, Established);
        let seen = [Init, CookieEcho];
        let last = seen.into_iter().fold(None, |state, chunk| state.after(chunk, Way::InputOnly));
        assert_eq!(last, Established, "the replies are not seen");
        assert_eq!(None.after(Init, Way::Out), CookieWait);
    }
}
