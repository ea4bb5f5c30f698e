//! The cluster on real kernels' sockets.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use lvs_proto::Family;
use serde_json::Value;

use super::director::{DirectorProcess, run_arguments};
use super::http::{self, Server};
use super::network::{self, Network};
use super::plan::{self, DIRECTORS, SERVERS, Site, TRIALS};
use super::story::{Change, Cluster};
use crate::namespace::Namespace;

/// Hosts in namespaces on one bridge.
#[derive(Debug)]
pub(crate) struct RealCluster {
    built: Instant,
    built_at: SystemTime,
    site: Site,
    client: Arc<Namespace>,
    directors: [Arc<Namespace>; DIRECTORS],
    processes: [Option<DirectorProcess>; DIRECTORS],
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
    pub(crate) fn new(site: Site, pcap: Option<PathBuf>) -> Result<Self> {
        let mut network = Network::new()?;
        let client = network.add_host(&site.clients.map(|address| (address, site.prefix)))?;
        let [first, second] = &site.directors;
        let directors = [network.add_host(first)?, network.add_host(second)?];
        for (number, address) in site.servers.into_iter().enumerate() {
            let server = network.add_host(&[(address, site.prefix)])?;
            network::accept_silently(&server, site.virtual_address())?;
            server.run(|| serve(number, Family::of(address)).context("starting a real server"))?;
        }
        if let Some(directory) = &pcap {
            std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        Ok(Self {
            built: Instant::now(),
            built_at: SystemTime::now(),
            site,
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

    fn next_client(&mut self, address: IpAddr) -> SocketAddr {
        let client = SocketAddr::new(address, self.next_port);
        self.next_port = self.next_port.checked_add(1).unwrap_or(plan::FIRST_CLIENT_PORT);
        client
    }

    fn arguments(&self, director: usize) -> Vec<String> {
        let mut arguments = run_arguments(plan::PRIORITIES[director]);
        let addresses: Vec<String> =
            self.site.virtual_addresses.iter().map(IpAddr::to_string).collect();
        arguments.extend(["--vip".into(), addresses.join(",")]);
        arguments.extend(["--sync-id".into(), plan::SYNC_ID.to_string()]);
        if let Some(directory) = &self.pcap {
            let file = directory.join(format!("director-{}.pcap", director + 1));
            arguments.extend(["--pcap".into(), file.display().to_string()]);
        }
        arguments
    }
}

/// Starts what real server `number` serves, in the namespace of the calling thread.
fn serve(number: usize, family: Family) -> std::io::Result<()> {
    let at = |port| SocketAddr::new(plan::any(family), port);
    let (piece, gap) = (plan::DOWNLOAD_PIECE, plan::DOWNLOAD_GAP);
    Server::slow(at(plan::DOWNLOAD_PORT), piece, plan::DOWNLOAD_PIECES, gap)?;
    for trial in &TRIALS {
        Server::new(at(trial.port), &plan::page_of(number))?;
    }
    Ok(())
}

impl Cluster for RealCluster {
    fn clients(&self) -> &[IpAddr] {
        &self.site.clients
    }

    fn now(&self) -> Duration {
        self.built.elapsed()
    }

    fn pause(&mut self, span: Duration) -> Result<()> {
        thread::sleep(span);
        Ok(())
    }

    fn request(&mut self, client: IpAddr, port: u16, timeout: Duration) -> Result<Option<usize>> {
        let client = self.next_client(client);
        let server = SocketAddr::new(self.site.virtual_address(), port);
        self.client.run(|| match http::get(client, server, timeout) {
            Ok(body) => Ok((0..SERVERS).find(|number| plan::page_of(*number) == body)),
            Err(error) => {
                log::info!("{client} got no answer from {server}: {error}");
                Ok(None)
            }
        })
    }

    fn begin_download(&mut self) -> Result<()> {
        let client = self.next_client(self.site.clients[0]);
        let server = SocketAddr::new(self.site.virtual_address(), plan::DOWNLOAD_PORT);
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
        let (built_at, changes) = (self.built_at, Arc::clone(&self.changes));
        let mut active = false;
        let hear = move |time: SystemTime, line: &Value| {
            let Some(state) = line.get("state") else { return };
            if (state == "MASTER") != active {
                active = !active;
                let at = time.duration_since(built_at).unwrap_or_default();
                note(&changes, Change { at, director, active });
            }
        };
        let (host, arguments) = (&self.directors[director], self.arguments(director));
        let process = DirectorProcess::start(host, &arguments, &self.site.rules(), hear)?;
        self.processes[director] = Some(process);
        Ok(())
    }

    fn kill(&mut self, director: usize) -> Result<()> {
        let process = self.processes[director].take().context("the director is not running")?;
        note(&self.changes, Change { at: self.now(), director, active: false });
        drop(process);
        Ok(())
    }

    fn changes(&self) -> Vec<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn note(changes: &Mutex<Vec<Change>>, change: Change) {
    let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
    changes.push(change);
    changes.sort_by_key(|change| change.at);
}
