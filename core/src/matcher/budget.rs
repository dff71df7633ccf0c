//! How much work one comparison may be.

use std::cell::Cell;

/// Steps that are left. A step is about one value looked at, so a comparison ends within a fraction
/// of a second whatever the expression and whatever the event.
pub(super) struct Budget(Cell<u64>);

impl Budget {
    pub(super) fn new() -> Self {
        const STEPS: u64 = 2_000_000;
        Self(Cell::new(STEPS))
    }

    /// Returns another one with the steps that are left, for what may be done twice.
    pub(super) fn again(&self) -> Self {
        Self(self.0.clone())
    }

    /// Takes steps; returns whether there were enough. Once there were not, there never are again.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.0.get().saturating_sub(steps as u64);
        self.0.set(left);
        left > 0
    }

    /// Takes the steps that looking through a text is.
    pub(super) fn spend_on(&self, text: &str) -> bool {
        self.spend(1 + text.len() / 64)
    }

    /// Returns whether nothing that was found out since can be relied on.
    pub(super) fn is_exhausted(&self) -> bool {
        self.0.get() == 0
    }
}
