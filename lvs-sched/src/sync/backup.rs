//! What a backup makes of a record (section 6.5).

use core::time::Duration;

use lvs_proto::sync::{ConnFlags, SequencePair, StateNumber, SyncRecord};
use lvs_proto::{Instant, Method};

use super::SyncPolicy;

/// The flags that a backup takes from a record \[BK-5\].
const TAKEN: ConnFlags = ConnFlags(0x1f87);

/// The flags that a record changes of what is known already \[BK-9\].
const CHANGED: ConnFlags = ConnFlags::INACTIVE.with(ConnFlags::SEQUENCE);

/// How long a template lives of which the record does not say it \[BK-10\].
const TEMPLATE_TIMEOUT: Duration = Duration::from_secs(180);

/// A table of connections, as a backup keeps it: for an embedder with a table of its own, who calls
/// [`SyncPolicy::receive`] for every record. A [`Director`](crate::Director) has it
/// [built in](crate::Director::receive_sync_record).
///
/// Nothing here moves the state machine, and no connection gets a controller \[BK-11\].
pub trait SyncBackup {
    /// What connections and templates are known by.
    type Conn: Copy;
    /// What destinations are known by.
    type Dest: Copy;

    /// The connection or template of the record's protocol, addresses and ports, found as for a
    /// client's packet \[BK-7\]; a template with a Call-ID by that as well \[PE-2\]. And what a record
    /// of it would say, without a Call-ID.
    fn find(
        &self,
        now: Instant,
        record: &SyncRecord<'_>,
    ) -> Option<(Self::Conn, SyncRecord<'static>)>;

    /// Whether `conn` belongs to a destination.
    fn is_bound(&self, conn: Self::Conn) -> bool;

    /// The destination of the record's real server, at `port` instead of the record's: in the
    /// service that a packet of the record's mark, protocol, virtual address and port belongs to
    /// \[BK-8\] \[SVC-8\]. The record is that of a connection or template as it is here.
    fn find_dest(&self, record: &SyncRecord<'_>, port: u16) -> Option<Self::Dest>;

    /// Lets `conn` end now \[CON-12\].
    fn expire(&mut self, now: Instant, conn: Self::Conn);

    /// Makes a connection or template of the record with these flags, without a destination: it
    /// goes to the record's real server by the method of its flags, and counts nowhere
    /// \[BK-8\]. `None` if the table is full.
    fn create(
        &mut self,
        now: Instant,
        record: &SyncRecord<'_>,
        flags: ConnFlags,
    ) -> Option<Self::Conn>;

    /// Gives `conn` a destination: its method and whether there are answers are the destination's
    /// from now on \[BK-12\], and it counts there: a connection as active unless it is
    /// [`INACTIVE`](ConnFlags::INACTIVE) \[CNT-7\], a template as persistent \[CNT-3\].
    /// Returns whether it did: `false` if there is no room for what that takes, and nothing has
    /// changed.
    fn bind(&mut self, conn: Self::Conn, dest: Self::Dest) -> bool;

    /// Replaces the flags of `conn`. If it is bound, no template, and `INACTIVE` changes, it moves
    /// between active and inactive at its destination \[BK-9\].
    fn set_flags(&mut self, conn: Self::Conn, flags: ConnFlags);

    /// Sets what the record says about the course of `conn`, and arms its timer.
    fn update(&mut self, now: Instant, conn: Self::Conn, update: &SyncUpdate);
}

/// What a record says about the course of a connection \[BK-10\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncUpdate {
    /// Its state, and the state that counts as
    /// [announced](super::SyncState::announced).
    pub state: StateNumber,
    /// Its request packets.
    pub packets: u32,
    /// How long it lives without a packet; `None` for the timeout of its state.
    pub timeout: Option<Duration>,
    /// How its sequence numbers are shifted; `None` for as before.
    pub sequence: Option<SequencePair>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncReceived {
    /// The connection was known.
    Updated,
    /// The connection was new.
    Created,
    /// It is about another real server than the one of a connection that goes on \[BK-7\].
    Ignored,
    /// The table is full. If it is full for the destination alone, the connection goes on without
    /// one, as if that were not known \[BK-8\], and the next record tries again.
    TableFull,
}

impl SyncPolicy {
    /// Makes or updates the connection or template of a record that came at `now`.
    pub fn receive<B: SyncBackup>(
        &self,
        now: Instant,
        backup: &mut B,
        record: &SyncRecord<'_>,
    ) -> SyncReceived {
        let mut found = backup.find(now, record);
        if let Some((other, _)) = found.filter(|(_, known)| is_elsewhere(known, record)) {
            if record.flags.contains(ConnFlags::INACTIVE) {
                return SyncReceived::Ignored;
            }
            backup.expire(now, other);
            found = None;
        }
        let (conn, known, mut received) = match found {
            Some((conn, known)) => {
                backup.set_flags(conn, known.flags.replaced(CHANGED, record.flags));
                (conn, known, SyncReceived::Updated)
            }
            None => {
                let flags = ConnFlags(record.flags.0 & TAKEN.0).with(ConnFlags::SYNCED);
                let Some(conn) = backup.create(now, record, flags) else {
                    return SyncReceived::TableFull;
                };
                (conn, *record, SyncReceived::Created)
            }
        };
        let dest = if backup.is_bound(conn) { None } else { find_dest(backup, &known) };
        if dest.is_some_and(|dest| !backup.bind(conn, dest)) {
            received = SyncReceived::TableFull;
        }
        backup.update(now, conn, &self.update_of(record));
        received
    }

    fn update_of(&self, record: &SyncRecord<'_>) -> SyncUpdate {
        let timeout = match record.timeout_secs {
            0 => record.is_template().then_some(TEMPLATE_TIMEOUT),
            secs => Some(Duration::from_secs(secs.into())),
        };
        SyncUpdate {
            state: record.state,
            packets: self.threshold.packets(),
            timeout,
            sequence: record.sequence,
        }
    }
}

/// Whether a record is about another real server than what is known by its key; a template is what
/// it is, wherever it leads \[BK-7\].
fn is_elsewhere(known: &SyncRecord<'_>, record: &SyncRecord<'_>) -> bool {
    !record.is_template() && (known.dest, known.dest_port) != (record.dest, record.dest_port)
}

/// By the real server's port, or by none, whichever is to be expected first \[BK-8\].
fn find_dest<B: SyncBackup>(backup: &B, record: &SyncRecord<'_>) -> Option<B::Dest> {
    let any_port = record.mark != 0 && record.flags.method() != Some(Method::Nat);
    let ports = if any_port { [0, record.dest_port] } else { [record.dest_port, 0] };
    ports.into_iter().find_map(|port| backup.find_dest(record, port))
}
