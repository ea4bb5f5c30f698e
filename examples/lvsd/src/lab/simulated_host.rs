//! Hosts that are only a TCP stack: smoltcp in simulated time.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use anyhow::{Result, anyhow};
use lvs_proto::{Instant, MacAddr};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant as StackInstant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};

use super::http;
use super::plan::{self, PREFIX, SERVER_ADDRESSES, TRIALS, VIRTUAL_ADDRESS};

/// How many addresses a host may have.
pub(crate) const MAX_ADDRESSES: usize = 8;

/// Octets of a socket's buffer: more than a request or a page.
const BUFFER: usize = 1_024;

/// A TCP stack with its cable.
pub(crate) struct Host {
    cable: Cable,
    interface: Interface,
    sockets: SocketSet<'static>,
}

impl Host {
    fn new(mac: MacAddr, addresses: &[(Ipv4Addr, u8)]) -> Self {
        let mut cable = Cable::default();
        let config = Config::new(HardwareAddress::Ethernet(EthernetAddress(mac.octets())));
        let mut interface = Interface::new(config, &mut cable, StackInstant::ZERO);
        interface.update_ip_addrs(|list| {
            for (address, prefix) in addresses.iter().take(MAX_ADDRESSES) {
                let _ = list.push(IpCidr::new((*address).into(), *prefix));
            }
        });
        Self { cable, interface, sockets: SocketSet::new(Vec::new()) }
    }

    /// Hands the host a frame.
    pub(crate) fn deliver(&mut self, frame: Vec<u8>) {
        self.cable.received.push_back(frame);
    }

    /// What the host has sent since it was asked last.
    pub(crate) fn sent(&mut self) -> impl Iterator<Item = Vec<u8>> {
        self.cable.sent.drain(..)
    }

    /// When the host wants to act next, if nobody sends it anything.
    pub(crate) fn next_deadline(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(stack_time(now), &self.sockets)?;
        u64::try_from(at.total_micros()).ok().map(Instant::from_micros)
    }

    fn poll(&mut self, now: Instant) {
        self.interface.poll(stack_time(now), &mut self.cable, &mut self.sockets);
    }

    /// Forgets connections that are over, but for those in use.
    fn sweep(&mut self, in_use: impl Fn(SocketHandle) -> bool) {
        let over = |socket: &Socket<'_>| matches!(socket.state(), State::Closed | State::TimeWait);
        let handles: Vec<SocketHandle> = self.sockets.iter().map(|(handle, _)| handle).collect();
        for handle in handles {
            if over(self.sockets.get(handle)) && !in_use(handle) {
                self.sockets.remove(handle);
            }
        }
    }
}

/// A host with some of the clients' addresses.
pub(crate) struct ClientHost {
    /// Its stack.
    pub(crate) host: Host,
    requests: Vec<Request>,
    next_port: u16,
}

/// A request under way.
struct Request {
    socket: SocketHandle,
    port: u16,
    asked: bool,
    page: String,
}

impl ClientHost {
    /// A host with `addresses`.
    #[must_use]
    pub(crate) fn new(mac: MacAddr, addresses: &[Ipv4Addr]) -> Self {
        let addresses: Vec<_> = addresses.iter().map(|address| (*address, PREFIX)).collect();
        let host = Host::new(mac, &addresses);
        Self { host, requests: Vec::new(), next_port: plan::FIRST_CLIENT_PORT }
    }

    /// Begins a request from `client` to `port` of the virtual address; there may be one to each.
    ///
    /// # Errors
    /// The stack refuses the addresses.
    pub(crate) fn open(&mut self, client: Ipv4Addr, port: u16) -> Result<()> {
        let mut socket = new_socket();
        let local = (client, self.next_port);
        self.next_port = self.next_port.checked_add(1).unwrap_or(plan::FIRST_CLIENT_PORT);
        socket
            .connect(self.host.interface.context(), (VIRTUAL_ADDRESS, port), local)
            .map_err(|error| anyhow!("a client cannot connect: {error}"))?;
        let socket = self.host.sockets.add(socket);
        self.requests.push(Request { socket, port, asked: false, page: String::new() });
        Ok(())
    }

    /// The page from `port`, once the server has sent all of it and closed.
    #[must_use]
    pub(crate) fn page(&self, port: u16) -> Option<&str> {
        let request = self.requests.iter().find(|request| request.port == port)?;
        let socket: &Socket<'_> = self.host.sockets.get(request.socket);
        if socket.state() == State::CloseWait { http::body_of(&request.page) } else { None }
    }

    /// Ends the request to `port`: politely if it was answered.
    pub(crate) fn close(&mut self, port: u16) {
        let answered = self.page(port).is_some();
        for request in self.requests.extract_if(.., |request| request.port == port) {
            let socket: &mut Socket<'_> = self.host.sockets.get_mut(request.socket);
            if answered { socket.close() } else { socket.abort() }
        }
    }

    /// Does what is to be done at `now`.
    pub(crate) fn poll(&mut self, now: Instant) {
        self.host.poll(now);
        for request in &mut self.requests {
            let socket: &mut Socket<'_> = self.host.sockets.get_mut(request.socket);
            if !request.asked && socket.can_send() {
                request.asked = socket.send_slice(http::REQUEST.as_bytes()).is_ok();
            }
            read_into(socket, &mut request.page);
        }
        self.host.poll(now);
        let in_use = |handle| self.requests.iter().any(|request| request.socket == handle);
        self.host.sweep(in_use);
    }
}

/// A real server: a listening socket and the connections it has led to, for each port.
pub(crate) struct ServerHost {
    /// Its stack.
    pub(crate) host: Host,
    page: String,
    downloads: Vec<Download>,
}

/// A page that is sent piece by piece.
struct Download {
    socket: SocketHandle,
    pieces_left: usize,
    next_piece: Instant,
}

impl ServerHost {
    /// Server `number`, which has the virtual address besides its own.
    #[must_use]
    pub(crate) fn new(number: usize, mac: MacAddr) -> Self {
        let own = (SERVER_ADDRESSES[number], PREFIX);
        let host = Host::new(mac, &[own, (VIRTUAL_ADDRESS, 32)]);
        Self { host, page: http::page(&plan::page_of(number)), downloads: Vec::new() }
    }

    /// Does what is to be done at `now`.
    pub(crate) fn poll(&mut self, now: Instant) {
        for port in TRIALS.iter().map(|trial| trial.port).chain([plan::DOWNLOAD_PORT]) {
            self.listen(port);
        }
        self.host.poll(now);
        for (handle, socket) in self.host.sockets.iter_mut() {
            let smoltcp::socket::Socket::Tcp(socket) = socket;
            let mut request = String::new();
            read_into(socket, &mut request);
            if !request.ends_with("\r\n\r\n") {
                continue;
            }
            if socket.listen_endpoint().port == plan::DOWNLOAD_PORT {
                let (pieces_left, next_piece) = (plan::DOWNLOAD_PIECES, now + plan::DOWNLOAD_GAP);
                self.downloads.push(Download { socket: handle, pieces_left, next_piece });
                let length = plan::DOWNLOAD_PIECE.len() * plan::DOWNLOAD_PIECES;
                let _ = socket.send_slice(http::head(length).as_bytes());
            } else if socket.send_slice(self.page.as_bytes()).is_ok() {
                socket.close();
            }
        }
        self.send_pieces(now);
        self.host.poll(now);
        let downloads = &self.downloads;
        self.host.sweep(|handle| downloads.iter().any(|download| download.socket == handle));
    }

    /// When the server wants to act next, if nobody sends it anything.
    pub(crate) fn next_deadline(&mut self, now: Instant) -> Option<Instant> {
        let piece = self.downloads.iter().map(|download| download.next_piece).min();
        piece.into_iter().chain(self.host.next_deadline(now)).min()
    }

    fn send_pieces(&mut self, now: Instant) {
        for download in &mut self.downloads {
            let socket: &mut Socket<'_> = self.host.sockets.get_mut(download.socket);
            if download.next_piece <= now {
                let piece = plan::DOWNLOAD_PIECE.as_bytes();
                let room = socket.send_capacity() - socket.send_queue() >= piece.len();
                if room && socket.send_slice(piece).is_ok() {
                    download.pieces_left -= 1;
                }
                download.next_piece = now + plan::DOWNLOAD_GAP;
            }
            if download.pieces_left == 0 {
                socket.close();
            }
        }
        self.downloads.retain(|download| download.pieces_left > 0);
    }

    /// Keeps one socket listening on `port`.
    fn listen(&mut self, port: u16) {
        let listens = self.host.sockets.iter().any(|(_, socket)| {
            let smoltcp::socket::Socket::Tcp(socket) = socket;
            socket.state() == State::Listen && socket.listen_endpoint().port == port
        });
        let mut socket = new_socket();
        if !listens && socket.listen(port).is_ok() {
            self.host.sockets.add(socket);
        }
    }
}

fn new_socket() -> Socket<'static> {
    let buffer = || SocketBuffer::new(vec![0; BUFFER]);
    Socket::new(buffer(), buffer())
}

fn read_into(socket: &mut Socket<'_>, text: &mut String) {
    let mut octets = [0; BUFFER];
    if socket.can_recv() {
        let length = socket.recv_slice(&mut octets).unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&octets[..length]));
    }
}

fn stack_time(now: Instant) -> StackInstant {
    StackInstant::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

/// Both ends of a host's link, without delay.
#[derive(Default)]
struct Cable {
    received: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
}

struct Received(Vec<u8>);
struct Sent<'a>(&'a mut Vec<Vec<u8>>);

impl Device for Cable {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _now: StackInstant) -> Option<(Received, Sent<'_>)> {
        let frame = self.received.pop_front()?;
        Some((Received(frame), Sent(&mut self.sent)))
    }

    fn transmit(&mut self, _now: StackInstant) -> Option<Sent<'_>> {
        Some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl phy::TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let written = write(&mut frame);
        self.0.push(frame);
        written
    }
}
