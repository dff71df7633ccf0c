//! A file descriptor that is readable while there are completions.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::error::{ErrorCode, ProbeError, Result};

/// An eventfd. Closed with the probe's entry.
pub(super) struct WakeFd(OwnedFd);

impl WakeFd {
    #[cfg(target_os = "linux")]
    pub(super) fn new() -> Result<Self> {
        // SAFETY: no pointers are involved; the result is checked.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            let error = std::io::Error::last_os_error();
            return Err(ProbeError::new(
                ErrorCode::Overloaded,
                format!("no file descriptor was left: {error}"),
            ));
        }
        // SAFETY: a fresh descriptor that nobody else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn new() -> Result<Self> {
        Err(ProbeError::new(ErrorCode::Unsupported, "a completion descriptor exists on Linux only")
            .hint("wait in test_probe_next"))
    }

    pub(super) fn raw(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Makes it readable. Never blocks: a counter that is full is readable already.
    pub(super) fn set(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the buffer has the eight bytes that an eventfd takes.
        unsafe { libc::write(self.raw(), one.as_ptr().cast(), one.len()) };
    }

    /// Makes it not readable.
    pub(super) fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: the buffer has the eight bytes that an eventfd gives; it does not block.
        unsafe { libc::read(self.raw(), count.as_mut_ptr().cast(), count.len()) };
    }
}
