//! What became of packets.

use lvs_proto::{DropReason, Verdict};

/// How many packets met with which verdict, and what else went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VerdictCounters {
    /// [`Verdict::Forward`].
    pub forwarded: u64,
    /// [`Verdict::Reply`].
    pub replied: u64,
    /// [`Verdict::Pass`].
    pub passed: u64,
    /// [`Verdict::Reject`].
    pub rejected: u64,
    /// [`DropReason::HeaderUnreadable`].
    pub dropped_header_unreadable: u64,
    /// [`DropReason::DestinationDeleted`].
    pub dropped_destination_deleted: u64,
    /// [`DropReason::Tracked`].
    pub dropped_tracked: u64,
    /// [`DropReason::TableFull`].
    pub dropped_table_full: u64,
    /// [`DropReason::Defended`].
    pub dropped_defended: u64,
    /// [`DropReason::NoCallId`].
    pub dropped_no_call_id: u64,
    /// [`DropReason::IcmpError`].
    pub dropped_icmp_error: u64,
    /// [`DropReason::NoLocalPort`].
    pub dropped_no_local_port: u64,
    /// [`DropReason::LaterFragment`].
    pub dropped_later_fragment: u64,
    /// Packets in fragments that were forgotten before their time, for want of room: what follows
    /// of them is dropped.
    pub forgotten_fragments: u64,
    /// Passive data connections of FTP that were expected no more before their time, for want of
    /// room.
    pub forgotten_ftp_data: u64,
}

impl VerdictCounters {
    pub(super) const fn count(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Forward(_) => &mut self.forwarded,
            Verdict::Reply(_) => &mut self.replied,
            Verdict::Pass => &mut self.passed,
            Verdict::Reject(_) => &mut self.rejected,
            Verdict::Drop(DropReason::HeaderUnreadable) => &mut self.dropped_header_unreadable,
            Verdict::Drop(DropReason::DestinationDeleted) => &mut self.dropped_destination_deleted,
            Verdict::Drop(DropReason::Tracked) => &mut self.dropped_tracked,
            Verdict::Drop(DropReason::TableFull) => &mut self.dropped_table_full,
            Verdict::Drop(DropReason::Defended) => &mut self.dropped_defended,
            Verdict::Drop(DropReason::NoCallId) => &mut self.dropped_no_call_id,
            Verdict::Drop(DropReason::IcmpError) => &mut self.dropped_icmp_error,
            Verdict::Drop(DropReason::NoLocalPort) => &mut self.dropped_no_local_port,
            Verdict::Drop(DropReason::LaterFragment) => &mut self.dropped_later_fragment,
        };
        *counter += 1;
    }
}
