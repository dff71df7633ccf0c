//! What belongs to the process that made it.

use std::mem::ManuallyDrop;

use test_probe::{ErrorCode, ProbeError};

/// A value that a forked child neither uses nor drops: its threads do not exist there, and its
/// locks may be held for ever by one of them.
pub(crate) struct OfThisProcess<T> {
    pid: u32,
    value: ManuallyDrop<T>,
}

impl<T> OfThisProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { pid: std::process::id(), value: ManuallyDrop::new(value) }
    }

    /// Returns the value, or FORKED.
    pub(crate) fn get(&self) -> Result<&T, ProbeError> {
        if self.is_ours() { Ok(&self.value) } else { Err(forked(self.pid)) }
    }

    /// Returns whether this process made the value.
    pub(crate) fn is_ours(&self) -> bool {
        self.pid == std::process::id()
    }
}

impl<T> Drop for OfThisProcess<T> {
    fn drop(&mut self) {
        if self.is_ours() {
            // SAFETY: this is the only drop of the value, and nothing uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}

/// The error of using something that another process made.
pub(crate) fn forked(maker: u32) -> ProbeError {
    ProbeError::new(ErrorCode::Forked, format!("the probe was made in process {maker}, before a fork"))
        .with("made_in", maker)
        .hint("make a fresh probe in the child, or start the child with the method `spawn`")
}
