//! The memory that all logs of a cluster share, and what becomes of it when it is full.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;

use crate::cluster::lock;
use crate::options::{Limits, WhenFull};

/// How much is written to one temporary file; its room is free again when all of it is unused.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Counts the bytes of records, and moves the oldest to files where that is allowed.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    used: AtomicUsize,
    limit: usize,
    spill: Option<Mutex<Spill>>,
}

#[derive(Debug)]
struct Spill {
    folder: PathBuf,
    /// What may be moved, in the order in which it was written.
    in_memory: VecDeque<Weak<Sealed>>,
    file: Option<(Arc<File>, u64)>,
}

/// Why there is no room for a batch.
#[derive(Debug)]
pub(crate) enum Full {
    /// The limit was reached, and nothing may be moved.
    Memory { limit: usize },
    /// A temporary file could not be written.
    Disk(io::Error),
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { limit } => write!(
                f,
                "the embedded cluster holds its limit of `{limit}` bytes of records; raise `memory_bytes`, let it \
                 spill to files, or delete topics or records"
            ),
            Self::Disk(error) => write!(f, "the embedded cluster could not spill records to a file: {error}"),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(&Limits { memory_bytes: usize::MAX, when_full: WhenFull::Refuse })
    }
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        let spill = match &limits.when_full {
            WhenFull::Refuse => None,
            WhenFull::Spill { dir } => Some(Mutex::new(Spill {
                folder: dir.clone().unwrap_or_else(std::env::temp_dir),
                in_memory: VecDeque::new(),
                file: None,
            })),
        };
        let limit = limits.memory_bytes;
        Self(Arc::new(Shared { used: AtomicUsize::new(0), limit, spill }))
    }

    /// Returns how many bytes of records are in memory.
    pub(crate) fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Returns whether more is held than may be, and segments that still grow could be moved when sealed.
    pub(crate) fn wants_sealing(&self) -> bool {
        self.0.spill.is_some() && self.used() > self.0.limit
    }

    /// Makes room for a batch, if there is none, by moving the oldest sealed segments to files. Where nothing is
    /// left to move, the limit is passed: the caller seals what grows then.
    pub(crate) fn make_room(&self, bytes: usize) -> Result<(), Full> {
        let is_full = || self.used().saturating_add(bytes) > self.0.limit;
        if !is_full() {
            return Ok(());
        }
        let Some(spill) = &self.0.spill else { return Err(Full::Memory { limit: self.0.limit }) };
        let mut spill = lock(spill);
        while is_full() {
            let Some(oldest) = spill.in_memory.pop_front() else { break };
            let Some(sealed) = oldest.upgrade() else { continue };
            if let Err(error) = spill.write(&sealed) {
                spill.in_memory.push_front(oldest);
                return Err(Full::Disk(error));
            }
        }
        Ok(())
    }

    /// Takes over the bytes of a segment that grows no more.
    pub(super) fn seal(&self, bytes: Bytes, held: Held) -> Arc<Sealed> {
        let sealed = Arc::new(Sealed(Mutex::new(Place::Memory { bytes, _held: held })));
        if let Some(spill) = &self.0.spill {
            let mut spill = lock(spill);
            // Segments that were deleted leave their names behind, until there are as many as living ones.
            if spill.in_memory.len() == spill.in_memory.capacity() {
                spill.in_memory.retain(|sealed| sealed.strong_count() > 0);
            }
            spill.in_memory.push_back(Arc::downgrade(&sealed));
        }
        sealed
    }

    /// Starts to count what a segment holds.
    pub(super) fn hold(&self) -> Held {
        Held { memory: self.clone(), bytes: 0 }
    }
}

/// Bytes that are counted as long as this lives.
#[derive(Debug)]
pub(super) struct Held {
    memory: Memory,
    bytes: usize,
}

impl Held {
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.memory.0.used.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The bytes of a segment that grows no more, wherever they are.
#[derive(Debug)]
pub(super) struct Sealed(Mutex<Place>);

#[derive(Debug)]
enum Place {
    Memory { bytes: Bytes, _held: Held },
    File { file: Arc<File>, at: u64 },
}

impl Sealed {
    /// Returns a part: of memory without a copy, of a file by reading it.
    pub(super) fn slice(&self, from: usize, to: usize) -> io::Result<Bytes> {
        match &*lock(&self.0) {
            Place::Memory { bytes, .. } => Ok(bytes.slice(from..to)),
            Place::File { file, at } => {
                let mut bytes = vec![0; to - from];
                file_io::read_exact_at(file, &mut bytes, at + from as u64)?;
                Ok(bytes.into())
            }
        }
    }
}

impl Spill {
    fn write(&mut self, sealed: &Sealed) -> io::Result<()> {
        let mut place = lock(&sealed.0);
        let Place::Memory { bytes, .. } = &*place else { return Ok(()) };
        let (file, at) = match &self.file {
            Some((file, at)) if *at < FILE_BYTES => (file.clone(), *at),
            _ => (Arc::new(tempfile::tempfile_in(&self.folder)?), 0),
        };
        file_io::write_all_at(&file, bytes, at)?;
        self.file = Some((file.clone(), at + bytes.len() as u64));
        *place = Place::File { file, at };
        Ok(())
    }
}

/// Positioned reads and writes, which each system names its own way.
mod file_io {
    use std::fs::File;
    use std::io;

    #[cfg(unix)]
    pub(super) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
    }

    #[cfg(unix)]
    pub(super) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
    }

    #[cfg(windows)]
    pub(super) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes = &mut bytes[read..];
            at += read as u64;
        }
        Ok(())
    }

    #[cfg(windows)]
    pub(super) fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
            bytes = &bytes[written..];
            at += written as u64;
        }
        Ok(())
    }
}
