//! What a backup makes of records, against what a kernel made of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod sync_kit;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use lvs_proto::sync::{ConnFlags, Message, StateNumber, SyncRecord};
use lvs_proto::{AddressPair, Instant, Method, Protocol};
use lvs_sched::{SyncBackup, SyncPolicy, SyncReceived, SyncUpdate};
use sync_kit::{
    Value, address, datagram, moment, number, port, protocol, recordings, state_name, text, tick,
};

/// What a connection is found by: protocol, addresses, ports, and what keeps calls together.
type Key = (Protocol, AddressPair, u16, u16, bool, Option<String>);

#[derive(Clone, Debug)]
struct Conn {
    key: Key,
    real_server: (IpAddr, u16),
    flags: ConnFlags,
    dest: Option<usize>,
    state: StateNumber,
    packets: u32,
    timeout: Duration,
    /// When it has no time left, and when its timer fires, in ticks.
    due: u64,
    fires: u64,
}

#[derive(Clone, Debug)]
struct Dest {
    service: usize,
    real_server: (IpAddr, u16),
    method: Method,
    counts: [i64; 3],
}

/// Mark, protocol, virtual address and port.
type Service = (u32, Protocol, IpAddr, u16);

/// The tables of a director, as lists to be searched from their end.
#[derive(Debug, Default)]
struct Model {
    services: Vec<Service>,
    dests: Vec<Dest>,
    conns: Vec<Option<Conn>>,
    room: usize,
}

impl Model {
    fn new() -> Self {
        Self { room: 1024, ..Self::default() }
    }

    fn conn(&self, conn: usize) -> &Conn {
        self.conns[conn].as_ref().unwrap()
    }

    fn conn_mut(&mut self, conn: usize) -> &mut Conn {
        self.conns[conn].as_mut().unwrap()
    }

    fn position(&self, key: &Key) -> Option<usize> {
        self.conns.iter().rposition(|conn| conn.as_ref().is_some_and(|conn| conn.key == *key))
    }

    /// Which of active, inactive and persistent a connection counts as.
    fn place(flags: ConnFlags) -> usize {
        match flags {
            _ if flags.contains(ConnFlags::TEMPLATE) => 2,
            _ if flags.contains(ConnFlags::INACTIVE) => 1,
            _ => 0,
        }
    }

    fn count(&mut self, conn: usize, by: i64) {
        let Conn { flags, dest, .. } = *self.conn(conn);
        if let Some(dest) = dest {
            self.dests[dest].counts[Self::place(flags)] += by;
        }
    }

    /// [CONV-9]
    fn arm(&mut self, conn: usize, now: u64) {
        let conn = self.conn_mut(conn);
        let ticks = conn.timeout.as_millis() as u64 / 4;
        let mut shift = 0;
        while ticks >= 63 << shift {
            shift += 3;
        }
        conn.due = now + ticks;
        conn.fires = ((conn.due >> shift) + 1) << shift;
    }

    fn expire_until(&mut self, tick: u64) {
        for conn in 0..self.conns.len() {
            if self.conns[conn].as_ref().is_some_and(|conn| conn.fires <= tick) {
                self.count(conn, -1);
                self.conns[conn] = None;
            }
        }
    }

    /// The table as the kernel shows it, sorted.
    fn rows(&self, tick: u64) -> Vec<String> {
        let row = |conn: &Conn| {
            let (protocol, addresses, client_port, virtual_port, _, call_id) = &conn.key;
            let name = match *protocol {
                Protocol::TCP => "tcp",
                Protocol::UDP => "udp",
                _ => "ip",
            };
            let (client, vip) = (addresses.source(), addresses.destination());
            let (dest, dest_port) = conn.real_server;
            let state = state_name(*protocol, conn.flags, conn.state);
            let secs = conn.due.saturating_sub(tick) / 250;
            let engine = call_id.iter().map(|id| format!(" sip {id}")).collect::<String>();
            format!(
                "{name} {client} {client_port} {vip} {virtual_port} {dest} {dest_port} \
                 {state} {secs}{engine}"
            )
        };
        let mut rows: Vec<_> = self.conns.iter().flatten().map(row).collect();
        rows.sort();
        rows
    }
}

impl SyncBackup for Model {
    type Conn = usize;
    type Dest = usize;

    fn find(&self, _now: Instant, record: &SyncRecord<'_>) -> Option<usize> {
        self.position(&key(record))
    }

    fn real_server(&self, conn: usize) -> (IpAddr, u16) {
        self.conn(conn).real_server
    }

    fn flags(&self, conn: usize) -> ConnFlags {
        self.conn(conn).flags
    }

    fn is_bound(&self, conn: usize) -> bool {
        self.conn(conn).dest.is_some()
    }

    fn find_dest(&self, record: &SyncRecord<'_>, port: u16) -> Option<usize> {
        let at = |wanted: Service| self.services.iter().position(|service| *service == wanted);
        let (protocol, vip) = (record.protocol, record.addresses.destination());
        let marked = self.services.iter().position(|service| {
            record.mark != 0 && (service.0, service.2.is_ipv4()) == (record.mark, vip.is_ipv4())
        });
        let service = marked
            .or_else(|| at((0, protocol, vip, record.virtual_port)))
            .or_else(|| at((0, protocol, vip, 0)))?;
        self.dests
            .iter()
            .position(|dest| dest.service == service && dest.real_server == (record.dest, port))
    }

    fn expire(&mut self, _now: Instant, conn: usize) {
        self.count(conn, -1);
        self.conns[conn] = None;
    }

    fn create(
        &mut self,
        _now: Instant,
        record: &SyncRecord<'_>,
        flags: ConnFlags,
    ) -> Option<usize> {
        self.room = self.room.checked_sub(1)?;
        self.conns.push(Some(Conn {
            key: key(record),
            real_server: (record.dest, record.dest_port),
            flags,
            dest: None,
            state: StateNumber::default(),
            packets: 0,
            timeout: Duration::from_secs(3),
            due: 0,
            fires: u64::MAX,
        }));
        Some(self.conns.len() - 1)
    }

    fn bind(&mut self, conn: usize, dest: usize) {
        let method = self.dests[dest].method;
        let of_dest = match method {
            Method::Nat => ConnFlags::of_method(method),
            _ => ConnFlags::of_method(method).with(ConnFlags::NO_OUTPUT),
        };
        let conn_mut = self.conn_mut(conn);
        conn_mut.dest = Some(dest);
        let mask = ConnFlags::METHOD.with(ConnFlags::NO_OUTPUT);
        conn_mut.flags = conn_mut.flags.replaced(mask, of_dest);
        self.count(conn, 1);
    }

    fn set_flags(&mut self, conn: usize, flags: ConnFlags) {
        self.count(conn, -1);
        self.conn_mut(conn).flags = flags;
        self.count(conn, 1);
    }

    fn update(&mut self, now: Instant, conn: usize, update: &SyncUpdate) {
        let conn_mut = self.conn_mut(conn);
        conn_mut.state = update.state;
        conn_mut.packets = update.packets;
        conn_mut.timeout =
            update.timeout.unwrap_or_else(|| timeout_of(conn_mut.key.0, update.state));
        self.arm(conn, now.as_micros() / 4_000);
    }
}

fn key(record: &SyncRecord<'_>) -> Key {
    let call_id = record.call_id.map(|id| id.to_string());
    let SyncRecord { protocol, addresses, client_port, virtual_port, .. } = *record;
    (protocol, addresses, client_port, virtual_port, record.is_template(), call_id)
}

/// Section 4.2.
fn timeout_of(protocol: Protocol, state: StateNumber) -> Duration {
    let secs = match (protocol, state) {
        (Protocol::UDP, _) => 300,
        (_, StateNumber::TCP_ESTABLISHED) => 900,
        (_, StateNumber::TCP_CLOSE) => 10,
        (_, StateNumber::TCP_CLOSE_WAIT) => 60,
        _ => 120,
    };
    Duration::from_secs(secs)
}

fn service(line: &Value) -> Service {
    match (number(line, "fwmark") as u32, text(line, "af")) {
        (0, _) => (0, protocol(line), address(line, "vip"), port(line, "vport")),
        (mark, "inet6") => (mark, Protocol::TCP, Ipv6Addr::UNSPECIFIED.into(), 0),
        (mark, _) => (mark, Protocol::TCP, Ipv4Addr::UNSPECIFIED.into(), 0),
    }
}

fn dest(model: &Model, line: &Value) -> Dest {
    let service = service(line);
    let method = match text(line, "fwd") {
        "nat" => Method::Nat,
        "tun" => Method::Tunnel,
        _ => Method::DirectRoute,
    };
    let port = line["rport"].as_u64().unwrap_or(number(line, "vport")) as u16;
    Dest {
        service: model.services.iter().position(|other| *other == service).unwrap(),
        real_server: (address(line, "rip"), port),
        method,
        counts: [0; 3],
    }
}

/// A packet of a known connection, an ACK or a datagram, puts off its end; whether it was known.
fn packet(model: &mut Model, line: &Value) -> bool {
    let addresses = AddressPair::new(address(line, "src"), address(line, "dst")).unwrap();
    let (from, to) = (port(line, "sport"), port(line, "dport"));
    let Some(conn) = model.position(&(protocol(line), addresses, from, to, false, None)) else {
        return false;
    };
    assert!(["", "A"].contains(&text(line, "flags")));
    let Conn { ref key, state, .. } = *model.conn(conn);
    let timeout = timeout_of(key.0, state);
    model.conn_mut(conn).timeout = timeout;
    model.arm(conn, tick(line));
    true
}

/// The rows of a line, sorted.
fn rows(line: &Value) -> Option<Vec<String>> {
    let field = |field: &Value| field.as_str().map_or(field.to_string(), str::to_owned);
    let row = |row: &Value| row.as_array().unwrap().iter().map(field).collect::<Vec<_>>().join(" ");
    let rows = line.get("conns").or(line.get("conn"))?.as_array()?;
    let mut rows: Vec<_> = rows.iter().map(row).collect();
    rows.sort();
    Some(rows)
}

/// Active, inactive and persistent of every destination.
fn assert_counts(model: &Model, line: &Value, context: &str) {
    let services = line["svc"].as_array().unwrap();
    for dest in services.iter().flat_map(|service| service["d"].as_array().unwrap()) {
        let (ip, port) = text_of(&dest[0]).rsplit_once(':').unwrap();
        let ip: IpAddr = ip.trim_matches(['[', ']']).parse().unwrap();
        let known = model
            .dests
            .iter()
            .find(|known| known.real_server == (ip, port.parse().unwrap()))
            .unwrap();
        let expected = [2, 3, 4].map(|column| dest[column].as_i64().unwrap());
        assert_eq!(known.counts, expected, "{context} {ip}");
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// [BK-14]: every recording, as far as its packets belong to connections that a record made.
#[test]
fn bk_14_recorded_backups() {
    let policy = SyncPolicy::default();
    let (mut lines_compared, mut recordings_ended) = (0, 0);
    let recordings = recordings("backup-");
    assert_eq!(recordings.len(), 38);
    for (name, lines) in recordings {
        let (mut model, mut sync_id) = (Model::new(), 0);
        let mut is_followed = true;
        for (at, line) in lines.iter().enumerate() {
            // What these two show was read a tick before the next line.
            let shown = match text(line, "op") {
                "sleep" | "sync_inject" => lines.get(at + 1).map_or(0, |next| tick(next) - 1),
                _ => tick(line),
            };
            match text(line, "op") {
                "add_service" => model.services.push(service(line)),
                "add_dest" => model.dests.push(dest(&model, line)),
                "daemon_start" => sync_id = number(line, "syncid") as u8,
                "sync_inject" => {
                    let datagram = datagram(&line["frame"]);
                    let message = Message::parse(&datagram).unwrap();
                    if message.is_for(sync_id) {
                        for record in message.records() {
                            policy.receive(moment(tick(line)), &mut model, &record.unwrap());
                        }
                    }
                }
                "packet" => is_followed = packet(&mut model, line),
                _ => {}
            }
            if !is_followed {
                break;
            }
            model.expire_until(shown);
            let context = format!("{name} {}", line["i"]);
            if let Some(expected) = rows(line).filter(|_| at > 0) {
                assert_eq!(model.rows(shown), expected, "{context}");
                lines_compared += 1;
            }
            if line.get("svc").is_some() {
                assert_counts(&model, line, &context);
            }
        }
        recordings_ended += usize::from(is_followed);
    }
    // The others are of another sync id or of calls, and their packets make connections.
    assert_eq!((lines_compared, recordings_ended), (587, 25));
}

const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const RS: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

/// An established connection to port 80 of a virtual address, by NAT to port 8080.
fn established() -> SyncRecord<'static> {
    SyncRecord {
        protocol: Protocol::TCP,
        addresses: AddressPair::V4 { source: [198, 18, 0, 9].into(), destination: VIP },
        dest: RS.into(),
        client_port: 5000,
        virtual_port: 80,
        dest_port: 8080,
        flags: ConnFlags::of_method(Method::Nat),
        state: StateNumber::TCP_ESTABLISHED,
        mark: 0,
        timeout_secs: 900,
        sequence: None,
        call_id: None,
    }
}

fn with_dest(service: Service, dest_port: u16, method: Method) -> Model {
    let real_server = (RS.into(), dest_port);
    let dest = Dest { service: 0, real_server, method, counts: [0; 3] };
    Model { services: vec![service], dests: vec![dest], ..Model::new() }
}

fn receive(model: &mut Model, record: &SyncRecord<'_>) -> SyncReceived {
    SyncPolicy::default().receive(Instant::EPOCH, model, record)
}

#[test]
fn bk_7_a_record_about_another_real_server() {
    let web = (0, Protocol::TCP, VIP.into(), 80);
    let mut model = with_dest(web, 8080, Method::Nat);
    assert_eq!(receive(&mut model, &established()), SyncReceived::Created);
    assert_eq!(model.dests[0].counts, [1, 0, 0]);

    let over = SyncRecord {
        flags: ConnFlags::INACTIVE,
        state: StateNumber::TCP_CLOSE,
        dest_port: 8081,
        ..established()
    };
    assert_eq!(receive(&mut model, &over), SyncReceived::Ignored);
    assert_eq!(model.conn(0).state, StateNumber::TCP_ESTABLISHED);

    let moved = SyncRecord { dest_port: 8081, ..established() };
    assert_eq!(receive(&mut model, &moved), SyncReceived::Created);
    assert!(model.conns[0].is_none(), "the old one ended");
    assert_eq!((model.conn(1).dest, model.dests[0].counts), (None, [0, 0, 0]));

    // A template is what it is, wherever it leads.
    let template = SyncRecord { flags: ConnFlags::TEMPLATE, client_port: 0, ..established() };
    let template = SyncRecord { state: StateNumber::ASSURED, ..template };
    assert_eq!(receive(&mut model, &template), SyncReceived::Created);
    let elsewhere = SyncRecord { dest_port: 8081, ..template };
    assert_eq!(receive(&mut model, &elsewhere), SyncReceived::Updated);
}

/// By the port of the record first, unless a mark leads to a real server of any port.
#[test]
fn bk_8_ports_of_destinations() {
    let web = (0, Protocol::TCP, VIP.into(), 80);
    let marked = (7, Protocol::TCP, Ipv4Addr::UNSPECIFIED.into(), 0);
    for (service, mark) in [(web, 0), (marked, 7)] {
        for method in [Method::Nat, Method::DirectRoute] {
            for (dest_port, is_bound) in [(8080, true), (0, true), (8081, false)] {
                let mut model = with_dest(service, dest_port, method);
                let flags = ConnFlags::of_method(method);
                receive(&mut model, &SyncRecord { mark, flags, ..established() });
                assert_eq!(model.is_bound(0), is_bound);
            }
        }
    }
    let mut both = with_dest(marked, 0, Method::DirectRoute);
    both.dests.push(Dest { real_server: (RS.into(), 8080), ..both.dests[0].clone() });
    let nat = SyncRecord { mark: 7, ..established() };
    let direct =
        SyncRecord { flags: ConnFlags::of_method(Method::DirectRoute), client_port: 1, ..nat };
    receive(&mut both, &nat);
    receive(&mut both, &direct);
    assert_eq!((both.conn(0).dest, both.conn(1).dest), (Some(1), Some(0)));
}

/// [BK-5] [BK-9] [BK-12]: what is taken of the flags, at first and later.
#[test]
fn bk_9_flags() {
    let web = (0, Protocol::TCP, VIP.into(), 80);
    let mut model = with_dest(web, 8080, Method::DirectRoute);
    receive(&mut model, &SyncRecord { flags: ConnFlags(0x1_0440), ..established() });
    // By direct routing, without output, made by a backup.
    assert_eq!(model.conn(0).flags, ConnFlags(0x04a3));
    assert_eq!(model.dests[0].counts, [1, 0, 0]);
    receive(&mut model, &SyncRecord { flags: ConnFlags(0x0302), ..established() });
    assert_eq!(model.conn(0).flags, ConnFlags(0x03a3));
    assert_eq!(model.dests[0].counts, [0, 1, 0]);
}

#[test]
fn bk_10_course() {
    let mut model = Model::new();
    let untimed = SyncRecord { timeout_secs: 0, ..established() };
    let template = SyncRecord { flags: ConnFlags::TEMPLATE, client_port: 0, ..untimed };
    let longest = SyncRecord { timeout_secs: u32::MAX, client_port: 1, ..established() };
    for record in [untimed, template, longest] {
        assert_eq!(receive(&mut model, &record), SyncReceived::Created);
    }
    let timeouts = [0, 1, 2].map(|conn| model.conn(conn).timeout.as_secs());
    assert_eq!(timeouts, [900, 180, 8_589_934], "by state, as of version 0, 2^31 - 1 ticks");
    assert_eq!(model.conn(0).packets, 3, "the next one is not announced at once");
}

#[test]
fn a_full_table_is_told() {
    let mut model = Model { room: 0, ..Model::new() };
    assert_eq!(receive(&mut model, &established()), SyncReceived::TableFull);
}
