//! Directors as processes of this very program.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use super::network::INTERFACE;
use super::plan;
use crate::namespace::Namespace;

/// A director; it ends with this value.
#[derive(Debug)]
pub(crate) struct DirectorProcess {
    child: Child,
}

impl DirectorProcess {
    /// Starts `lvsd` on a host with these arguments and that on its standard input. Each line that
    /// it prints goes to `hear`, with the time that it tells.
    ///
    /// # Errors
    /// No process can be had.
    pub(crate) fn start(
        host: &Namespace,
        arguments: &[String],
        input: &str,
        mut hear: impl FnMut(SystemTime, &Value) + Send + 'static,
    ) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = host.run(|| command.spawn().context("starting a director"))?;
        let mut this = Self { child };
        let mut stdin = this.child.stdin.take().ok_or_else(|| anyhow!("no pipe to a director"))?;
        stdin.write_all(input.as_bytes())?;
        let stdout = this.child.stdout.take().ok_or_else(|| anyhow!("no pipe from a director"))?;
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str::<Value>(&line) else { continue };
                if let Some(time) = time_of(&value) {
                    hear(time, &value);
                }
            }
        });
        Ok(this)
    }
}

/// The end is at once, as a power cut would make it.
impl Drop for DirectorProcess {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            log::warn!("a director could not be ended: {error}");
        }
    }
}

fn time_of(line: &Value) -> Option<SystemTime> {
    let time = Duration::try_from_secs_f64(line.get("time")?.as_f64()?).ok()?;
    Some(SystemTime::UNIX_EPOCH + time)
}

/// The arguments of `lvsd run` for a director of that priority; its rules come by standard input.
#[must_use]
pub(crate) fn run_arguments(priority: u8) -> Vec<String> {
    let (vrid, priority) = (plan::VRID.to_string(), priority.to_string());
    let interval = plan::ADVERT_CENTISECONDS.to_string();
    let options = [
        ["--iface", INTERFACE],
        ["--rules", "-"],
        ["--version", "3"],
        ["--vrid", &vrid],
        ["--priority", &priority],
        ["--advert-cs", &interval],
    ];
    ["run"].into_iter().chain(options.into_iter().flatten()).map(str::to_owned).collect()
}
