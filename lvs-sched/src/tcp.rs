//! The TCP states of a connection as its director sees them.

use core::fmt;

use lvs_proto::{Method, TcpFlags};

/// The state of a TCP connection; the numbers are the kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Seconds without a packet after which a connection in this state ends (section 4.2).
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

    /// The state after a packet of the client with these flags, by a method whose replies the
    /// director sees ([`Method::Nat`]) or does not see \[DIR-1\] \[DIR-2\].
    #[must_use]
    pub const fn after_client(self, flags: TcpFlags, method: Method) -> Self {
        let [syn, fin, ack, rst] = match method {
            Method::Nat => self.row_both_ways(),
            Method::DirectRoute | Method::Tunnel => self.row_one_way(),
        };
        // One flag counts, and a packet without any closes [DIR-3].
        if flags.contains(TcpFlags::RST) {
            rst
        } else if flags.contains(TcpFlags::SYN) {
            syn
        } else if flags.contains(TcpFlags::FIN) {
            fin
        } else if flags.contains(TcpFlags::ACK) {
            ack
        } else {
            Self::Close
        }
    }

    /// After SYN, FIN, ACK, RST: table TCP/normal/IN (section 4.4).
    const fn row_both_ways(self) -> [Self; 4] {
        use TcpState::*;
        match self {
            None => [SynRecv, Close, Established, Close],
            Established => [Established, CloseWait, Established, Close],
            SynSent => [Established, SynSent, SynSent, Close],
            SynRecv => [SynRecv, TimeWait, Established, SynRecv],
            FinWait => [SynRecv, TimeWait, FinWait, Close],
            TimeWait => [SynRecv, TimeWait, TimeWait, Close],
            Close => [SynRecv, Close, Close, Close],
            CloseWait => [SynRecv, CloseWait, CloseWait, Close],
            LastAck => [SynRecv, LastAck, Close, LastAck],
            Listen => [SynRecv, Listen, Listen, Listen],
            SynAck => [SynRecv, TimeWait, Established, SynRecv],
        }
    }

    /// After SYN, FIN, ACK, RST: table TCP/normal/INONLY (section 4.4).
    const fn row_one_way(self) -> [Self; 4] {
        use TcpState::*;
        match self {
            None => [SynRecv, Close, Established, Close],
            Established => [Established, FinWait, Established, Close],
            SynSent => [Established, SynSent, SynSent, Close],
            SynRecv => [SynRecv, TimeWait, Established, SynRecv],
            FinWait => [SynRecv, FinWait, FinWait, Close],
            TimeWait => [SynRecv, TimeWait, TimeWait, Close],
            Close => [SynRecv, Close, Close, Close],
            CloseWait => [SynRecv, CloseWait, CloseWait, Close],
            LastAck => [SynRecv, LastAck, Close, LastAck],
            Listen => [SynRecv, Listen, Listen, Listen],
            SynAck => [SynRecv, TimeWait, Established, Close],
        }
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

    const NO_FLAG: TcpFlags = TcpFlags(0);

    fn walk(method: Method, flags: &[TcpFlags]) -> TcpState {
        flags.iter().fold(None, |state, &flags| state.after_client(flags, method))
    }

    #[test]
    fn tcp_1_remarks() {
        let (syn, fin, ack, rst) = (TcpFlags::SYN, TcpFlags::FIN, TcpFlags::ACK, TcpFlags::RST);
        for method in [Method::Nat, Method::DirectRoute, Method::Tunnel] {
            assert_eq!(walk(method, &[syn, rst]), SynRecv);
            assert_eq!(walk(method, &[ack]), Established);
            assert_eq!(walk(method, &[syn, fin]), TimeWait);
        }
        assert_eq!(walk(Method::Nat, &[syn, ack, fin]), CloseWait);
        assert_eq!(walk(Method::DirectRoute, &[syn, ack, fin]), FinWait);
        assert_eq!(walk(Method::Tunnel, &[syn, ack, fin]), FinWait);
    }

    #[test]
    fn tcp_2_a_syn_leaves_established() {
        assert_eq!(walk(Method::Nat, &[TcpFlags::SYN, TcpFlags::ACK, TcpFlags::SYN]), Established);
    }

    #[test]
    fn dir_3_one_flag_counts() {
        let all = TcpFlags(0xff);
        assert_eq!(Established.after_client(all, Method::Nat), Close);
        let syn_fin = TcpFlags::SYN.with(TcpFlags::FIN);
        assert_eq!(None.after_client(syn_fin, Method::Nat), SynRecv);
        assert_eq!(Established.after_client(NO_FLAG, Method::Nat), Close);
    }
}
