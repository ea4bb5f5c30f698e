//! Network namespaces: whole little networks on one machine.

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::thread;

use anyhow::{Context, Result, anyhow};
use nix::sched::{CloneFlags, setns, unshare};

/// A network namespace. It lasts as long as this value, or a process in it.
#[derive(Debug)]
pub struct Namespace {
    file: File,
}

impl Namespace {
    /// A new, empty namespace: a loopback interface that is down, and nothing else.
    ///
    /// # Errors
    /// The kernel does not permit it.
    pub fn new() -> Result<Self> {
        // A thread enters the namespace and is gone; its descriptor keeps the namespace.
        let file = on_a_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).context("creating a network namespace")?;
            File::open("/proc/thread-self/ns/net").context("opening a network namespace")
        })?;
        Ok(Self { file })
    }

    /// Runs `work` inside the namespace, on a thread of its own; processes that it starts stay
    /// inside.
    ///
    /// # Errors
    /// The namespace cannot be entered, or what `work` says.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        on_a_thread(|| {
            self.enter()?;
            work()
        })
    }

    /// Moves the calling thread into the namespace, for good.
    ///
    /// # Errors
    /// The kernel does not permit it.
    pub fn enter(&self) -> Result<()> {
        setns(&self.file, CloneFlags::CLONE_NEWNET).context("entering a network namespace")
    }
}

/// For handing the namespace to netlink.
impl AsRawFd for Namespace {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

/// Makes the calling process root of a new user namespace unless it is root already, so that it
/// may create network namespaces. Must be called before any thread is started.
///
/// # Errors
/// User namespaces are not permitted on this machine.
pub fn become_root() -> Result<()> {
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if user.is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER).context("creating a user namespace")?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    Ok(())
}

fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        scope
            .spawn(work)
            .join()
            .unwrap_or_else(|_| Err(anyhow!("a thread of the network panicked")))
    })
}
