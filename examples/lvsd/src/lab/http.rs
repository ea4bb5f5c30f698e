//! The least HTTP that a browser and a server would recognise.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// What a client asks.
pub(crate) const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// Octets of the longest head of a request.
const LONGEST_HEAD: usize = 8_192;

/// How long a server waits for the rest of a request.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server that answers each client in a thread of its own, until it is closed or the process
/// ends.
///
/// The threads stay in the network namespace of who began it.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    /// Serves `body` to whoever asks.
    ///
    /// # Errors
    /// The port is taken.
    pub(crate) fn new(at: SocketAddr, body: &str) -> io::Result<Self> {
        let page = page(body);
        Self::with(at, move |mut stream| stream.write_all(page.as_bytes()))
    }

    /// Serves what `body` is at the moment.
    ///
    /// # Errors
    /// The port is taken.
    pub(crate) fn changing(at: SocketAddr, body: Arc<Mutex<String>>) -> io::Result<Self> {
        Self::with(at, move |mut stream| {
            let page = page(&body.lock().unwrap_or_else(PoisonError::into_inner));
            stream.write_all(page.as_bytes())
        })
    }

    /// As [`new`](Self::new), a body of `pieces` times `piece`, with `gap` before each.
    ///
    /// # Errors
    /// The port is taken.
    pub(crate) fn slow(
        at: SocketAddr,
        piece: &'static str,
        pieces: usize,
        gap: Duration,
    ) -> io::Result<Self> {
        Self::with(at, move |mut stream| {
            stream.write_all(head(piece.len() * pieces).as_bytes())?;
            for _ in 0..pieces {
                thread::sleep(gap);
                stream.write_all(piece.as_bytes())?;
            }
            Ok(())
        })
    }

    /// Serves `body` and, behind it, the address of the client as the server sees it.
    ///
    /// # Errors
    /// The port is taken.
    pub(crate) fn naming_clients(at: SocketAddr, body: String) -> io::Result<Self> {
        Self::with(at, move |mut stream| {
            let client = stream.peer_addr()?.ip();
            stream.write_all(page(&format!("{body}{client}")).as_bytes())
        })
    }

    /// Takes whatever follows the request, and serves how many octets that were.
    ///
    /// # Errors
    /// The port is taken.
    pub(crate) fn counting(at: SocketAddr) -> io::Result<Self> {
        Self::with(at, |mut stream| {
            let length = io::copy(&mut stream, &mut io::sink())?;
            stream.write_all(page(&length.to_string()).as_bytes())
        })
    }

    /// Refuses connections from now on.
    ///
    /// # Errors
    /// It was not listening.
    pub(crate) fn close(self) -> io::Result<()> {
        // The thread that waits for clients wakes by it, and ends.
        SockRef::from(&self.listener).shutdown(Shutdown::Both)
    }

    fn with(
        at: SocketAddr,
        answer: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(at)?;
        let this = Self { listener: listener.try_clone()? };
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let answer = answer.clone();
                thread::spawn(move || {
                    let answered = read_request(&mut stream).and_then(|()| answer(stream));
                    if let Err(error) = answered {
                        log::debug!("a client went away: {error}");
                    }
                });
            }
        });
        Ok(this)
    }
}

/// Asks `server` for its page from `client`, and gives the body; all within `timeout`.
///
/// # Errors
/// Nobody answered in time, or what came is not a page.
pub(crate) fn get(client: SocketAddr, server: SocketAddr, timeout: Duration) -> io::Result<String> {
    ask(client, server, REQUEST.as_bytes(), timeout)
}

/// As [`get`], with `octets` zeros behind the request.
///
/// # Errors
/// Nobody answered in time, or what came is not a page.
pub(crate) fn upload(
    client: SocketAddr,
    server: SocketAddr,
    octets: usize,
    timeout: Duration,
) -> io::Result<String> {
    ask(client, server, &[REQUEST.as_bytes(), &vec![0; octets]].concat(), timeout)
}

fn ask(
    client: SocketAddr,
    server: SocketAddr,
    request: &[u8],
    timeout: Duration,
) -> io::Result<String> {
    let deadline = Instant::now() + timeout;
    let socket = Socket::new(Domain::for_address(client), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&client.into())?;
    socket.connect_timeout(&server.into(), timeout)?;
    let mut stream = TcpStream::from(socket);
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))?;
    stream.write_all(request)?;
    stream.shutdown(Shutdown::Write)?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    body_of(&page).map(str::to_owned).ok_or_else(|| io::Error::other("not a page"))
}

/// The page with `body` as it is sent.
#[must_use]
pub(crate) fn page(body: &str) -> String {
    head(body.len()) + body
}

/// The head of a page with a body of `length` octets.
#[must_use]
pub(crate) fn head(length: usize) -> String {
    format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
}

/// The body of a page, if it is one.
#[must_use]
pub(crate) fn body_of(page: &str) -> Option<&str> {
    let (head, body) = page.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.0 200 ").then_some(body)
}

/// Reads the head of a request, octet by octet: what follows it is another's.
fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut octet = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if request.len() == LONGEST_HEAD || stream.read(&mut octet)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.extend(octet);
    }
    Ok(())
}
