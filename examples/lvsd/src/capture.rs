//! What went by, for Wireshark.

use std::fs::File;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use pcap_file::pcap::{PcapPacket, PcapWriter};

/// A capture file that is written frame by frame, without a buffer that a killed process would lose.
#[derive(Debug)]
pub struct Capture {
    writer: PcapWriter<File>,
}

impl Capture {
    /// A new file; one of that name is replaced.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        Ok(Self { writer: PcapWriter::new(file)? })
    }

    /// Adds a frame. A file that cannot be written any more is given up, not the packet path.
    pub fn write(&mut self, frame: &[u8]) {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let packet = PcapPacket::new(time, length, frame);
        if let Err(error) = self.writer.write_packet(&packet) {
            log::warn!("the capture has a gap: {error}");
        }
    }
}
