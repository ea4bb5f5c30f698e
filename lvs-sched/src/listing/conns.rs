//! What `ipvsadm -L -n -c` and `ipvsadm -L --timeout` show.

use alloc::string::ToString;
use core::fmt;
use core::net::SocketAddr;

use lvs_proto::{CallId, Instant, Protocol};

use crate::{Conn, Director, PersistenceEngine, Timeouts};

/// The connections and templates of a director, to be shown as `ipvsadm -L -n -c` shows them
/// \[OUT-5\]; made by [`Director::conn_listing`].
///
/// ```
/// use lvs_proto::{AddressPair, Decide, Flow, Instant, TcpFlags};
/// use lvs_sched::{Director, DirectorConfig, Rule};
///
/// let now = Instant::EPOCH;
/// let mut director = Director::new(DirectorConfig::default())?;
/// for line in ["-A -t 10.0.0.1:80", "-a -t 10.0.0.1:80 -r 10.2.0.1"] {
///     if let Some(rule) = Rule::parse(line)? {
///         director.apply(now, &rule)?;
///     }
/// }
/// let addresses = AddressPair::V4 { source: [10, 1, 0, 2].into(), destination: [10, 0, 0, 1].into() };
/// director.decide(now, &Flow::tcp(addresses, 1000, 80, TcpFlags::SYN));
///
/// let listing = director.conn_listing(Instant::from_millis(700)).to_string();
/// let line = "TCP 00:59  SYN_RECV    10.1.0.2:1000      10.0.0.1:80        10.2.0.1:80";
/// assert_eq!(listing.lines().nth(2), Some(line));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConnListing<'a> {
    director: &'a Director,
    now: Instant,
    persistence: bool,
}

impl ConnListing<'_> {
    /// The same with the columns of persistence engines (`--persistent-conn`), which are filled for
    /// templates of calls.
    #[must_use]
    pub const fn with_persistence(self) -> Self {
        Self { persistence: true, ..self }
    }
}

impl fmt::Display for ConnListing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "IPVS connection entries")?;
        let columns = "pro expire state       source             virtual            destination";
        let persistence = if self.persistence { "        pe name          pe_data" } else { "" };
        writeln!(f, "{columns}{persistence}")?;
        self.director.conns().try_for_each(|conn| {
            let call = self.director.call_id(&conn).filter(|_| self.persistence);
            write_conn(f, &conn, call, self.now)
        })
    }
}

fn write_conn(
    f: &mut fmt::Formatter<'_>,
    conn: &Conn,
    call: Option<CallId<'_>>,
    now: Instant,
) -> fmt::Result {
    let (key, hop, state) = (conn.key(), conn.hop(), conn.state());
    // The protocol of a template of a mark [TPL-2].
    let protocol = match key.protocol {
        Protocol(0) => "IP".to_string(),
        protocol => protocol.to_string(),
    };
    let expire = Minutes(conn.time_left(now).as_secs()).to_string();
    let source = SocketAddr::new(key.client(), key.client_port);
    let service = SocketAddr::new(key.virtual_address(), key.virtual_port);
    let dest = SocketAddr::new(hop.address, hop.port);
    write!(f, "{protocol:<3} {expire:<6} {state:<11} {source:<18} {service:<18}")?;
    match call {
        Some(call) => writeln!(f, " {dest:<18} {:<16} {call}", PersistenceEngine::Sip),
        None => writeln!(f, " {dest}"),
    }
}

/// Seconds, shown as minutes and seconds.
struct Minutes(u64);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The line of `ipvsadm -L --timeout` \[OUT-7\].
impl fmt::Display for Timeouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tcp_secs, tcp_fin_secs, udp_secs } = self;
        write!(f, "Timeout (tcp tcpfin udp): {tcp_secs} {tcp_fin_secs} {udp_secs}")
    }
}

impl Director {
    /// The connections and templates as `ipvsadm -L -n -c` shows them at `now` \[OUT-5\], in no
    /// order that means anything.
    #[must_use]
    pub const fn conn_listing(&self, now: Instant) -> ConnListing<'_> {
        ConnListing { director: self, now, persistence: false }
    }
}
