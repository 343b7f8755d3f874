//! Ports on loopback that no other fixture uses at the same time.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// Below the range from which Linux takes the ports of outgoing connections, so that a stopped server finds its port again.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A port number, reserved against other test processes by a lock file as long as this lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Reserves a port on which nobody listens.
    pub fn reserve() -> Result<Self> {
        let folder: PathBuf = std::env::temp_dir().join("moldau-test-ports");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let start = std::process::id().wrapping_mul(61) % u32::from(COUNT);
        for step in 0..u32::from(COUNT) {
            let number = FIRST + u16::try_from((start + step) % u32::from(COUNT))?;
            let lock = File::create(folder.join(number.to_string()))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error).context("cannot lock a port file"),
            }
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        bail!("no free port between {FIRST} and {}", FIRST + COUNT)
    }

    /// The port number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
