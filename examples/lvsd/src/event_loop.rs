//! The loop around a daemon: frames, time, signals and the state of the link.

use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use lvs_proto::{Frame, Instant, MacAddr};
use lvs_vrrp::{Event, Reason, State};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::capture::Capture;
use crate::clock;
use crate::netlink::{self, Interface};
use crate::node::OUTSIDE;
use crate::packet_socket::{FrameBuffer, PacketSocket};
use crate::peer_socket::PeerSocket;
use crate::sync_socket::SyncSocket;
use crate::virtual_router::{HostAction, VirtualRouter};

/// Frames that are taken in before timers are looked at: more than a socket's queue holds, so that
/// no timer fires over an advert that was waiting \[S-7\], and a flood cannot hold timers back.
const DRAIN: usize = 4_096;

/// A daemon that has a virtual router on the first of its ports.
pub trait Daemon {
    /// Its virtual router.
    fn virtual_router(&mut self) -> &mut VirtualRouter;

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

    /// Does what is due.
    fn handle_timeout(&mut self, now: Instant);

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    fn next_deadline(&self) -> Option<Instant>;

    /// The virtual addresses are to be accepted from now on, or no more.
    ///
    /// # Errors
    /// The host refused; the daemon goes on.
    fn accept_addresses(&mut self, accept: bool) -> Result<()>;

    /// The next message to other directors.
    fn poll_sync_message(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Takes in a message of another director.
    fn handle_sync_message(&mut self, _now: Instant, _message: &[u8]) {}

    /// What a person wants to see (SIGUSR1), in whole lines.
    fn report(&self) -> String;
}

/// What a daemon's loop has besides its packet socket.
#[derive(Debug, Default)]
pub struct Extras<'a> {
    /// A file for all frames.
    pub pcap: Option<&'a Path>,
    /// The channel to other directors.
    pub sync: Option<SyncSocket>,
}

/// Drives `daemon` until SIGTERM or SIGINT, and then lets it resign. Its ports are numbered as
/// `interfaces` are; the first is the virtual router's.
///
/// # Errors
/// A packet socket cannot be had or breaks.
pub fn drive(daemon: &mut impl Daemon, interfaces: &[Interface], extras: Extras<'_>) -> Result<()> {
    let interface = interfaces.first().context("no interface")?;
    let open = |interface: &Interface| PacketSocket::open(interface.index);
    let sockets: Result<Vec<_>, _> = interfaces.iter().map(open).collect();
    let sockets = sockets.context("opening a packet socket")?;
    sockets.iter().take(1).try_for_each(|socket| join(daemon.virtual_router(), socket))?;
    let capture = extras.pcap.map(Capture::create).transpose()?;
    let peers = open_peer_socket(daemon.virtual_router(), interface)?;
    let mut link = Link { sockets, peers, capture, sync: extras.sync };
    let terminate = signal_stream(&[SIGTERM, SIGINT])?;
    let report = signal_stream(&[SIGUSR1])?;
    let carrier = netlink::follow_link(interface.index)?;
    let tracked = follow_tracked(daemon.virtual_router())?;
    let mut buffer = FrameBuffer::new();

    daemon.virtual_router().machine_mut().startup(clock::now()?);
    loop {
        carry_out(daemon, &mut link)?;
        let deadline = earliest(daemon);
        let sources = [terminate.as_fd(), report.as_fd(), carrier.as_fd()];
        let sockets = link.sockets.iter().map(AsFd::as_fd);
        let sync = link.sync.as_ref().map(AsFd::as_fd);
        let tracked_links = tracked.iter().map(AsFd::as_fd);
        let others = sockets.chain(sync).chain(tracked_links).chain(daemon.source());
        wait(sources.into_iter().chain(others), deadline)?;
        if !read_all(&terminate)?.is_empty() {
            daemon.virtual_router().machine_mut().shutdown(clock::now()?);
            return carry_out(daemon, &mut link);
        }
        if !read_all(&report)?.is_empty() {
            print(&daemon.report());
        }
        for state in read_all(&carrier)? {
            follow_carrier(daemon, state != 0)?;
            carry_out(daemon, &mut link)?;
        }
        for (number, states) in tracked.iter().enumerate() {
            for state in read_all(states)? {
                daemon.virtual_router().track(clock::now()?, number, state != 0);
                carry_out(daemon, &mut link)?;
            }
        }
        link.take_in_sync_messages(daemon, clock::now()?);
        for port in 0..interfaces.len() {
            take_in(daemon, &mut link, port, &mut buffer)?;
        }
        let now = clock::now()?;
        daemon.virtual_router().machine_mut().handle_timeout(now);
        daemon.handle_timeout(now);
    }
}

/// The sockets, and what records their traffic.
struct Link {
    sockets: Vec<PacketSocket>,
    /// If the virtual router has peers.
    peers: Option<PeerSocket>,
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
    fn send_to(&mut self, peer: IpAddr, packet: &[u8]) {
        if let Some(Err(error)) = self.peers.as_ref().map(|socket| socket.send(peer, packet)) {
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

/// Lets the socket also hear the group of the adverts, the virtual MAC address, and whatever solicits
/// neighbours.
fn join(router: &VirtualRouter, socket: &PacketSocket) -> Result<()> {
    socket.join(router.machine().virtual_mac())?;
    match router.group() {
        IpAddr::V4(group) => socket.join(MacAddr::of_ipv4_multicast(group))?,
        IpAddr::V6(_) => socket.join_all_groups()?,
    }
    Ok(())
}

fn open_peer_socket(router: &VirtualRouter, interface: &Interface) -> Result<Option<PeerSocket>> {
    if !router.has_peers() {
        return Ok(None);
    }
    let socket = PeerSocket::open(&interface.name, router.machine().family());
    socket.map(Some).context("opening a socket for adverts to peers")
}

/// The states of the interfaces that the router follows besides its own, in its order.
fn follow_tracked(router: &VirtualRouter) -> Result<Vec<UnixStream>> {
    let follow = |name| Ok(netlink::follow_link(Interface::named(name)?.index)?);
    router.tracked().map(follow).collect()
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

/// Drains the frames and messages that are to be sent and the actions of the virtual router.
fn carry_out(daemon: &mut impl Daemon, link: &mut Link) -> Result<()> {
    daemon.poll(clock::now()?, &mut |port, frame| link.send(port, frame));
    while let Some(message) = daemon.poll_sync_message() {
        link.send_sync_message(&message);
    }
    loop {
        let action = daemon.virtual_router().poll(&mut |frame| link.send(OUTSIDE, frame));
        let accept = match action {
            None => return Ok(()),
            Some(HostAction::SendTo { peer, packet }) => {
                link.send_to(peer, &packet);
                continue;
            }
            Some(HostAction::Notify(event)) => {
                print_state(&event);
                continue;
            }
            Some(HostAction::Install) => true,
            Some(HostAction::Remove) => false,
        };
        if let Err(error) = daemon.accept_addresses(accept) {
            log::error!("{error:#}");
        }
    }
}

fn follow_carrier(daemon: &mut impl Daemon, running: bool) -> Result<()> {
    let now = clock::now()?;
    let machine = daemon.virtual_router().machine_mut();
    if running {
        machine.interface_up(now);
    } else {
        machine.interface_down(now);
    }
    Ok(())
}

fn earliest(daemon: &mut impl Daemon) -> Option<Instant> {
    let router = daemon.virtual_router().machine().next_deadline();
    [router, daemon.next_deadline()].into_iter().flatten().min()
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
        Ok(0) => Err(std::io::Error::from(ErrorKind::UnexpectedEof)).context("watching the link"),
        Ok(length) => Ok(octets.iter().take(length).copied().collect()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

/// A JSON line for whoever watches: `{"state":"MASTER","time":1700000000.25}`.
fn print_state(event: &Event) {
    let state = match (event.to, event.reason) {
        (State::Active, _) => "MASTER",
        (State::Backup, _) => "BACKUP",
        (State::Initialize, Reason::InterfaceDown | Reason::Fault) => "FAULT",
        (State::Initialize, _) => "INIT",
    };
    log::info!("{event}");
    tell(json!({ "state": state }));
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
