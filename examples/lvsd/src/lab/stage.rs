//! One director between a client host and real servers: what the shorter runs are played on.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use serde_json::Value;

use super::director::DirectorProcess;
use super::http;
use super::network::Network;
use super::plan;
use super::promise::{Schedule, promised};
use super::story::Shares;
use crate::namespace::Namespace;

/// A cluster with an Active director.
pub(crate) struct Stage {
    client: Arc<Namespace>,
    clients: Vec<IpAddr>,
    /// No two requests come from one port: a director would take the second for the first again.
    next_port: u16,
    events: Receiver<(SystemTime, Value)>,
    _director: DirectorProcess,
    _networks: Vec<Network>,
}

/// Where requests go, and what they find there.
pub(crate) struct Target<'a> {
    /// The service.
    pub(crate) service: SocketAddr,
    /// How it distributes them.
    pub(crate) schedule: Schedule,
    /// The weights of its servers.
    pub(crate) weights: &'a [u32],
}

impl Stage {
    /// Starts a director with these arguments and that on its standard input, and waits until it is
    /// Active.
    ///
    /// # Errors
    /// It does not become Active.
    pub(crate) fn new(
        (client, clients): (Arc<Namespace>, Vec<IpAddr>),
        director: &Namespace,
        arguments: &[String],
        input: &str,
        networks: Vec<Network>,
    ) -> Result<Self> {
        let (sender, events) = mpsc::channel();
        let hear = move |time, line: &Value| {
            // Nobody listens at the end.
            let _ = sender.send((time, line.clone()));
        };
        let mut this = Self {
            client,
            clients,
            next_port: plan::FIRST_CLIENT_PORT,
            events,
            _director: DirectorProcess::start(director, arguments, input, hear)?,
            _networks: networks,
        };
        this.await_event(|line| line.get("state").is_some_and(|state| state == "MASTER"))?;
        Ok(this)
    }

    /// Waits for the director to say such a thing, and tells when it did.
    ///
    /// # Errors
    /// It did not.
    pub(crate) fn await_event(
        &mut self,
        mut is_it: impl FnMut(&Value) -> bool,
    ) -> Result<SystemTime> {
        let deadline = Instant::now() + plan::PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left);
            let (time, line) = event.context("the director did not say what it should")?;
            if is_it(&line) {
                return Ok(time);
            }
        }
    }

    /// What `ask` finds, from the next client.
    pub(crate) fn ask(
        &mut self,
        service: SocketAddr,
        ask: impl FnOnce(SocketAddr, SocketAddr, Duration) -> io::Result<String> + Send,
    ) -> Result<(IpAddr, Option<String>)> {
        let number = usize::from(self.next_port - plan::FIRST_CLIENT_PORT);
        let address = self.clients[number % self.clients.len()];
        let client = SocketAddr::new(address, self.next_port);
        self.next_port += 1;
        let answer = self.client.run(|| match ask(client, service, plan::PATIENCE) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                log::info!("{client} got no answer from {service}: {error}");
                Ok(None)
            }
        })?;
        Ok((address, answer))
    }

    /// So many requests from all clients in turn, and which were answered with which server's
    /// page.
    pub(crate) fn request(
        &mut self,
        target: &Target<'_>,
        requests: usize,
        page: impl Fn(usize, IpAddr) -> String,
    ) -> Result<Shares> {
        let mut answers = Vec::with_capacity(requests);
        for _ in 0..requests {
            answers.push(self.ask(target.service, http::get)?);
        }
        let clients: Vec<IpAddr> = answers.iter().map(|(client, _)| *client).collect();
        let promised = promised(target.schedule, target.weights, &clients);
        let is_from = |server, (client, answer): &(IpAddr, Option<String>)| {
            answer.as_ref() == Some(&page(server, *client))
        };
        let share = |server| answers.iter().filter(|answer| is_from(server, answer)).count();
        let answered = (0..target.weights.len()).map(share).collect();
        let kept =
            answers.iter().zip(&promised).filter(|(answer, server)| is_from(**server, answer));
        Ok(Shares { requests, answered, kept: kept.count() })
    }
}
