//! Which offsets were written under which leader epoch (KIP-101, KIP-320).

use kafka_protocol::ResponseError;

/// Says that a client knows no epoch.
pub(crate) const NO_EPOCH: i32 = -1;

/// The leader epochs of one log, each with the first offset written under it.
#[derive(Debug, Default)]
pub(super) struct Epochs(Vec<(i32, i64)>);

impl Epochs {
    /// Notes under which epoch a batch was written.
    pub(super) fn written(&mut self, epoch: i32, offset: i64) {
        if self.0.last().is_none_or(|(last, _)| *last < epoch) {
            self.0.push((epoch, offset));
        }
    }

    /// Forgets the epochs that have no offset any more.
    pub(super) fn start_at(&mut self, start: i64) {
        let first = self.0.partition_point(|(_, from)| *from <= start).saturating_sub(1);
        self.0.drain(..first);
        if let Some((_, from)) = self.0.first_mut() {
            *from = start.max(*from);
        }
    }

    /// Returns the epoch under which an offset was written, or else `current`.
    pub(super) fn at(&self, offset: i64, current: i32) -> i32 {
        let after = self.0.partition_point(|(_, from)| *from <= offset);
        after.checked_sub(1).map_or(current, |index| self.0[index].0)
    }

    /// Returns the largest epoch up to the one asked for, and the offset after its last record; none for an
    /// epoch that is newer than the leader's. `end` is the end of the log.
    pub(super) fn end_of(&self, asked: i32, current: i32, end: i64) -> Option<(i32, i64)> {
        if asked == NO_EPOCH || asked > current {
            return None;
        }
        if asked == current {
            return Some((current, end));
        }
        let after = self.0.partition_point(|(epoch, _)| *epoch <= asked);
        let next = self.0.get(after).map_or(end, |(_, from)| *from);
        let epoch = after.checked_sub(1).map_or(asked, |index| self.0[index].0);
        Some((epoch, next))
    }
}

/// Checks the leader epoch that a client knows against the leader's.
pub(crate) fn check(known: i32, current: i32) -> Result<(), ResponseError> {
    match known {
        NO_EPOCH => Ok(()),
        known if known < current => Err(ResponseError::FencedLeaderEpoch),
        known if known > current => Err(ResponseError::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}
