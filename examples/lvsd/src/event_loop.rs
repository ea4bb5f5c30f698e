//! The loop around a daemon: frames, time, signals and the state of the links.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use lvs_proto::{Family, Frame, Instant, MacAddr};
use lvs_vrrp::{Event, RouterId};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::capture::Capture;
use crate::clock;
use crate::netlink::{self, Interface};
use crate::packet_socket::{FrameBuffer, PacketSocket};
use crate::peer_socket::PeerSocket;
use crate::sync_group::{GroupEvent, ShownState};
use crate::sync_socket::SyncSocket;
use crate::virtual_router::Machine;
use crate::virtual_routers::{self, HostAction, VirtualRouters};

/// Frames that are taken in before timers are looked at: more than a socket's queue holds, so that
/// no timer fires over an advert that was waiting \[S-7\], and a flood cannot hold timers back.
const DRAIN: usize = 4_096;

/// A daemon that has virtual routers on its ports.
pub trait Daemon {
    /// Its virtual routers.
    fn routers(&mut self) -> &mut VirtualRouters;

    /// Takes in a frame that came by that port; frames that go out are given to `send` with theirs.
    fn handle_frame(
        &mut self,
        now: Instant,
        port: usize,
        frame: &mut Frame<'_>,
        send: &mut impl FnMut(usize, &[u8]),
    );

    /// Does what is to be done, and sends what is to be sent without a frame that it answers.
    fn poll(&mut self, _now: Instant, _send: &mut impl FnMut(usize, &[u8])) {}

    /// What else wakes it, to be called as if its time had come.
    fn source(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Does what is due, for its virtual routers too.
    fn handle_timeout(&mut self, now: Instant);

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    fn next_deadline(&self) -> Option<Instant>;

    /// The addresses of that virtual router are to be accepted from now on, or no more.
    ///
    /// # Errors
    /// The host refused; the daemon goes on.
    fn accept_addresses(&mut self, router: RouterId, accept: bool) -> Result<()>;

    /// The next message to other directors.
    fn poll_sync_message(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Takes in a message of another director.
    fn handle_sync_message(&mut self, _now: Instant, _message: &[u8]) {}

    /// What a person wants to see (SIGUSR1), in whole lines.
    fn report(&self) -> String;
}

/// What a daemon's loop has besides its packet sockets.
#[derive(Debug, Default)]
pub struct Extras<'a> {
    /// A file for all frames.
    pub pcap: Option<&'a Path>,
    /// The channel to other directors.
    pub sync: Option<SyncSocket>,
}

/// Drives `daemon` until SIGTERM or SIGINT, and then lets it resign. Its ports are numbered as
/// `interfaces` are.
///
/// # Errors
/// A packet socket cannot be had or breaks.
pub fn drive(daemon: &mut impl Daemon, interfaces: &[Interface], extras: Extras<'_>) -> Result<()> {
    let open = |interface: &Interface| PacketSocket::open(interface.index);
    let sockets: Result<Vec<_>, _> = interfaces.iter().map(open).collect();
    let sockets = sockets.context("opening a packet socket")?;
    for (port, socket) in sockets.iter().enumerate() {
        join(daemon.routers(), port, socket)?;
    }
    let capture = extras.pcap.map(Capture::create).transpose()?;
    let peers = open_peer_sockets(daemon.routers(), interfaces)?;
    let mut link = Link { sockets, peers, capture, sync: extras.sync };
    let terminate = signal_stream(&[SIGTERM, SIGINT])?;
    let report = signal_stream(&[SIGUSR1])?;
    let carriers = follow_links(daemon.routers())?;
    let mut buffer = FrameBuffer::new();

    daemon.routers().startup(clock::now()?);
    loop {
        carry_out(daemon, &mut link)?;
        let deadline = daemon.next_deadline();
        let sockets = link.sockets.iter().map(AsFd::as_fd);
        let sync = link.sync.as_ref().map(AsFd::as_fd);
        let carrier_streams = carriers.iter().map(|(_, stream)| stream.as_fd());
        let others = sockets.chain(sync).chain(carrier_streams).chain(daemon.source());
        wait([terminate.as_fd(), report.as_fd()].into_iter().chain(others), deadline)?;
        if !read_all(&terminate)?.is_empty() {
            daemon.routers().shutdown(clock::now()?);
            return carry_out(daemon, &mut link);
        }
        if !read_all(&report)?.is_empty() {
            print(&daemon.report());
        }
        for (interface, states) in &carriers {
            for state in read_all(states)? {
                daemon.routers().handle_link(clock::now()?, interface, state != 0);
                carry_out(daemon, &mut link)?;
            }
        }
        link.take_in_sync_messages(daemon, clock::now()?);
        for port in 0..interfaces.len() {
            take_in(daemon, &mut link, port, &mut buffer)?;
        }
        daemon.handle_timeout(clock::now()?);
    }
}

/// The sockets, and what records their traffic.
struct Link {
    sockets: Vec<PacketSocket>,
    /// For the virtual routers that have peers.
    peers: HashMap<(usize, Family), PeerSocket>,
    capture: Option<Capture>,
    sync: Option<SyncSocket>,
}

impl Link {
    /// Sends a frame; one that cannot be sent is lost, as it might be on the wire.
    fn send(&mut self, port: usize, frame: &[u8]) {
        self.record(frame);
        if let Some(Err(error)) = self.sockets.get(port).map(|socket| socket.send(frame)) {
            log::warn!("a frame could not be sent: {error}");
        }
    }

    /// Sends a packet to a peer, as [`send`](Self::send).
    fn send_to(&mut self, port: usize, peer: IpAddr, packet: &[u8]) {
        let socket = self.peers.get(&(port, Family::of(peer)));
        if let Some(Err(error)) = socket.map(|socket| socket.send(peer, packet)) {
            log::warn!("an advert could not be sent to {peer}: {error}");
        }
    }

    /// Takes what is waiting at a port into `buffer`; `false` if nothing is.
    fn receive(&self, port: usize, buffer: &mut FrameBuffer) -> Result<bool> {
        match self.sockets.get(port).map(|socket| socket.receive(buffer)) {
            Some(Ok(waiting)) => Ok(waiting),
            // The link's state comes by netlink; its packets have simply ended.
            Some(Err(error)) if error.kind() == ErrorKind::NetworkDown => Ok(false),
            Some(Err(error)) => Err(error).context("receiving a frame"),
            None => Ok(false),
        }
    }

    /// Before any packet: a new Active director had better know the connections. One that cannot
    /// hear of them still serves.
    fn take_in_sync_messages(&mut self, daemon: &mut impl Daemon, now: Instant) {
        let Some(sync) = &mut self.sync else { return };
        for _ in 0..DRAIN {
            match sync.receive() {
                Ok(Some(message)) => daemon.handle_sync_message(now, message),
                Ok(None) => return,
                Err(error) => return log::warn!("a message could not be received: {error}"),
            }
        }
    }

    fn send_sync_message(&mut self, message: &[u8]) {
        if let Some(Err(error)) = self.sync.as_ref().map(|sync| sync.send(message)) {
            log::warn!("a message could not be sent: {error}");
        }
    }

    fn record(&mut self, frame: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.write(frame);
        }
    }
}

/// Lets the socket of a port also hear the groups of the adverts, the virtual MAC addresses, and
/// whatever solicits neighbors.
fn join(routers: &VirtualRouters, port: usize, socket: &PacketSocket) -> Result<()> {
    for machine in routers.at(port) {
        socket.join(machine.virtual_mac())?;
        match virtual_routers::group(machine) {
            IpAddr::V4(group) => socket.join(MacAddr::of_ipv4_multicast(group))?,
            IpAddr::V6(_) => socket.join_all_groups()?,
        }
    }
    Ok(())
}

fn open_peer_sockets(
    routers: &VirtualRouters,
    interfaces: &[Interface],
) -> Result<HashMap<(usize, Family), PeerSocket>> {
    let mut sockets = HashMap::new();
    for (port, interface) in interfaces.iter().enumerate() {
        if !routers.have_peers(port) {
            continue;
        }
        for family in routers.at(port).map(Machine::family) {
            let socket = PeerSocket::open(&interface.name, family);
            let socket = socket.context("opening a socket for adverts to peers")?;
            sockets.insert((port, family), socket);
        }
    }
    Ok(sockets)
}

/// The states of the interfaces that the routers are on or follow.
fn follow_links(routers: &VirtualRouters) -> Result<Vec<(String, UnixStream)>> {
    let follow =
        |name: &str| Ok((name.to_owned(), netlink::follow_link(Interface::named(name)?.index)?));
    routers.interfaces().into_iter().map(follow).collect()
}

/// Takes in what is waiting at a port, and answers frame by frame.
fn take_in(
    daemon: &mut impl Daemon,
    link: &mut Link,
    port: usize,
    buffer: &mut FrameBuffer,
) -> Result<()> {
    for _ in 0..DRAIN {
        if !link.receive(port, buffer)? {
            break;
        }
        while let Some(mut frame) = buffer.next_frame() {
            link.record(frame.octets());
            let mut send = |port: usize, frame: &[u8]| link.send(port, frame);
            daemon.handle_frame(clock::now()?, port, &mut frame, &mut send);
            carry_out(daemon, link)?;
        }
    }
    Ok(())
}

/// Drains the frames and messages that are to be sent and the actions of the virtual routers.
fn carry_out(daemon: &mut impl Daemon, link: &mut Link) -> Result<()> {
    daemon.poll(clock::now()?, &mut |port, frame| link.send(port, frame));
    while let Some(message) = daemon.poll_sync_message() {
        link.send_sync_message(&message);
    }
    while let Some(action) = daemon.routers().poll(&mut |port, frame| link.send(port, frame)) {
        match action {
            HostAction::SendTo { port, peer, packet } => link.send_to(port, peer, &packet),
            HostAction::Install(router) => accept_addresses(daemon, router, true),
            HostAction::Remove(router) => accept_addresses(daemon, router, false),
            HostAction::Notify(router, event) => {
                print_state(daemon.routers().name(router), &event);
            }
            HostAction::NotifyGroup(event) => print_group_state(&event),
        }
    }
    Ok(())
}

fn accept_addresses(daemon: &mut impl Daemon, router: RouterId, accept: bool) {
    if let Err(error) = daemon.accept_addresses(router, accept) {
        log::error!("{error:#}");
    }
}

/// Sleeps until something can be read or `deadline` has come.
fn wait<'a>(
    sources: impl Iterator<Item = BorrowedFd<'a>>,
    deadline: Option<Instant>,
) -> Result<()> {
    let now = clock::now()?;
    let timeout = deadline.map(|deadline| {
        TimeSpec::from_duration(
            deadline.saturating_duration_since(now).min(Duration::from_secs(60)),
        )
    });
    let mut sources: Vec<_> =
        sources.map(|source| PollFd::new(source, PollFlags::POLLIN)).collect();
    match ppoll(&mut sources, timeout, None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error).context("waiting"),
    }
}

/// A stream that carries an octet for each of `signals` that arrives.
fn signal_stream(signals: &[i32]) -> Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    for signal in signals {
        signal_hook::low_level::pipe::register(*signal, write.try_clone()?)?;
    }
    Ok(read)
}

/// What is waiting. Who writes into the stream lasts as long as the loop; if not, the loop would
/// wake for ever.
fn read_all(mut stream: &UnixStream) -> Result<Vec<u8>> {
    let mut octets = [0; 64];
    match stream.read(&mut octets) {
        Ok(0) => Err(std::io::Error::from(ErrorKind::UnexpectedEof)).context("watching the links"),
        Ok(length) => Ok(octets.iter().take(length).copied().collect()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

/// A JSON line for whoever watches: `{"state":"MASTER","time":1700000000.25}`. Of a virtual router
/// that has a name, that and the event's number are told as well.
fn print_state(name: Option<&str>, event: &Event) {
    let state = ShownState::after(event).to_string();
    match name {
        Some(name) => {
            log::info!("{name}: {event}");
            tell(json!({ "instance": name, "sequence": event.sequence, "state": state }));
        }
        None => {
            log::info!("{event}");
            tell(json!({ "state": state }));
        }
    }
}

/// The same of a group.
fn print_group_state(GroupEvent { group, sequence, state }: &GroupEvent) {
    tell(json!({ "group": group, "sequence": sequence, "state": state.to_string() }));
}

/// Prints an object as a line, with the time in it.
pub(crate) fn tell(mut line: Value) {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    if let Some(object) = line.as_object_mut() {
        object.insert("time".into(), time.into());
    }
    print(&format!("{line}\n"));
}

/// Tells whoever listens. A router goes on when nobody does any more.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        log::warn!("nobody listens: {error}");
    }
}
