//! The TCP states of a connection as its director sees them.

mod tables;

use core::fmt;

use lvs_proto::TcpFlags;

use crate::state::Way;

/// The state of a TCP connection; the numbers are the kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TcpState {
    /// Before the first packet.
    #[default]
    None = 0,
    /// Both sides have acknowledged.
    Established = 1,
    /// The real server has asked.
    SynSent = 2,
    /// The client has asked.
    SynRecv = 3,
    /// One side has finished.
    FinWait = 4,
    /// Both sides have finished.
    TimeWait = 5,
    /// Reset, or never opened.
    Close = 6,
    /// The client has finished.
    CloseWait = 7,
    /// The last acknowledgement is awaited.
    LastAck = 8,
    /// A data connection is awaited.
    Listen = 9,
    /// The client's acknowledgement is awaited.
    SynAck = 10,
}

impl TcpState {
    /// Whether a connection in this state counts as active \[CNT-6\].
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Established | Self::SynSent | Self::SynRecv | Self::SynAck)
    }

    /// Seconds without a packet after which a connection in this state ends, unless they are set
    /// otherwise \[TMO-2\] (section 4.2).
    #[must_use]
    pub const fn timeout_secs(self) -> u32 {
        match self {
            Self::None => 2,
            Self::Established => 900,
            Self::SynRecv | Self::CloseWait => 60,
            Self::Close => 10,
            Self::LastAck => 30,
            Self::SynSent | Self::FinWait | Self::TimeWait | Self::Listen | Self::SynAck => 120,
        }
    }

    /// The state after a segment with these flags, by the table of its way. One flag counts, RST
    /// before SYN before FIN before ACK; a segment with none of them closes \[DIR-3\].
    pub(crate) fn after(self, flags: TcpFlags, way: Way, secure: bool) -> Self {
        const EVENTS: [(TcpFlags, usize); 4] =
            [(TcpFlags::RST, 3), (TcpFlags::SYN, 0), (TcpFlags::FIN, 1), (TcpFlags::ACK, 2)];
        let event = EVENTS.iter().find(|(flag, _)| flags.contains(*flag));
        let Some(&(_, column)) = event else { return Self::Close };
        let table = match (way, secure) {
            (Way::In, false) => &tables::NORMAL_IN,
            (Way::Out, false) => &tables::NORMAL_OUT,
            (Way::InputOnly, false) => &tables::NORMAL_INPUT_ONLY,
            (Way::In, true) => &tables::SECURE_IN,
            (Way::Out, true) => &tables::SECURE_OUT,
            (Way::InputOnly, true) => &tables::SECURE_INPUT_ONLY,
        };
        let row = table.get(self as usize);
        row.and_then(|row| row.get(column)).copied().unwrap_or(self)
    }
}

/// The name in `ipvsadm -Lc`.
impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "NONE",
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::FinWait => "FIN_WAIT",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::Listen => "LISTEN",
            Self::SynAck => "SYNACK",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TcpState::*;
    use std::vec::Vec;

    const SYN: TcpFlags = TcpFlags::SYN;
    const FIN: TcpFlags = TcpFlags::FIN;
    const ACK: TcpFlags = TcpFlags::ACK;
    const RST: TcpFlags = TcpFlags::RST;
    const NO_FLAG: TcpFlags = TcpFlags(0);
    const WAYS: [Way; 3] = [Way::In, Way::Out, Way::InputOnly];

    fn walk(way: Way, flags: &[TcpFlags]) -> TcpState {
        flags.iter().fold(None, |state, &flags| state.after(flags, way, false))
    }

    #[test]
    fn tcp_1_remarks() {
        for way in [Way::In, Way::InputOnly] {
            assert_eq!(walk(way, &[SYN, RST]), SynRecv);
            assert_eq!(walk(way, &[ACK]), Established);
            assert_eq!(walk(way, &[SYN, FIN]), TimeWait);
        }
        assert_eq!(walk(Way::In, &[SYN, ACK, FIN]), CloseWait);
        assert_eq!(walk(Way::InputOnly, &[SYN, ACK, FIN]), FinWait);
        for flags in [FIN, ACK, RST] {
            assert_eq!(Listen.after(flags, Way::In, false), Listen);
        }
    }

    #[test]
    fn tcp_2_a_syn_leaves_established() {
        for (way, secure) in WAYS.into_iter().flat_map(|way| [(way, false), (way, true)]) {
            assert_eq!(Established.after(SYN, way, secure), Established);
        }
    }

    /// Where the secure tables differ: nothing else does.
    #[test]
    fn tcp_3_secure() {
        let cells = |way| {
            let flags = [SYN, FIN, ACK, RST].into_iter().enumerate();
            let cells = flags.flat_map(move |(column, flags)| {
                ALL.into_iter().filter_map(move |state| {
                    let secure = state.after(flags, way, true);
                    (secure != state.after(flags, way, false)).then_some((state, column, secure))
                })
            });
            cells.collect::<Vec<_>>()
        };
        let expected = [(SynAck, 0, SynAck), (SynAck, 1, SynAck), (SynRecv, 2, SynRecv)];
        assert_eq!(cells(Way::In)[..3], expected);
        assert_eq!(cells(Way::Out), [(SynRecv, 0, SynAck), (SynAck, 0, SynAck)]);
        assert!(cells(Way::InputOnly).iter().all(|&(_, column, to)| (column, to) == (0, SynAck)));
    }

    const ALL: [TcpState; 11] = [
        None,
        Established,
        SynSent,
        SynRecv,
        FinWait,
        TimeWait,
        Close,
        CloseWait,
        LastAck,
        Listen,
        SynAck,
    ];

    #[test]
    fn dir_3_one_flag_counts() {
        let all = TcpFlags(0xff);
        assert_eq!(Established.after(all, Way::In, false), Close);
        assert_eq!(None.after(SYN.with(FIN), Way::In, false), SynRecv);
        assert_eq!(Established.after(NO_FLAG, Way::In, false), Close);
    }
}
