//! The least HTTP that a browser and a server would recognise.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

/// What a client asks.
pub(crate) const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// How long a server waits for the rest of a request.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves `body` to whoever asks, each client in a thread of its own, until the process ends.
///
/// The threads stay in the network namespace of the caller.
///
/// # Errors
/// The port is taken.
pub(crate) fn serve(port: u16, body: String) -> io::Result<()> {
    let page = page(&body);
    serve_with(port, move |mut stream| stream.write_all(page.as_bytes()))
}

/// As [`serve`], a body of `pieces` times `piece`, with `gap` before each.
///
/// # Errors
/// The port is taken.
pub(crate) fn serve_slowly(
    port: u16,
    piece: &'static str,
    pieces: usize,
    gap: Duration,
) -> io::Result<()> {
    serve_with(port, move |mut stream| {
        stream.write_all(head(piece.len() * pieces).as_bytes())?;
        for _ in 0..pieces {
            thread::sleep(gap);
            stream.write_all(piece.as_bytes())?;
        }
        Ok(())
    })
}

fn serve_with(
    port: u16,
    answer: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let answered = read_request(&mut stream).and_then(|()| answer(stream));
                if let Err(error) = answered {
                    log::debug!("a client went away: {error}");
                }
            });
        }
    });
    Ok(())
}

/// Asks `server` for its page from `client`, and gives the body; all within `timeout`.
///
/// # Errors
/// Nobody answered in time, or what came is not a page.
pub(crate) fn get(
    client: SocketAddrV4,
    server: SocketAddrV4,
    timeout: Duration,
) -> io::Result<String> {
    let deadline = Instant::now() + timeout;
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from(client).into())?;
    socket.connect_timeout(&SocketAddr::from(server).into(), timeout)?;
    let mut stream = TcpStream::from(socket);
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(left))?;
    stream.write_all(REQUEST.as_bytes())?;
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

/// Reads the whole request: a socket closed over unread octets is reset.
fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut octets = [0; 512];
    while !request.ends_with(b"\r\n\r\n") && request.len() < 8_192 {
        match stream.read(&mut octets)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => request.extend(octets.iter().take(length)),
        }
    }
    Ok(())
}
