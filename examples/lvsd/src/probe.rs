//! One attempt of a check, on a socket that never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

use lvs_sched::health::{CheckKind, HttpGet, Outcome};
use md5::{Digest, Md5};
use regex::bytes::Regex;
use socket2::{Domain, Protocol, Socket, Type};

/// Octets of an answer that are looked at.
const LONGEST_ANSWER: usize = 1 << 20;

/// A connection to a real server, and what is asked there.
#[derive(Debug)]
pub struct Probe {
    socket: Socket,
    connected: bool,
    /// What a page is asked with, as far as it is not sent; `None` if the connection is all.
    asked: Option<(HttpGet, Vec<u8>)>,
    answer: Vec<u8>,
}

impl Probe {
    /// Begins to connect.
    ///
    /// # Errors
    /// There is no socket, or no way to the server.
    pub fn new(kind: &CheckKind, target: SocketAddr) -> io::Result<Self> {
        let asked = match kind {
            CheckKind::TcpCheck => None,
            CheckKind::HttpGet(get) => Some((get.clone(), request(get, target))),
            CheckKind::SslGet(_) | CheckKind::MiscCheck(_) => {
                return Err(ErrorKind::Unsupported.into());
            }
        };
        let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&target.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        Ok(Self { socket, connected: false, asked, answer: Vec::new() })
    }

    /// Goes on as far as it can without waiting: what came of it, if that is known.
    pub fn advance(&mut self) -> Option<Outcome> {
        match self.try_advance() {
            Ok(outcome) => outcome,
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => {
                log::debug!("a check fails: {error}");
                Some(if self.connected { Outcome::Failed } else { Outcome::Refused })
            }
        }
    }

    fn try_advance(&mut self) -> io::Result<Option<Outcome>> {
        if !self.connected {
            if let Some(error) = self.socket.take_error()? {
                return Err(error);
            }
            if self.socket.peer_addr().is_err() {
                return Ok(None);
            }
            self.connected = true;
        }
        let Some((get, unsent)) = &mut self.asked else { return Ok(Some(Outcome::Connected)) };
        while !unsent.is_empty() {
            let length = self.socket.write(unsent)?;
            unsent.drain(..length);
        }
        let mut octets = [0; 4_096];
        while self.answer.len() < LONGEST_ANSWER {
            match self.socket.read(&mut octets)? {
                0 => break,
                length => self.answer.extend(octets.iter().take(length)),
            }
        }
        Ok(Some(judge(get, &self.answer)))
    }
}

impl AsFd for Probe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A request after which the server closes the connection.
fn request(get: &HttpGet, target: SocketAddr) -> Vec<u8> {
    let HttpGet { path, virtualhost, .. } = get;
    let host =
        virtualhost.clone().unwrap_or_else(|| match (target.ip().is_ipv6(), target.port()) {
            (true, _) => target.to_string(),
            (false, 80) => target.ip().to_string(),
            (false, _) => target.to_string(),
        });
    format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: lvsd\r\n\r\n").into_bytes()
}

/// What an answer says.
fn judge(get: &HttpGet, answer: &[u8]) -> Outcome {
    let end = answer.windows(4).position(|octets| octets == b"\r\n\r\n");
    let Some((head, body)) = end.and_then(|end| answer.split_at_checked(end + 4)) else {
        return Outcome::Failed;
    };
    let Some(status) = status(head) else { return Outcome::Failed };
    let digest = get.digest.map(|_| Md5::digest(body).into());
    let found = |pattern: &String| Regex::new(pattern).is_ok_and(|regex| regex.is_match(body));
    let received = get.receive.as_ref().is_some_and(found);
    Outcome::Response { status, digest, received }
}

/// The code in `HTTP/1.1 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    let mut words = head.split(|octet| *octet == b' ');
    words.next().filter(|version| version.starts_with(b"HTTP/1."))?;
    let code = words.next()?.first_chunk::<3>()?;
    std::str::from_utf8(code).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn get(digest: Option<[u8; 16]>, receive: Option<&str>) -> HttpGet {
        HttpGet { digest, receive: receive.map(str::to_owned), ..HttpGet::new("/".into()) }
    }

    #[test]
    fn an_answer_is_judged_by_code_digest_and_text() {
        let response = |status, digest, received| Outcome::Response { status, digest, received };
        let found = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nRS 1 SERVER";
        assert_eq!(judge(&get(None, None), found), response(200, None, false));
        assert_eq!(judge(&get(None, Some("RS [0-9] S")), found), response(200, None, true));
        assert_eq!(judge(&get(None, Some("RS 2")), found), response(200, None, false));
        let digest = Md5::digest("RS 1 SERVER").into();
        assert_eq!(judge(&get(Some([0; 16]), None), found), response(200, Some(digest), false));
        let gone = b"HTTP/1.0 404 Not Found\r\n\r\n";
        assert_eq!(judge(&get(None, Some("")), gone), response(404, None, true));
        for no_page in ["", "HTTP/1.1 200 OK\r\n", "220 mail\r\n\r\n", "HTTP/1.1 \r\n\r\n"] {
            assert_eq!(judge(&get(None, None), no_page.as_bytes()), Outcome::Failed, "{no_page}");
        }
    }

    /// What comes of asking a server that sends `answer`.
    fn ask(kind: &CheckKind, answer: &'static str) -> Outcome {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut octets = [0; 256];
            let _ = stream.read(&mut octets);
            let _ = stream.write_all(answer.as_bytes());
        });
        let outcome = outcome(Probe::new(kind, target).unwrap());
        server.join().unwrap();
        outcome
    }

    fn outcome(mut probe: Probe) -> Outcome {
        loop {
            if let Some(outcome) = probe.advance() {
                return outcome;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn servers_are_asked() {
        let page = "HTTP/1.0 200 OK\r\n\r\nRS 1 SERVER";
        let kind = CheckKind::HttpGet(get(None, Some("SERVER")));
        let expected = Outcome::Response { status: 200, digest: None, received: true };
        assert_eq!(ask(&kind, page), expected);
        assert_eq!(ask(&CheckKind::TcpCheck, ""), Outcome::Connected);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        let refused = Probe::new(&CheckKind::TcpCheck, nobody).map(outcome);
        assert!(matches!(refused, Ok(Outcome::Refused) | Err(_)), "{refused:?}");
    }
}
