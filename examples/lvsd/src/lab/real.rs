//! The cluster on real kernels' sockets: directors are processes of this very program.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use super::http;
use super::network::{self, INTERFACE, Network};
use super::plan::{self, CLIENTS, DIRECTOR_ADDRESSES, DIRECTORS, PREFIX, SERVER_ADDRESSES, TRIALS};
use super::story::{Change, Cluster};
use crate::namespace::Namespace;

/// Hosts in namespaces on one bridge.
#[derive(Debug)]
pub(crate) struct RealCluster {
    built: Instant,
    built_at: SystemTime,
    client: Arc<Namespace>,
    directors: [Arc<Namespace>; DIRECTORS],
    processes: [Option<Child>; DIRECTORS],
    changes: Arc<Mutex<Vec<Change>>>,
    /// No two requests come from one port: a director would take the second for the first again.
    next_port: u16,
    download: Option<JoinHandle<Result<String>>>,
    pcap: Option<PathBuf>,
    /// The bridge, and the real servers, whose threads stay inside.
    _network: Network,
}

impl RealCluster {
    /// Builds the network and starts the real servers; the directors wait to be started.
    ///
    /// # Errors
    /// Namespaces are not permitted here.
    pub(crate) fn new(pcap: Option<PathBuf>) -> Result<Self> {
        let mut network = Network::new()?;
        let on_the_net = |address: Ipv4Addr| (IpAddr::from(address), PREFIX);
        let client = network.add_host(&CLIENTS.map(on_the_net))?;
        let mut director =
            |number: usize| network.add_host(&[on_the_net(DIRECTOR_ADDRESSES[number])]);
        let directors = [director(0)?, director(1)?];
        for (number, address) in SERVER_ADDRESSES.into_iter().enumerate() {
            let server = network.add_host(&[on_the_net(address)])?;
            network::accept_silently(&server, plan::VIRTUAL_ADDRESS.into())?;
            server.run(|| {
                let (piece, gap) = (plan::DOWNLOAD_PIECE, plan::DOWNLOAD_GAP);
                http::serve_slowly(plan::DOWNLOAD_PORT, piece, plan::DOWNLOAD_PIECES, gap)
                    .context("starting a real server")
            })?;
            for trial in &TRIALS {
                let body = plan::page_of(number);
                server.run(|| http::serve(trial.port, body).context("starting a real server"))?;
            }
        }
        if let Some(directory) = &pcap {
            std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        Ok(Self {
            built: Instant::now(),
            built_at: SystemTime::now(),
            client,
            directors,
            processes: [const { None }; DIRECTORS],
            changes: Arc::default(),
            next_port: plan::FIRST_CLIENT_PORT,
            download: None,
            pcap,
            _network: network,
        })
    }

    fn next_client(&mut self, address: Ipv4Addr) -> SocketAddrV4 {
        let client = SocketAddrV4::new(address, self.next_port);
        self.next_port = self.next_port.checked_add(1).unwrap_or(plan::FIRST_CLIENT_PORT);
        client
    }

    fn command(&self, director: usize) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["run", "--iface", INTERFACE, "--rules", "-", "--version", "3"]);
        command.args(["--vrid", &plan::VRID.to_string()]);
        command.args(["--priority", &plan::PRIORITIES[director].to_string()]);
        command.args(["--advert-cs", &plan::ADVERT_CENTISECONDS.to_string()]);
        command.args(["--vip", &plan::VIRTUAL_ADDRESS.to_string()]);
        command.args(["--sync-id", &plan::SYNC_ID.to_string()]);
        if let Some(directory) = &self.pcap {
            command.arg("--pcap").arg(directory.join(format!("director-{}.pcap", director + 1)));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(command)
    }
}

impl Cluster for RealCluster {
    fn now(&self) -> Duration {
        self.built.elapsed()
    }

    fn pause(&mut self, span: Duration) -> Result<()> {
        thread::sleep(span);
        Ok(())
    }

    fn request(&mut self, client: Ipv4Addr, port: u16, timeout: Duration) -> Result<Option<usize>> {
        let client = self.next_client(client);
        let server = SocketAddrV4::new(plan::VIRTUAL_ADDRESS, port);
        self.client.run(|| match http::get(client, server, timeout) {
            Ok(body) => {
                Ok((0..SERVER_ADDRESSES.len()).find(|number| plan::page_of(*number) == body))
            }
            Err(error) => {
                log::info!("{client} got no answer from {server}: {error}");
                Ok(None)
            }
        })
    }

    fn begin_download(&mut self) -> Result<()> {
        let client = self.next_client(CLIENTS[0]);
        let server = SocketAddrV4::new(plan::VIRTUAL_ADDRESS, plan::DOWNLOAD_PORT);
        let host = Arc::clone(&self.client);
        self.download = Some(thread::spawn(move || {
            host.run(|| Ok(http::get(client, server, plan::PATIENCE)?))
        }));
        Ok(())
    }

    fn end_download(&mut self) -> Result<Option<bool>> {
        let Some(download) = self.download.take_if(|download| download.is_finished()) else {
            return Ok(None);
        };
        let body = download.join().map_err(|_| anyhow!("the download panicked"))?;
        let whole = plan::DOWNLOAD_PIECE.repeat(plan::DOWNLOAD_PIECES);
        Ok(Some(body.is_ok_and(|body| body == whole)))
    }

    fn start(&mut self, director: usize) -> Result<()> {
        let mut command = self.command(director)?;
        let mut child =
            self.directors[director].run(|| command.spawn().context("starting a director"))?;
        let mut rules = child.stdin.take().ok_or_else(|| anyhow!("no pipe to a director"))?;
        rules.write_all(plan::rules().as_bytes())?;
        let states = child.stdout.take().ok_or_else(|| anyhow!("no pipe from a director"))?;
        let (built_at, changes) = (self.built_at, Arc::clone(&self.changes));
        thread::spawn(move || follow(director, states, built_at, &changes));
        self.processes[director] = Some(child);
        Ok(())
    }

    fn kill(&mut self, director: usize) -> Result<()> {
        let mut child = self.processes[director].take().context("the director is not running")?;
        child.kill()?;
        let change = Change { at: self.now(), director, active: false };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        child.wait()?;
        Ok(())
    }

    fn changes(&self) -> Vec<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        for child in self.processes.iter_mut().flatten() {
            if let Err(error) = child.kill().and_then(|()| child.wait()) {
                log::warn!("a director could not be ended: {error}");
            }
        }
    }
}

/// Notes a director's changes of state until it ends.
fn follow(
    director: usize,
    states: ChildStdout,
    built_at: SystemTime,
    changes: &Mutex<Vec<Change>>,
) {
    let mut active = false;
    for line in BufReader::new(states).lines().map_while(Result::ok) {
        let Some((state, at)) = state_change(&line, built_at) else { continue };
        let now_active = state == "MASTER";
        if now_active != active {
            active = now_active;
            let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
            changes.push(Change { at, director, active });
            changes.sort_by_key(|change| change.at);
        }
    }
}

fn state_change(line: &str, built_at: SystemTime) -> Option<(String, Duration)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let state = value.get("state")?.as_str()?.to_owned();
    let time = Duration::try_from_secs_f64(value.get("time")?.as_f64()?).ok()?;
    let at = (SystemTime::UNIX_EPOCH + time).duration_since(built_at).unwrap_or_default();
    Some((state, at))
}
